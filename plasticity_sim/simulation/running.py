"""How a simulation is carried out: by which engine, to which tolerance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from plasticity_sim.engine.batch import Batch, Outcome, Progress
from plasticity_sim.engine.fixed import run_fixed
from plasticity_sim.engine.lanes import METHOD, RTOL, run_lanes
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.model import Model

ENGINES = ("lanes", "fixed", "reference")
REFERENCE_RTOL = 1e-8


@dataclass(frozen=True)
class Options:
    """How a simulation is carried out, as opposed to what is simulated.

    Without an `engine` it is the one that the model's integrator asks for; without `rtol` the
    tolerance that the model asks for, or else the engine's own.
    """

    engine: str | None = None
    rtol: float | None = None
    target: str | None = None  # of Brian2; by default the fastest the machine has
    check: bool = False  # run at a tenth of the tolerance and with the independent solver too

    def __post_init__(self) -> None:
        if self.engine is not None and self.engine not in ENGINES:
            raise InputError(f"no engine '{self.engine}'; {suggestion(self.engine, ENGINES)}")
        if self.rtol is not None and not 1e-12 <= self.rtol <= 1e-2:
            raise InputError(f"rtol is {self.rtol:g}; give a value from 1e-12 to 1e-2")

    def resolved(self, model: Model) -> Options:
        """Return the options with engine and tolerance that `model` will be run with.

        Raises InputError where the engine cannot integrate the model.
        """
        method, dt = model.integrator.method, model.integrator.dt
        engine = self.engine or ("fixed" if dt else "lanes")
        if engine == "fixed" and dt is None:
            raise InputError(
                f"model '{model.name}' asks for {method}, which has no fixed step; "
                "write integrator: {method: rk4, dt: 0.02 ms}"
            )
        if engine == "fixed" and self.rtol is not None:
            raise InputError(f"rtol: model '{model.name}' runs at a fixed step, which has none")
        own = {"lanes": model.integrator.rtol or RTOL, "reference": REFERENCE_RTOL}.get(engine)
        return replace(self, engine=engine, rtol=self.rtol or own)


def run_batch(
    batch: Batch,
    options: Options,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Outcome:
    """Return what the engine that `options` name finds; `announce` is told what takes long."""
    integrator = batch.model.integrator
    if options.engine == "reference":
        # SciPy's solvers take a third of a second to import
        from plasticity_sim.engine.reference import run_reference

        return run_reference(batch, options.rtol or REFERENCE_RTOL, progress)
    if options.engine == "lanes":
        method = integrator.method if integrator.dt is None else METHOD
        rtol = options.rtol or integrator.rtol or RTOL
        return run_lanes(batch, rtol, method, options.target, progress, announce)
    assert integrator.dt is not None
    return run_fixed(batch, integrator.method, integrator.dt, options.target, progress, announce)
