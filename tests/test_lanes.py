"""The adaptive engine against closed forms and the independent solver: values, peaks, samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.engine.batch import Batch, Setting
from plasticity_sim.engine.lanes import run_lanes
from plasticity_sim.engine.reference import run_reference
from plasticity_sim.simulation.lanes import plan

PAIRS = """
format: 1
title: three pairs
induction: [{pre: [{count: 3, rate: 20 Hz}], post: {lag: [-10 ms, 10 ms]}}]
follow_up: {duration: 300 ms}
record: [{every: 5 ms}]
"""
TAU_S, TAU_X = 10e-3, 2e-3  # of 'eventful'


@pytest.fixture(scope="module")
def eventful(own_model):
    return ps.load_model(own_model("eventful"))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Return the batch of the shipped model under three spike pairs."""
    path = tmp_path_factory.mktemp("protocols") / "pairs.yaml"
    path.write_text(PAIRS)
    model = ps.load_model("graupner_brunel_2007")
    return plan(model, ps.load_protocol(str(path)), synapses=1, seed=0).batch


def transient(times):
    """Return x after one spike at time 0: the difference of two exponentials."""
    times = np.maximum(times, 0)
    size = TAU_S / (TAU_S - TAU_X)
    return size * (np.exp(-times / TAU_S) - np.exp(-times / TAU_X))


def relative_errors(batch, rtol, expected, target=None):
    """Return the largest error of each observed variable, as a share of its largest value."""
    found = run_lanes(batch, rtol, target=target).samples
    return {
        name: np.nanmax(np.abs(found[name] - values)) / np.nanmax(np.abs(values))
        for name, values in expected.samples.items()
    }


def order(tolerances, errors):
    """Return the power of the tolerance that the errors fall with."""
    return np.polyfit(np.log10(tolerances), np.log10(errors), 1)[0]


def test_the_error_of_a_published_model_falls_with_its_tolerance(published):
    expected = run_reference(published, 1e-10)
    tolerances = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7]
    errors = [relative_errors(published, rtol, expected) for rtol in tolerances]
    for name in ("v", "ca", "camkii_active", "pp1_active", "i1p", "w"):
        own = [found[name] for found in errors]
        assert order(tolerances, own) == pytest.approx(1, abs=0.3), name
        assert all(e < 2 * rtol for e, rtol in zip(own, tolerances, strict=True)), name


def test_the_error_of_a_smooth_model_falls_with_its_tolerance(own_model, lane):
    model = ps.load_model(own_model("leaky"))
    times = [5e-3, 20e-3, 40e-3]  # far apart, so that the tolerance and no sample sets the steps
    batch = Batch(model, (lane(model, 0.06, times, pre=[1e-3], post=[6e-3]),), ("g", "v", "ca"))
    expected = run_reference(batch, 1e-12)
    tolerances = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7]
    errors = [max(relative_errors(batch, r, expected, "numpy").values()) for r in tolerances]
    assert order(tolerances, errors) == pytest.approx(1, abs=0.1)
    assert errors[0] < 1e-3


@pytest.mark.parametrize("method", ["rodas4", "rodas4p", "rodas5p"])
def test_every_method_comes_to_the_same_values(eventful, lane, method):
    batch = Batch(eventful, (lane(eventful, 0.05, [5e-3, 20e-3, 50e-3], pre=[0]),), ("s", "x"))
    found = run_lanes(batch, 1e-7, method, target="numpy").samples
    assert found["x"][0] == pytest.approx(transient(batch.lanes[0].samples), rel=1e-5)


@pytest.mark.parametrize("rtol", [1e-2, 1e-3, 1e-4])
def test_peaks_are_right_whatever_the_tolerance(eventful, lane, rtol):
    # with and without a sample near the peak, and with the second spike on the slope of the first
    lanes = (
        lane(eventful, 0.06, [0.06], pre=[1e-3]),
        lane(eventful, 0.06, np.arange(0, 0.06, 1e-3), pre=[1e-3]),
        lane(eventful, 0.06, [0.06], pre=[1e-3, 3e-3]),
    )
    found = run_lanes(Batch(eventful, lanes, ("x",), ("x", "product", "s")), rtol, target="numpy")
    times = np.linspace(0, 0.06, 600_001)
    s = np.where(times >= 1e-3, np.exp(-(times - 1e-3) / TAU_S), 0)
    x = transient(times - 1e-3)
    later_s = s + np.where(times >= 3e-3, np.exp(-(times - 3e-3) / TAU_S), 0)
    later_x = x + transient(times - 3e-3)
    tops = {
        "x": [x.max(), x.max(), later_x.max()],
        "product": [(s * x).max(), (s * x).max(), (later_s * later_x).max()],
        "s": [1, 1, later_s.max()],
    }
    for name, expected in tops.items():
        assert found.peaks[name] == pytest.approx(expected, rel=1e-3), name


def test_what_changes_at_events_alone_has_a_peak_too(eventful, lane):
    lanes = (
        lane(eventful, 0.02, [0.02], post=[5e-3, 6e-3, 15e-3]),
        lane(eventful, 0.02, [0.02], settings=[Setting(0.01, {"base": 1.0, "tau_s": 1e-3})]),
    )
    peaks = run_lanes(Batch(eventful, lanes, (), ("pulse", "load", "ratio")), target="numpy").peaks
    assert peaks["pulse"].tolist() == [2, 0]  # two pulses of 3 ms overlap
    assert peaks["load"].tolist() == [-1, -1]
    assert peaks["ratio"] == pytest.approx([-5, -0.5])  # -tau_s / tau_x


def test_samples_between_steps_lie_on_the_curve(eventful, lane):
    irregular = np.concatenate([[0, 1e-3], np.linspace(2e-3, 9e-3, 7), [0.0101, 0.03, 0.05]])
    lanes = [lane(eventful, 0.05, times, pre=[1e-3]) for times in
             (irregular, np.arange(0, 0.0501, 1e-4), [0.05])]  # fmt: skip
    found = run_lanes(Batch(eventful, tuple(lanes), ("x",)), 1e-5, target="numpy").samples["x"]
    for row, own in enumerate(lanes):
        expected = transient(own.samples - 1e-3)
        np.testing.assert_allclose(found[row, : own.samples.size], expected, atol=1e-5)
    ends = [found[row, own.samples.size - 1] for row, own in enumerate(lanes)]
    assert np.ptp(ends) < 1e-5
    assert np.isnan(found[0, irregular.size :]).all()


def test_a_sample_at_the_time_of_an_event_sees_what_it_did(eventful, lane):
    times = [0, 1e-2, np.nextafter(2e-2, 1), 3e-2]
    own = lane(eventful, 0.03, times, pre=[0, 1e-2, 2e-2, 3e-2])
    found = run_lanes(Batch(eventful, (own,), ("s", "x")), 1e-6, target="numpy").samples
    share = np.exp(-1e-2 / TAU_S)
    expected = [1, 1 + share, 1 + share * (1 + share), 1 + share * (1 + share * (1 + share))]
    assert found["s"][0] == pytest.approx(expected, rel=1e-6)


def test_the_first_and_the_last_moment_can_be_sampled(eventful, lane):
    lanes = (
        lane(eventful, 0.02, [-0.01, 0.02], start=-0.01, initial={"s": 2.0}),
        lane(eventful, 0.04, [0.02, 0.04], start=0.02, initial={"s": 3.0}),
    )
    found = run_lanes(Batch(eventful, lanes, ("s",)), 1e-6, target="numpy").samples["s"]
    expected = [[2, 2 * np.exp(-0.03 / TAU_S)], [3, 3 * np.exp(-0.02 / TAU_S)]]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_definitions_and_held_variables_are_sampled_as_they_are(eventful, lane):
    own = lane(eventful, 0.02, [0, 4e-3, 6e-3, 9e-3], pre=[0], post=[5e-3])
    names = ("product", "load", "ratio", "pulse")
    found = run_lanes(Batch(eventful, (own,), names), 1e-6, target="numpy").samples
    times = own.samples
    assert found["product"][0] == pytest.approx(np.exp(-times / TAU_S) * transient(times), rel=1e-5)
    assert found["pulse"][0].tolist() == [0, 0, 1, 0]
    assert found["load"][0].tolist() == [-3, -3, -2, -3]
    assert found["ratio"][0] == pytest.approx(-5)


def test_a_lane_may_be_sampled_never(eventful, lane):
    lanes = (lane(eventful, 0.02, pre=[0]), lane(eventful, 0.02, [0.01], pre=[0]))
    found = run_lanes(Batch(eventful, lanes, ("s",), ("s",)), target="numpy")
    assert np.isnan(found.samples["s"][0]).all()
    assert found.peaks["s"].tolist() == [1, 1]


def test_samples_of_a_response_that_fall_on_others_are_taken(own_model, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "format: 1\ntitle: responses\ninduction: [{pre: [{count: 1}]}]\n"
        "follow_up: {duration: 0.1 s, rate: 20 Hz}\nrecord: [{every: 1 ms}]\n"
    )
    model = ps.load_model(own_model("response"))
    batch = plan(model, ps.load_protocol(str(path)), synapses=1, seed=0).batch
    found = run_lanes(replace(batch, peaks=(), least=()), target="numpy").samples["v"]
    assert np.isfinite(found).all()


def test_names_may_end_in_pre_and_post(tmp_path, lane):
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "named.yaml").write_text(
        "format: 1\ntitle: named\nequations: |\n  dx_pre/dt = -x_pre / tau_post : 1\n"
        "on_pre: [{do: x_pre += step_pre}]\n"
        "parameters:\n  tau_post: {value: 10 ms, assumed: for a test}\n"
        "  step_pre: {value: 2, assumed: for a test}\n"
    )
    path = tmp_path / "named.yaml"
    path.write_text(
        "format: 1\ntitle: named\ncomponents: [named]\nreadout: x_pre\nobserve: [x_pre]\n"
        "integrator: rodas4\n"
    )
    model = ps.load_model(str(path))
    batch = Batch(model, (lane(model, 0.02, [0.02], pre=[0]),), ("x_pre",), ("x_pre",))
    found = run_lanes(batch, 1e-6, target="numpy")
    assert found.samples["x_pre"][0, 0] == pytest.approx(2 * np.exp(-2), rel=1e-5)
    assert found.peaks["x_pre"] == pytest.approx([2])
