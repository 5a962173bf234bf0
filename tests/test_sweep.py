"""Sweeps: which points there are, what each of them gives, and how that is drawn."""

from __future__ import annotations

import csv
import shutil

import matplotlib as mpl
import numpy as np
import pytest
from own_sweeps import ESCAPE, HERE, PULSES, SWEEP, bits, swept
from own_sweeps import here as here

import plasticity_sim as ps
from plasticity_sim.simulation import Options
from plasticity_sim.simulation.points import Point, simulate_points
from plasticity_sim.sweep.design import grid, sample
from plasticity_sim.sweep.keeping import kept_points
from plasticity_sim.sweep.plotting import draw_sweep

mpl.use("Agg")


def test_combinations_change_fastest_in_the_last_axis():
    design = grid(["a=1,2 mV", "b=0:1:3"])
    assert [tuple(design.values(n).values()) for n in range(design.count)] == [
        ("1 mV", "0"), ("1 mV", "0.5"), ("1 mV", "1"),
        ("2 mV", "0"), ("2 mV", "0.5"), ("2 mV", "1"),
    ]  # fmt: skip


def test_a_latin_hypercube_has_one_point_in_each_stratum_of_every_span():
    design = sample(["a=10:20 mV", "b=1:1000 Hz log"], "latin-hypercube", 30, seed=3)
    linear = (np.array(design.axes[0].coordinate) - 10) / 10
    decades = np.log10(design.axes[1].coordinate) / 3
    for shares in (linear, decades):
        assert sorted((shares * 30).astype(int)) == list(range(30))


def test_a_sobol_sample_fills_every_quarter_of_the_plane_equally():
    design = sample(["a=0:1", "b=0:1"], "sobol", 64, seed=0)
    x, y = (np.array(axis.coordinate) > 0.5 for axis in design.axes)
    assert [(x & y).sum(), (x & ~y).sum(), (~x & y).sum(), (~x & ~y).sum()] == [16] * 4


def test_the_seed_decides_the_sample():
    first, again, other = (
        sample(["a=0:1"], "latin-hypercube", 8, seed=seed).digest for seed in (1, 1, 2)
    )
    assert first == again != other


def test_every_point_has_the_bits_that_it_has_by_itself():
    data = swept("kick=0.2,0.4,0.6", "pulses.rate=50,100 Hz", "rate=10,100 Hz")
    for kick in (0.2, 0.6):
        for pulses, rate in ((50, 10), (100, 100)):
            alone = ps.simulate(ESCAPE, PULSES, kick=str(kick), rate=f"{rate} Hz",
                                **{"pulses.rate": f"{pulses} Hz"})  # fmt: skip
            here = data.sel({"kick": kick, "pulses.rate": pulses, "rate": rate})
            assert float(here.strength) == float(ps_strength(alone))
            assert here.peak_x.to_numpy() == alone.peak_x.to_numpy()


def ps_strength(data):
    from plasticity_sim.measures import at_measure

    return at_measure(data)


@pytest.mark.long  # each exponent is compiled
def test_a_swept_exponent_has_the_bits_that_each_value_has_by_itself():
    data = swept("n=1,2,2.5,3", "kick=0.3,0.6")
    for n in (1, 2, 2.5, 3):
        alone = ps.simulate(ESCAPE, PULSES, n=str(n), kick="0.6")
        assert float(data.strength.sel(n=n, kick=0.6)) == float(ps_strength(alone))


def test_bits_do_not_depend_on_what_else_is_simulated_together():
    model, protocol = ps.load_model(ESCAPE), ps.load_protocol(PULSES)
    points = [Point(n, model.with_values(kick=f"{0.1 * n}"), protocol) for n in range(1, 7)]
    options = Options().resolved(model)
    [whole] = simulate_points(points, 2, 0, options)
    [part] = simulate_points(points[3:5], 2, 0, options)
    assert bits(whole.data.isel(point=[3, 4])) == bits(part.data)


def test_random_numbers_derive_from_the_point_and_the_lane():
    from plasticity_sim.simulation.lanes import plan

    model, protocol = ps.load_model(ESCAPE), ps.load_protocol(PULSES)
    seeds = [
        {lane.seed for lane in plan(model, protocol, 3, 0, place=(point,)).batch.lanes}
        for point in (5, 6, 5)
    ]
    assert seeds[0] == seeds[2]
    assert len(seeds[0]) == 3
    assert not seeds[0] & seeds[1]


def test_a_failed_lane_is_told_with_its_values_and_the_others_go_on(cli):
    code, out, err = cli(*SWEEP, "--over", "kick=0.1,0.2,3,0.4,5,0.3", "--out", "out")
    assert code == 1
    assert "6 of 6 points" in out
    assert "2 of 6 points failed; out/failures.csv says which and why" in err
    with open("out/failures.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["point"], row["kick"]) for row in rows] == [("2", "3"), ("4", "5")]
    assert "the step became too small at 0.00" in rows[0]["reason"]
    data = ps.open_sweep("out")
    assert np.isnan(data.strength.sel(kick=[3, 5])).all()
    assert data.failed_lanes.to_numpy().tolist() == [0, 0, 1, 0, 1, 0]
    alone = ps.simulate(ESCAPE, PULSES, kick="0.4")
    assert float(data.strength.sel(kick=0.4)) == float(ps_strength(alone))


def test_a_failed_synapse_takes_the_mean_of_its_population_with_it():
    data = swept("kick=0.4,3", synapses=3)
    assert data.failed_lanes.to_numpy().tolist() == [0, 3]
    assert np.isfinite(data.strength[0])
    assert np.isnan(data.strength[1])
    assert np.isnan(data.strength_sem[1])


def test_settings_of_the_protocol_cross_like_parameters():
    data = swept("pulses.count=1,2", "follow_up.duration=80,90 ms")
    assert data.failed_lanes.sum() == 0
    assert data.strength.shape == (2, 2)


def test_the_axes_of_the_protocol_stay_axes():
    data = swept("kick=0.2,0.3", values=(("pulses.rate", "50,100 Hz"),))
    assert data.strength.dims == ("kick", "rate")
    assert data.strength.shape == (2, 2)


def test_several_models_are_an_axis():
    shutil.copy(ESCAPE, "second.yaml")
    shutil.copytree(HERE / "models" / "components", "components")
    data = swept("kick=0.2,0.3", models=(ESCAPE, "second.yaml"))
    assert data.strength.dims == ("model", "kick")
    assert data.model.to_numpy().tolist() == ["escape", "second"]
    assert (data.strength[0] == data.strength[1]).all()


def test_time_courses_are_kept_of_the_points_asked_for():
    swept("kick=0.2,0.3,0.4", "rate=10,100 Hz", traces=("kick=0.3", "rate=100 Hz"))
    traces = ps.open_sweep("out", traces=True)
    alone = ps.simulate(ESCAPE, PULSES, kick="0.3", rate="100 Hz")
    assert traces.point.to_numpy().tolist() == [3]
    assert (traces.kick.item(), traces.rate.item()) == (0.3, 100)
    assert (traces.x.to_numpy()[0] == alone.x.to_numpy()).all()


def test_a_value_of_an_axis_is_told_from_its_neighbours():
    assert kept_points(["g=0.6 nS"], grid(["g=0.2:1:5 nS"])) == {2}


def test_a_sample_is_a_table_of_points_with_their_values():
    over = ("kick=0.1:0.5", "rate=10:100 Hz log")
    data = swept(*over, sampling="latin-hypercube", points=6)
    assert data.strength.dims == ("point",)
    point = data.isel(point=4)
    alone = ps.simulate(ESCAPE, PULSES, kick=f"{point.kick.item():.12g}",
                        rate=f"{point.rate.item():.12g} Hz")  # fmt: skip
    assert float(point.strength) == pytest.approx(float(ps_strength(alone)), rel=1e-9)


@pytest.mark.parametrize(
    ("over", "options", "kind"),
    [
        (("kick=0.1:0.5:9",), {}, "lines"),
        (("kick=0.1:0.5:3", "rate=10:1000:3 Hz log"), {}, "collections"),
        (("kick=0.1:0.5",), {"sampling": "sobol", "points": 4}, "lines"),
        (("kick=0.1:0.5", "rate=1:9 Hz"), {"sampling": "sobol", "points": 4}, "collections"),
    ],
)
def test_a_sweep_is_drawn_as_curves_or_as_a_map(over, options, kind):
    figure = draw_sweep(swept(*over, **options))
    assert len(getattr(figure.axes[0], kind)) > 0
    assert figure.axes[0].get_xlabel() == "kick"
    assert "strength (%" in " ".join(axes.get_ylabel() for axes in figure.axes)


def test_a_range_of_even_ratios_is_drawn_on_a_logarithmic_axis():
    figure = draw_sweep(swept("rate=10:1000:5 Hz log"))
    assert figure.axes[0].get_xscale() == "log"
