"""What the benchmarks compare: the same equations for every simulator, and a strict judge."""

from __future__ import annotations

import json
from dataclasses import replace
from math import exp

import numpy as np
import pytest

from benchmarks.cases import CASES, model_of
from benchmarks.matching import Answer, Judge, Measured, best
from benchmarks.peers.problem import Problem
from benchmarks.report import Result, measurements
from benchmarks.task import COUNTER, batch_of, task_of
from plasticity_sim.engine.reference import run_reference
from plasticity_sim.engine.righthand import right_hand_side

CASCADE, GRAUPNER = CASES[0], CASES[2]

# state -> its name in the formulas below and the size of their unit in SI: mV, uM, s
UNITS = {
    "rise_ampa": ("sAr", 1), "fall_ampa": ("sAd", 1), "rise_nmda": ("sNr", 1),
    "fall_nmda": ("sNd", 1), "fall_bap": ("b1", 1), "rise_bap": ("b2", 1), "v": ("Vs", 1e-3),
    "v_dendrite": ("Vd", 1e-3), "m_cal": ("m", 1), "ca": ("Ca", 1e-3), "ca_bound": ("CaB", 1e-3),
    "cam": ("C", 1e-3), "p1": ("P1", 1), "p2": ("P2", 1), "p3": ("P3", 1), "p4": ("P4", 1),
    "p5": ("P5", 1), "p6": ("P6", 1), "i1p": ("I1", 1e-3), "pp1": ("D", 1e-3),
    "a_surface": ("As", 1), "a_synapse": ("Ap", 1),
}  # fmt: skip


def peak(rise, fall):
    """Return the largest difference of two exponentials that both begin at 1."""
    ratio = rise / fall
    return ratio ** (rise / (fall - rise)) - ratio ** (fall / (fall - rise))


def cascade(y):
    """Return the slopes of the test problem by hand: mV, uM, nS, pA, s."""
    (sAr, sAd, sNr, sNd, b1, b2, Vs, Vd, m, Ca, CaB, C,
     P1, P2, P3, P4, P5, P6, I1, D, As, Ap) = y  # fmt: skip
    conductance = 0.5 / peak(0.5, 3) * (sAd - sAr) * Ap / 0.12
    nmda = 0.6 / peak(5, 60) * (sNd - sNr) / (1 + exp(-0.062 * Vs) / 3.57)
    opened = 1 / (1 + exp(-(Vs + 20) / 6))
    l1, l2, l3, l4 = 0.1, 0.025, 0.32, 0.4
    loaded = Ca**4 + l4 * Ca**3 + l3 * l4 * Ca**2 + l2 * l3 * l4 * Ca + l1 * l2 * l3 * l4
    g = C / (0.1 + C)
    phosphates = P1 + 2 * P2 + 3 * P3 + 4 * P4 + 5 * P5 + 6 * P6
    off = 1000 * D / (0.4 + 33.3 * phosphates)
    v1 = 36 * g**2 * (1 - P1 - P2 - P3 - P4 - P5 - P6) - off * P1
    v2, v3 = 6 * g * P1 - 2 * off * P2, 9.6 * g * P2 - 3 * off * P3
    v4, v5 = 10.8 * g * P3 - 4 * off * P4, 9.6 * g * P4 - 5 * off * P5
    v6 = 6 * g * P5 - 6 * off * P6
    can, pka = 0.1 + 18 * C**3 / (C**3 + 0.053**3), 0.00359 + 100 * C**8 / (C**8 + 0.11**8)
    bind = 100 * Ca * (20 - CaB) - 500 * CaB
    free = -100 * I1 * D + 0.1 * (0.2 - D)
    trapped = (0.004 + 0.03 * phosphates / 6) * As - 0.01 * Ap
    exocytosis, endocytosis = 0.002 + 0.02 * phosphates / 6, 0.006 + 0.05 * D / 0.2
    return [
        -sAr / 0.0005, -sAd / 0.003, -sNr / 0.005, -sNd / 0.060, -b1 / 0.002, -b2 / 0.0005,
        1000 * (-(conductance + nmda) * Vs - 0.01 * (Vs + 70) - (Vs - Vd)) / 0.1,
        1000 * (-(Vd + 70) - (Vd - Vs) + 450 * (b1 - b2)) / 10,
        (opened - m) / 0.0008,
        (4 * nmda + 0.7 * m**2) * (120 - Vs) - (Ca - 0.1) / 0.005 - bind,
        bind,
        (0.1 * Ca**4 / loaded - C) / 0.002,
        v1 - v2, v2 - v3, v3 - v4, v4 - v5, v5 - v6, v6,
        free + pka - can * I1,
        free,
        exocytosis * (1 - As - Ap) - endocytosis * As - trapped,
        trapped,
    ]  # fmt: skip


STATES = [
    (0, 0, 0, 0, 0, 0, -70, -70, 0, 0.1, 0.4, 0.004, 0.01, 1e-4, 0, 0, 0, 0, 0.03, 0.006, 0.2, 0.1),
    (0.3, 0.8, 0.6, 1.9, 0.9, 0.2, -12, -25, 0.7, 6, 11, 0.09, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2,
     0.4, 0.01, 0.25, 0.3),
]  # fmt: skip


@pytest.fixture(scope="module")
def small():
    """Return a function from a case to its batch of one synapse, cut to its first two pulses."""

    def make(case):
        batch = batch_of(replace(case, synapses=1))
        [lane] = batch.lanes
        stop = 3.5
        cut = replace(
            lane, pre=lane.pre[:2], post=lane.post[:2], stop=stop, samples=np.array([2.5, stop])
        )
        return replace(batch, lanes=(cut,))

    return make


@pytest.fixture(scope="module")
def problem(small, tmp_path_factory):
    """Return a function from a case to the problem that the simulators read."""

    def make(case):
        path = tmp_path_factory.mktemp("tasks") / "task.json"
        path.write_text(json.dumps(task_of(case, small(case))))
        return Problem.read(path)

    return make


def test_the_test_problem_has_twenty_two_states():
    assert len(model_of(CASCADE).differential) == 22


@pytest.mark.parametrize("y", STATES, ids=["rest", "excited"])
def test_the_test_problem_follows_its_formulas_by_hand(y):
    model = model_of(CASCADE)
    sizes = [UNITS[name][1] for name in model.differential]
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    slopes = right_hand_side(model)(0.0, np.array(y) * sizes, values)
    np.testing.assert_allclose(np.array(slopes) / sizes, cascade(y), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("case", [CASCADE, GRAUPNER], ids=lambda case: case.model)
def test_the_simulators_get_the_equations_of_the_model(case, small, problem):
    batch, own = small(case), problem(case)
    [lane] = batch.lanes
    y = np.array([lane.initial[name] for name in own.states]) * 1.1 + 1e-5
    known = {**dict(zip(own.states, y, strict=True)), **lane.initial, **own.parameters(0)}
    known |= dict(zip(own.states, y, strict=True)) | {"exp": np.exp}
    for name, text in own.lines.items():
        known[name] = eval(text, {}, known)
    slopes = [eval(text, {}, known) for text in own.slopes.values()]
    right = right_hand_side(batch.model)(0.0, y, {**lane.parameters, **lane.initial})
    np.testing.assert_allclose(slopes, right, rtol=1e-9)


def test_the_simulators_get_every_pulse_at_its_time(problem):
    own = problem(GRAUPNER)
    assert own.task["pulses"] == 2
    assert [time for time, _ in own.agenda()] == pytest.approx([0, 1])


def test_every_pulse_is_counted(small):
    found = run_reference(small(GRAUPNER), rtol=1e-4)
    assert found.samples[COUNTER][0, -1] == 2


@pytest.mark.parametrize(
    ("weight", "pulses", "verdict"),
    [(1.00009, 900, True), (1.0002, 900, False), (1.0, 899, False), (float("nan"), 900, False)],
)
def test_a_row_passes_if_it_is_exact_and_loses_no_pulse(weight, pulses, verdict):
    right = {"7": {"checkpoint": {"w": 1.0}, "end": {"w": 1.0}}}
    judge = Judge(right, 900, "w", 1e-4, COUNTER)
    values = [{"w": weight, COUNTER: pulses}]
    row = judge.measured("any", Answer({}, 1.0, values, values), [7], (0.0, 0.0))
    assert judge.passes(row) is verdict


def test_the_table_of_the_figure_has_a_row_for_what_reached_the_error():
    reached = Measured(
        "peer", Answer({"variant": "restart", "rtol": 1e-4}, 0.0123456), 3, {"w": 4.84e-5}
    )
    none = Measured("other", Answer({"variant": "none reaches it"}), 0)
    rows = [("roadrunner", reached), ("lsoda", none)]
    heading, row = measurements([Result(CASCADE, 900, rows, {}, {})]).splitlines()
    assert heading == "model,protocol,synapses,judged,target,place,simulator,settings,seconds,error"
    assert row == (
        'cascade,pulses_1hz,512,w,0.0001,roadrunner,peer,"restart, rtol 1e-04",0.0123,4.8e-05'
    )


class Stepper:
    """A simulator at a fixed step: its error falls with its order, its time with the step."""

    name, version = "stepper", "1"

    def __init__(self):
        self.settings = [
            {"variant": name, "order": order, "dt": dt}
            for name, order in (("fine", 4), ("coarse", 1))
            for dt in (1.0, 0.1, 0.01, 0.001)
        ]
        self.asked = []

    def ask(self, settings, synapses, repeats):
        self.asked.append((settings["variant"], settings["dt"]))
        values = [{"w": 1.0 + settings["dt"] ** settings["order"], COUNTER: 900}]
        return Answer(settings, 1.0 / settings["dt"], values, values)


def test_a_step_that_would_have_to_be_far_too_small_is_not_tried():
    right = {"7": {"checkpoint": {"w": 1.0}, "end": {"w": 1.0}}}
    stepper = Stepper()
    found = best(stepper, Judge(right, 900, "w", 1e-3, COUNTER), [7], 1, lambda row: None)
    assert [row.answer.settings["dt"] for row in found.values()] == [0.1]
    # a first-order step of 0.001 would take 1000 s, and the other method takes 10
    assert stepper.asked == [("fine", 1.0), ("fine", 0.1), ("coarse", 1.0), ("fine", 0.1)]
