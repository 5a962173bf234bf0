"""Magnesium block of NMDA receptors and receptors of two states, against their closed forms.

Every block of the form 1 / (1 + [Mg] / k exp(-V / v)) is the shipped component with two numbers;
the papers' own way of writing it stands in FORMS and is what the model is held to.
"""

from __future__ import annotations

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.library import find
from plasticity_sim.measures import at_measure

REFERENCE = ps.Options(engine="reference", rtol=1e-10)
DESTEXHE = "Destexhe et al. 1998, two-state kinetics in closed form"

VOLTAGES = (-80, -70, -60, -40, -20, 0, 20, 40)  # mV
TABLE = {
    "Jahr & Stevens 1990": (
        0.024425, 0.044471, 0.079626, 0.230155, 0.508141, 0.781182, 0.925018, 0.977080),
    "Ebner et al. 2019": (
        0.005897, 0.013029, 0.028542, 0.127035, 0.418865, 0.781182, 0.946473, 0.988711),
    "Vargas-Caballero & Robinson 2003, steady state": (
        0.007977, 0.016252, 0.032827, 0.125305, 0.376807, 0.718468, 0.915047, 0.978477),
    "Maex & De Schutter 1998": (
        0.013290, 0.024426, 0.044473, 0.138549, 0.357234, 0.657598, 0.869053, 0.958218),
    "Jahr & Stevens 1990, alternative": (
        0.005371, 0.013287, 0.032487, 0.172716, 0.564857, 0.889761, 0.980463, 0.996805),
}  # fmt: skip
FORMS = {  # [Mg] in mM and V in mV to the fraction that is free
    "Jahr & Stevens 1990": lambda mg, v: 1 / (1 + mg / 3.57 * np.exp(-0.062 * v)),
    "Ebner et al. 2019": lambda mg, v: 1 / (1 + mg / 3.57 * np.exp(-0.080 * v)),
    "Vargas-Caballero & Robinson 2003, steady state": lambda mg, v: (
        1 / (1 + mg / 2.552 * np.exp(-0.072 * v))
    ),
    "Maex & De Schutter 1998": lambda mg, v: 1 / (1 + 0.2801 * mg * np.exp(-0.062 * (v - 10))),
    "Jahr & Stevens 1990, alternative": lambda mg, v: (
        1 / (1 + mg / 9.888 * np.exp(0.09137 * (2.222 - v)))
    ),
}
MODELS = {  # model and what it takes to be this block
    "Jahr & Stevens 1990": ("nmda_block", {}),
    "Ebner et al. 2019": ("nmda_block", {"v_mg": f"{1 / 0.080!r} mV"}),
    "Vargas-Caballero & Robinson 2003, steady state": (
        "nmda_block", {"k_mg": "2.552 mM", "v_mg": f"{1 / 0.072!r} mV"}),
    "Maex & De Schutter 1998": ("maex_de_schutter_1998", {}),
    "Jahr & Stevens 1990, alternative": (
        "nmda_block",
        {"k_mg": f"{9.888 * np.exp(-0.09137 * 2.222):.17g} mM", "v_mg": f"{1 / 0.09137!r} mV"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function from a model and the lines of a protocol to its data."""
    path = tmp_path_factory.mktemp("receptors") / "own.yaml"

    def data(model, text, **values):
        path.write_text(f"format: 1\ntitle: own\n{text}")
        return ps.simulate(model, str(path), options=REFERENCE, **values)

    return data


@pytest.mark.parametrize("form", TABLE)
def test_the_free_fraction_over_voltage_to_the_last_digit(claim, run, form):
    model, values = MODELS[form]
    levels = ", ".join(f"{voltage} mV" for voltage in VOLTAGES)
    found = at_measure(
        run(model, f"follow_up: {{duration: 1 ms}}\nset: [{{v_hold: [{levels}]}}]\n", **values),
        "mg_unblock",
    )
    claim.number(
        f"free fraction at eight voltages in 1 mM, {form}", TABLE[form], np.squeeze(found),
        source=f"computed from the published equation, {form}", abs=5.01e-7,
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_free_fraction_over_magnesium(claim, run, form):
    model, values = MODELS[form]
    amounts = np.array([0.01, 0.3, 1, 1.5, 4])
    levels = ", ".join(f"{amount} mM" for amount in amounts)
    text = f"follow_up: {{duration: 1 ms}}\nset: [{{mg_out: [{levels}]}}]\n"
    found = at_measure(run(model, text, v_hold="-37 mV", **values), "mg_unblock")
    claim.number(
        f"free fraction at -37 mV in five concentrations, {form}", FORMS[form](amounts, -37),
        np.squeeze(found), source=f"published equation, {form}", rel=1e-9,
    )  # fmt: skip


ONE = "induction: [{pre: [{count: 1}]}]\nfollow_up: {duration: 60 ms}\n"
SAMPLED = ONE + "record: [{every: 1 ms}]\n"


def after_pulse(alpha, beta, glu=1.0):
    """Return the open fraction at the end of a 1-ms pulse, from rest (rates per ms)."""
    return alpha * glu / (alpha * glu + beta) * (1 - np.exp(-(alpha * glu + beta)))


def test_one_pulse_opens_the_published_fractions(claim, run):
    data = run("destexhe_1998", SAMPLED).isel(state=0, synapse=0)
    found = [float(data[name].isel(sample=1)) for name in ("s_ampa", "s_nmda")]
    claim.number(
        "AMPA and NMDA receptors bound after 1 mM for 1 ms", [0.617986, 0.069243], found,
        source=DESTEXHE, abs=5.01e-7,
    )  # fmt: skip
    later = [float(data[name].isel(sample=11)) for name in ("s_ampa", "s_nmda")]
    expected = [after_pulse(1.1, 0.19), after_pulse(0.072, 0.0066)] * np.exp([-1.9, -0.066])
    claim.number("and 10 ms later", expected, later, source=DESTEXHE, rel=1e-7)


def test_a_long_pulse_opens_the_steady_fraction(claim, run):
    text = "induction: [{pre: [{count: 1}]}]\nfollow_up: {duration: 1 s}\n"
    data = run("destexhe_1998", text, t_glu="2 s")
    found = [at_measure(data, name).item() for name in ("s_ampa", "s_nmda")]
    claim.number(
        "bound fractions in lasting glutamate of 1 mM", [0.852713, 0.916031], found,
        source=DESTEXHE, abs=5.01e-7,
    )  # fmt: skip


def test_currents_are_conductance_times_driving_force(claim, run):
    p = {name: one.value for name, one in ps.load_model("destexhe_1998").parameters.items()}
    data = run("destexhe_1998", SAMPLED, v_hold="-30 mV").isel(state=0, synapse=0, sample=1)
    free = FORMS["Jahr & Stevens 1990"](1, -30)
    expected = [0.617986 * p["g_ampa"] * -0.03e9, 0.069243 * p["g_nmda"] * free * -0.03e9]
    claim.number(
        "currents after one pulse at -30 mV", expected,
        [float(data["i_ampa"]), float(data["i_nmda"])], source=DESTEXHE, unit="nA", rel=1e-5,
    )  # fmt: skip


def test_the_block_is_lifted_in_a_fast_and_a_slow_fraction(claim, run):
    text = (
        "baseline: {duration: 1 ms}\nfollow_up: {duration: 120 ms}\n"
        "set: [{v_hold: 40 mV, from: 0 ms, until: 100 ms}]\n"
        "record: [{every: 0.5 ms, from: 0 ms}]\n"
    )
    data = run("vargas_caballero_robinson_2003", text).isel(state=0, synapse=0)
    time, free = 1e3 * data["time"].to_numpy(), data["mg_unblock"].to_numpy()
    before, after = FORMS["Vargas-Caballero & Robinson 2003, steady state"](1, np.array([-70, 40]))
    fast = 0.51 - 0.0028 * 40
    moments = np.array([0.5, 1, 2, 5, 10, 20, 50, 99])
    left = fast * np.exp(-moments / 0.68) + (1 - fast) * np.exp(-moments / 22.7)
    found = np.interp(moments, time, free)
    claim.number(
        "free fraction after a step from -70 to 40 mV, eight moments",
        after - (after - before) * left, found,
        source="Vargas-Caballero & Robinson 2003, two fractions in closed form", rel=1e-6,
    )  # fmt: skip
    assert free[time > 101.5] == pytest.approx(before, rel=1e-3)  # blocked again at once


def test_glun2b_opens_less_and_closes_more_slowly_than_glun2a(claim, run):
    data = run("dainauskas_2023_nmda", SAMPLED).isel(state=0, synapse=0)
    both = [data[name].to_numpy() for name in ("s_2a", "s_2b")]
    expected = [after_pulse(0.5, 0.024), after_pulse(0.1, 0.0075)]
    source = "Dainauskas et al. 2023, two-state kinetics in closed form"
    claim.number(
        "bound fractions after one pulse, GluN2A and GluN2B", expected,
        [one[1] for one in both], source=source, rel=1e-7,
    )  # fmt: skip
    claim.number(
        "time constants of closing", [1 / 0.024, 1 / 0.0075],
        [49 / np.log(one[1] / one[50]) for one in both], source=source, unit="ms", rel=1e-6,
    )  # fmt: skip


def test_ifenprodil_takes_four_fifths_of_the_glun2b_current(run):
    drug = "drugs: [{name: ifenprodil, from: start, until: end + 50 ms}]\n"
    plain, drugged = (run("dainauskas_2023_nmda", SAMPLED + text) for text in ("", drug))
    current = [one.isel(state=0, synapse=0, sample=1) for one in (plain, drugged)]
    s_2a, s_2b = (float(current[0][name]) for name in ("s_2a", "s_2b"))
    ratio = float(current[1]["i_nmda"] / current[0]["i_nmda"])
    assert ratio == pytest.approx((s_2a + 0.2 * s_2b) / (s_2a + s_2b), rel=1e-9)


VARIANTS = ("nmda_two_state", "nmda_slow_unblock", "nmda_two_subunits", "nmda_block_in_every_state",
            "nmda_trapping_block")  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_takes_the_place_of_the_receptor_in_a_model(run, tmp_path, variant):
    text = find("models", "graupner_brunel_2007").read_text("utf-8")
    text = text.replace(" nmda,", f" glutamate_pulse, {variant},").replace(
        "v, ca,", "i_nmda, v, ca,"
    )
    text = "\n".join(line for line in text.split("\n") if "apv:" not in line)
    path = tmp_path / "replaced.yaml"
    path.write_text(text)
    data = run(str(path), ONE).isel(synapse=0).sel(state="down")
    # at rest the current is inward and brings calcium
    assert float(data["i_nmda"].min()) < -1e-6
    assert float(data["peak_ca"]) > 1.001 * float(data["ca"].isel(sample=0))
