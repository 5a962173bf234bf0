"""What `simulate` promises: labels, units, strengths, drugs, baths, populations, provenance."""

from __future__ import annotations

import json

import numpy as np
import pytest
from brian2.units.fundamentalunits import DIMENSIONLESS

import plasticity_sim as ps
from plasticity_sim.changes import Change
from plasticity_sim.measures import at_measure, summary

REFERENCE = ps.Options(engine="reference")


def write(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text("format: 1\ntitle: own\n" + text)
    return str(path)


TETANUS = "induction: [{pre: [{count: 3, rate: 100 Hz}]}]\nfollow_up: {duration: 100 ms}\n"


def test_dimensions_are_the_axes_then_state_synapse_and_sample(own_model, tmp_path):
    protocol = write(tmp_path, TETANUS.replace("100 Hz", "[50 Hz, 100 Hz]"))
    data = ps.simulate(own_model("leaky"), protocol, options=REFERENCE, synapses=2)
    assert data["v"].dims == ("rate", "state", "synapse", "sample")
    assert data["rate"].to_numpy().tolist() == [50, 100]
    assert data["rate"].attrs["units"] == "Hz"
    assert data["v"].attrs["units"] == "mV"
    assert data["ca"].attrs["units"] == "uM"


def test_time_counts_from_the_first_and_from_the_last_pulse(own_model, tmp_path):
    data = ps.simulate(own_model("leaky"), write(tmp_path, TETANUS), options=REFERENCE)
    np.testing.assert_allclose(data["time"] - data["time_after"], 0.02, atol=1e-12)


def test_strength_is_the_weighted_mean_in_percent_of_the_baseline(own_model, tmp_path):
    protocol = write(tmp_path, "baseline: {duration: 1 s}\n" + TETANUS)
    data = ps.simulate(own_model("leaky"), protocol, options=REFERENCE)
    w = data["w"].isel(synapse=0)
    base = w.where(data["time"] < 0).mean("sample")
    mean = 0.75 * w.sel(state="one") + 0.25 * w.sel(state="other")
    expected = 100 * mean / (0.75 * base.sel(state="one") + 0.25 * base.sel(state="other"))
    np.testing.assert_allclose(data["strength"], expected, rtol=1e-12)


def test_states_settle_before_the_protocol_begins(own_model, tmp_path):
    data = ps.simulate(own_model("leaky"), write(tmp_path, TETANUS), options=REFERENCE)
    # a <-> b at 0.2 and 0.6 per second: a quarter of the total is b
    ends = {"one": 1 + 0.25 * 2, "other": 1 + 0.25 * 1}
    for state, w in ends.items():
        first = data["w"].sel(state=state).isel(synapse=0, sample=0)
        assert float(first) == pytest.approx(w, rel=1e-9)


def test_a_drug_acts_from_its_window_on_and_washes_out(own_model, tmp_path):
    drug = "drugs: [{name: blocker, from: induction - 1 s, until: induction + 5 ms}]\n"
    with_drug = ps.simulate(own_model("leaky"), write(tmp_path, TETANUS + drug), options=REFERENCE)
    lane = with_drug["g"].isel(state=0, synapse=0)
    assert float(lane.where(with_drug["time"] < 0.0099).max()) == 0
    assert float(lane.max()) > 0.1


def test_a_dose_at_half_effect_halves_the_factor(own_model, tmp_path):
    peaks = []
    for drugs in ("[]", "[{name: partial, dose: 10 uM}]"):
        protocol = write(tmp_path, TETANUS + f"drugs: {drugs}\n")
        data = ps.simulate(own_model("leaky"), protocol, options=REFERENCE)
        peaks.append(float(data["peak_g"].max()))
    assert peaks[1] / peaks[0] == pytest.approx(0.5, rel=1e-6)


def test_a_dose_without_known_half_effect_is_refused(own_model, tmp_path):
    protocol = write(tmp_path, TETANUS + "drugs: [{name: blocker, dose: 10 uM}]\n")
    with pytest.raises(ps.InputError, match="'blocker' has no dose of half effect"):
        ps.simulate(own_model("leaky"), protocol, options=REFERENCE)


@pytest.mark.parametrize("effect", ["set: [{k_ca: x 1e305}]", "set: [{k_ca: x -1e305}]"])
def test_a_factor_that_leaves_no_number_is_refused(cli, own_model, tmp_path, effect):
    protocol = write(tmp_path, TETANUS + effect + "\n")
    code, _, said = cli("run", protocol, "--model", own_model("leaky"), "--engine", "reference")
    assert code == 2
    assert "1e305' makes a value that is not finite" in said
    assert said.count("\n") == 1


def test_a_factor_that_leaves_one_synapse_without_a_number_is_refused():
    of_synapses = np.array([1.0, 20.0])
    assert list(Change("x 1e306").applied(of_synapses, DIMENSIONLESS)) == [1e306, 2e307]
    with pytest.raises(ps.InputError, match="'x 1e307' makes a value that is not finite"):
        Change("x 1e307").applied(of_synapses, DIMENSIONLESS)


def test_an_unknown_drug_gets_the_nearest_name(own_model, tmp_path):
    protocol = write(tmp_path, TETANUS + "drugs: [bloker]\n")
    with pytest.raises(ps.InputError, match="does not know the drug 'bloker'; did you mean"):
        ps.simulate(own_model("leaky"), protocol, options=REFERENCE)


def test_what_the_model_lacks_of_the_bath_is_told(own_model, tmp_path):
    bath = "bath: {e_leak: -60 mV, temperature: 35 degC}\nstimulation: field\n"
    data = ps.simulate(own_model("leaky"), write(tmp_path, TETANUS + bath), options=REFERENCE)
    assert json.loads(data.attrs["not_modelled"]) == ["temperature", "stimulation"]
    assert float(data["v"].isel(state=0, synapse=0, sample=0)) == pytest.approx(-60, abs=1e-6)


def test_holding_a_state_that_is_not_clampable_is_refused(own_model, tmp_path):
    protocol = write(tmp_path, TETANUS + "set: [{g: 1 nS}]\n")
    with pytest.raises(ps.InputError, match="'g' is no parameter or clampable state of 'leaky'"):
        ps.simulate(own_model("leaky"), protocol, options=REFERENCE)


def test_a_clamp_from_the_start_holds_and_settles_there(own_model, tmp_path):
    protocol = write(tmp_path, TETANUS + "set: [{v: 40 mV}]\n")
    data = ps.simulate(own_model("leaky"), protocol, options=REFERENCE)
    assert np.allclose(data["v"], 40)


def test_a_state_held_at_several_values_is_an_axis_and_seen_too(own_model, tmp_path):
    protocol = write(tmp_path, TETANUS + "set: [{v: [-40 mV, 40 mV]}]\n")
    data = ps.simulate(own_model("leaky"), protocol, options=REFERENCE)
    assert list(data["set.v"].to_numpy()) == [-40, 40]
    for held in (-40, 40):
        assert np.allclose(data["v"].sel({"set.v": held}), held)


def test_spikes_that_the_model_does_not_take_are_refused(own_model, own_protocol):
    with pytest.raises(ps.InputError, match="gives postsynaptic spikes, which model 'diffusion'"):
        ps.simulate(own_model("diffusion"), own_protocol("two_pulses"))


def test_a_population_has_the_quantiles_of_its_distribution(own_model, tmp_path):
    data = ps.simulate(own_model("leaky"), write(tmp_path, TETANUS), options=REFERENCE, synapses=5)
    g = data["g"].isel(state=0).max("sample").to_numpy()
    logs = np.log(g / g[2])
    assert np.all(np.diff(g) > 0)
    quantiles = np.array([-1.28155, -0.52440, 0, 0.52440, 1.28155])
    assert logs == pytest.approx(0.5 * quantiles, abs=1e-4)


def test_the_response_to_test_pulses_can_be_the_readout(own_model, tmp_path):
    text = (
        "baseline: {duration: 1 s, rate: 5 Hz}\n" + TETANUS.replace("100 ms", "1 s, rate: 5 Hz")
        + "set: [{g_step: x 0.5, from: end + 50 ms}]\n"
    )  # fmt: skip
    data = ps.simulate(own_model("response"), write(tmp_path, text), options=REFERENCE)
    strength = at_measure(data)
    assert float(data["strength"].where(data["time"] < 0).min()) == pytest.approx(100, abs=0.002)
    assert 50 < float(strength) < 60  # half the conductance, a little less saturation


def test_the_summary_tells_strength_states_peaks_and_trust(own_model, tmp_path):
    data = ps.simulate(own_model("leaky"), write(tmp_path, TETANUS), options=REFERENCE, synapses=3)
    found = summary(data, 1.0, "0")
    row = found["conditions"][0]
    assert row["strength_percent"] == pytest.approx(100, rel=1e-9)
    assert set(row["states"]) == {"one", "other"}
    assert row["n"] == 3
    assert row["peak"]["ca"]["unit"] == "uM"
    assert found["trust"]["conservation_drift"] < 1e-9
    assert found["trust"]["failures"] == []


def test_the_same_inputs_have_the_same_hash_and_others_another(own_model, tmp_path):
    def hash_of(**values):
        protocol = write(tmp_path, TETANUS)
        data = ps.simulate(own_model("leaky"), protocol, options=REFERENCE, **values)
        return data.attrs["content_hash"]

    assert hash_of() == hash_of()
    assert hash_of() != hash_of(g_step="1 nS")
    assert hash_of() != hash_of(seed=1)


def test_values_reach_the_model_and_settings_the_protocol(own_model, tmp_path):
    protocol = write(tmp_path, TETANUS)
    values = {"e_leak": "-65 mV", "rate": "20 Hz"}
    data = ps.simulate(own_model("leaky"), protocol, options=REFERENCE, **values)
    assert float(data["last_pulse"]) == pytest.approx(0.1)
    assert float(data["v"].isel(state=0, synapse=0, sample=0)) == pytest.approx(-65, abs=1e-6)


def test_the_independent_check_finds_a_small_change(own_model, tmp_path):
    options = ps.Options(target="numpy", check=True)
    data = ps.simulate(own_model("leaky"), write(tmp_path, TETANUS), options=options)
    assert 0 <= json.loads(data.attrs["trust"])["reference_change"] < 1e-6


def test_a_model_s_own_tolerance_is_its_default(own_model):
    usual, own = ps.load_model(own_model("eventful")), ps.load_model("shouval_2002")
    assert ps.Options().resolved(usual).rtol == 1e-4
    assert ps.Options().resolved(own).rtol == own.integrator.rtol == 1e-5
    assert ps.Options(rtol=1e-3).resolved(own).rtol == 1e-3
    assert REFERENCE.resolved(own).rtol == 1e-8
    data = ps.simulate(own, "single_pair", options=ps.Options(target="numpy"))
    assert data.attrs["tolerance"] == 1e-5
