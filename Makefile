# Any Python from 3.11 on: make demo PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# A process a processor; the programs that they compile are shared.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: demo test test-long fidelity lint mutation wheel schemas gallery bench clean

demo: $(VENV)/.installed
	$(BIN)/plasticity-sim run stdp_pairs --model graupner_brunel_2007 --plot demo.png

test: $(VENV)/.installed-test
	$(PYTEST) $(ARGS)

test-long: $(VENV)/.installed-test
	$(PYTEST) -m long $(ARGS)

fidelity: $(VENV)/.installed-test
	$(BIN)/python -m pytest tests/published -m "" --fidelity docs/fidelity.md $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

mutation: $(VENV)/.installed-dev
	$(BIN)/mutmut run $(ARGS)
	$(BIN)/mutmut results

wheel: $(VENV)/.installed-dev
	$(BIN)/python -m build

schemas: $(VENV)/.installed
	$(BIN)/python -m plasticity_sim.schemas

gallery: $(VENV)/.installed
	$(BIN)/plasticity-sim figure $(or $(ARGS),--all) --out figures/gallery

bench: $(VENV)/.installed .venv-bench/.installed
	$(BIN)/python -m benchmarks.run $(ARGS)

clean:
	rm -rf build dist mutants demo.png .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find plasticity_sim tests figures benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# One stamp for each set of packages; a new pyproject.toml makes them old.
$(VENV)/.installed: EXTRAS :=
$(VENV)/.installed-test: EXTRAS := [test]
$(VENV)/.installed-dev: EXTRAS := [dev]
$(VENV)/.installed $(VENV)/.installed-test $(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing plasticity-sim$(EXTRAS) into $(VENV) …"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(PIP) install --editable ".$(EXTRAS)"
	@touch $@

# The other simulators have an environment of their own.
.venv-bench/.installed: benchmarks/requirements.txt | $(BIN)/python
	@echo "Installing the simulators to compare with into .venv-bench …"
	@$(BIN)/python -m venv .venv-bench
	@.venv-bench/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c "import sys; v = sys.version_info; sys.exit(v < (3, 11) and \
	'plasticity-sim needs Python 3.11 or newer, and $(PYTHON) is %d.%d; name another: make PYTHON=python3.13' % v[:2] or 0)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
