"""The default model as it was in its calibration study, with one pool of CaMKII."""

from __future__ import annotations

from typing import ClassVar

import pytest

from plasticity_sim.measures import at_measure
from plasticity_sim.simulation import simulate

MODEL = "ca1_spine_one_pool"
AT_45_MIN = "follow_up: {duration: 60 min}\nrecord: [{every: 60 s}]\nmeasure: {at: 45 min}\n"


@pytest.fixture
def strength(tmp_path):
    """Return a function from a protocol's text to the strengths in %."""

    def run(protocol: str, **values: str):
        path = tmp_path / "protocol.yaml"
        path.write_text(f"format: 1\ntitle: A test\n{protocol}", "utf-8")
        return at_measure(simulate(MODEL, str(path), **values))

    return run


def trains(rates: str) -> str:
    return f"induction:\n  - pre: [{{count: 900, rate: [{rates}]}}]\n{AT_45_MIN}"


def pairs(lags: str, spikes: int) -> str:
    return (
        "stimulation: single\ninduction:\n  - pre: [{name: pairs, count: 100, rate: 5 Hz}]\n"
        f"    post: {{lag: [{lags}], burst: {{count: {spikes}, rate: 100 Hz}}}}\n{AT_45_MIN}"
    )


@pytest.mark.long
class TestTheStudy:
    """The calibration study had less magnesium and fewer NMDA receptors; otherwise it is the model.

    Its strengths, from a program of its own, come out within one point of the baseline.
    """

    VALUES: ClassVar = {
        "mg_out": "1 mM", "g_nmda": "0.502 nS", "g_nmda_field": "14.7 nS", "v_bap": "67 mV"
    }  # fmt: skip

    def test_frequencies(self, strength):
        found = strength(trains("0.5 Hz, 1 Hz, 3 Hz, 10 Hz, 30 Hz, 50 Hz"), **self.VALUES)
        expected = [82.78, 77.03, 70.81, 97.48, 142.05, 154.34]
        assert found.to_numpy() == pytest.approx(expected, abs=1)

    @pytest.mark.parametrize(
        ("pre", "expected"),
        [
            ("{count: 100, rate: 100 Hz}", 141.66),
            ("{count: 10, rate: 5 Hz}, {count: 4, rate: 100 Hz}", 154.97),
            ("{count: 3, interval: 5 min}, {count: 100, rate: 100 Hz}", 154.32),
        ],
        ids=["tetanus", "theta burst", "three tetani"],
    )
    def test_potentiation(self, strength, pre, expected):
        found = strength(f"induction:\n  - pre: [{pre}]\n{AT_45_MIN}", **self.VALUES)
        assert float(found) == pytest.approx(expected, abs=1)

    @pytest.mark.parametrize(
        ("spikes", "expected"),
        [
            (1, [91.9, 94.3, 92.3, 90.0, 79.5, 94.4, 94.8, 88.8, 85.6]),
            (2, [79.4, 85.2, 79.4, 75.4, 119.5, 127.3, 116.1, 104.1, 81.3]),
        ],
    )
    def test_spike_timing(self, strength, spikes, expected):
        lags = "-100 ms, -50 ms, -20 ms, -10 ms, 0 ms, 10 ms, 20 ms, 30 ms, 50 ms"
        found = strength(pairs(lags, spikes), **self.VALUES)
        assert found.to_numpy() == pytest.approx(expected, abs=1)
