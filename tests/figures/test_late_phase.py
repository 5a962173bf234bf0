"""Strengths and molecules over hours, from made-up data."""

import numpy as np
import xarray as xr

ARMS = ["weak", "strong", "strong, no synthesis", "weak, proteins from elsewhere",
        "proteins from elsewhere alone"]  # fmt: skip
HOURS = np.linspace(-0.5, 7, 4)


def made_up():
    """Return lines that are told apart by their height."""
    heights = 100 + 10 * np.arange(5.0)
    return xr.Dataset(
        {
            "tagging": (("arm", "hour"), np.outer(heights, np.ones(4))),
            "cascade": (("stimulus", "time"), np.outer(heights[:2], np.ones(4))),
            "share": (("molecule", "time"), np.outer([100.0, 50.0], np.ones(4))),
        },
        {
            "arm": ARMS, "hour": HOURS, "stimulus": ["tetani", "theta"], "time": HOURS,
            "molecule": ["tag", "gene product"],
        },
    )  # fmt: skip


def names(panel):
    return [text.get_text() for text in panel.get_legend().get_texts()]


def test_tetani_and_capture_have_a_panel_each(drawn):
    tetani, capture, *_ = drawn(made_up()).axes
    assert names(tetani) == ARMS[:3]
    assert names(capture) == [ARMS[0], *ARMS[3:]]
    assert [line.get_ydata()[0] for line in capture.lines[:3]] == [100, 130, 140]


def test_the_hour_of_the_proteins_is_shaded(drawn):
    [band] = drawn(made_up()).axes[1].patches
    assert band.get_x() == -0.5
    assert band.get_width() == 1


def test_molecules_and_strengths_of_the_cascade_are_lines(drawn):
    *_, molecules, strengths = drawn(made_up()).axes
    assert names(molecules) == ["tag", "gene product"]
    assert names(strengths) == ["tetani", "theta"]
    assert molecules.get_ylabel() == "amount (% of its largest)"
    assert strengths.get_ylabel() == "synaptic strength (% of baseline)"
    assert strengths.get_xlabel() == "time from the stimulus (h)"
