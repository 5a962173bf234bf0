"""Which points keep their time courses: those with all the values that are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plasticity_sim.axis import assigned
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.quantities import expand_list, parse_quantity
from plasticity_sim.simulation.grid import POINT
from plasticity_sim.sweep.design import Design

ALL = "all"
_HOW = 'write "name=values" of an axis, "point=0,17" or "all"'


def kept_points(texts: Sequence[str], design: Design) -> frozenset[int]:
    """Return the points at which every name has one of its values; `all` are all.

    InputError for a name that is no axis, and for a value that no point has.
    """
    if not texts:
        return frozenset()
    chosen = np.ones(design.count, bool)
    for text in texts:
        if text.strip() != ALL:
            chosen &= _having(text, design)
    if not chosen.any():
        raise InputError(f"--keep-traces: no point has {' and '.join(texts)}")
    return frozenset(np.flatnonzero(chosen).tolist())


def _having(text: str, design: Design) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    name, values = assigned(text, _HOW)
    wanted = expand_list(values)
    found = np.zeros(design.count, bool)
    if name == POINT:
        for value in wanted:
            if not value.isdecimal() or int(value) >= design.count:
                raise InputError(f"'{text}': the points are 0 to {design.count - 1}")
            found[int(value)] = True
        return found
    axes = {axis.name: axis for axis in design.axes}
    if name not in axes or design.sampling:
        names = [POINT] if design.sampling else [*axes, POINT]
        raise InputError(f"--keep-traces: no axis '{name}'; {suggestion(name, names)}")
    own = [float(parse_quantity(value)) for value in axes[name].texts]
    like = parse_quantity(axes[name].texts[0]).dim
    places = []
    for value in wanted:
        near = np.flatnonzero(
            np.isclose(own, float(parse_quantity(value, like)), rtol=1e-9, atol=0)
        )
        if not near.size:
            shown = ", ".join(axes[name].texts[:12])
            raise InputError(f"'{text}': '{name}' has no value '{value}'; it has {shown}")
        places.append(int(near[0]))
    position = list(axes).index(name)
    along = np.unravel_index(np.arange(design.count), design.shape)[position]
    return np.isin(along, places)
