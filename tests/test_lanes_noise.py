"""White noise at the adaptive engine's own steps: what it gives, and where it is refused."""

from __future__ import annotations

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.engine import build

MODEL = """
format: 1
title: own
components: [own]
readout: x
observe: [x, gate]
integrator: rodas4
"""
COMPONENT = """
format: 1
title: Diffusion behind a gate that each pulse opens for a while
equations: |
  dgate/dt = -gate / tau_gate : 1
  opened = int(gate > 0.5) : 1
  dx/dt = -leak * x + 2 * sqrt(opened / slow) * xi : 1
on_pre:
  - do: gate = 1
parameters:
  tau_gate: {value: 10 ms, assumed: for a test}
  leak: {value: 0 Hz, assumed: for a test}
  slow: {value: 1 s, assumed: for a test}
"""
NUMPY = ps.Options(target="numpy")


@pytest.fixture
def gated(tmp_path):
    """Return the path of the model, with a piece of the component's text replaced."""

    def write(old="", new=""):
        assert old in COMPONENT
        (tmp_path / "components").mkdir(exist_ok=True)
        text = COMPONENT.replace(old, new, 1) if old else COMPONENT
        (tmp_path / "components" / "own.yaml").write_text(text)
        (tmp_path / "own.yaml").write_text(MODEL)
        return str(tmp_path / "own.yaml")

    return write


def test_noise_lasts_from_the_pulse_to_the_crossing(gated, own_protocol):
    data = ps.simulate(
        gated(), own_protocol("two_pulses_pre"), synapses=4000, seed=1, options=NUMPY
    )
    x = data["x"].squeeze().isel(sample=-1)
    variance = 2**2 * 2 * 0.01 * np.log(2)  # two pulses, each open for tau_gate ln 2
    assert float(x.var()) == pytest.approx(variance, rel=4 * np.sqrt(2 / 4000))
    assert abs(float(x.mean())) < 4 * np.sqrt(variance / 4000)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2 * sqrt", "gate * sqrt", "the noise of 'x' depends on 'gate'"),
        ("2 * sqrt", "(1 + x) * sqrt", "the noise of 'x' depends on 'x'"),
        ("* xi :", "* xi**2 * sqrt(slow) :", "the noise of 'x' depends on 'xi'"),
        ("parameters:", "threshold: x > 1\non_spike:\n  - do: x = 0\nparameters:",
         "the threshold depends on 'x', which is noisy"),
    ],
)  # fmt: skip
def test_noise_that_needs_a_fixed_step_is_refused(gated, own_protocol, old, new, message):
    with pytest.raises(ps.InputError, match=f"{message}.*; write integrator: "):
        ps.simulate(gated(old, new), own_protocol("two_pulses_pre"), options=NUMPY)


def test_a_comparison_may_read_what_is_noisy(gated, own_protocol):
    model = gated("opened = int", "late : 1\n  dpassed/dt = int(x > 0) / slow : 1\n  opened = int")
    data = ps.simulate(model, own_protocol("two_pulses_pre"), synapses=1000, seed=2)
    x = data["x"].squeeze().isel(sample=-1)
    assert float((x > 0).mean()) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(1000))


def test_a_noisy_path_is_the_same_compiled_and_interpreted_alone_and_in_company(own_protocol):
    if build.compiler() is None:
        pytest.skip("this machine has no C++ compiler")

    def rho(synapses, target):
        data = ps.simulate(
            "graupner_brunel_2012_dp", own_protocol("pairs_of_2012"), synapses=synapses, seed=1,
            lag="10 ms", options=ps.Options(target=target), **{"pairs.count": "3"},
        )  # fmt: skip
        return data["rho"].squeeze().transpose("synapse", "state", "sample").to_numpy()

    many, few, interpreted = rho(30, "cpp_standalone"), rho(3, None), rho(3, "numpy")
    assert (many[:3] == few).all()
    np.testing.assert_allclose(interpreted, few, rtol=1e-9, atol=1e-12)
    assert np.unique(few[:, 0, -1]).size == 3
