"""Every row of a group on its own clock: a Rosenbrock step with error control, without branches.

One pass of the group's clock is one attempted step of every row, a *lane*. A lane has its own time,
step and next moment at which something happens to it. Whatever would be an `if` is a choice between
two values, so that a compiler can work on several lanes at once.

The controller is the textbook one (Hairer & Wanner 1996, IV.8): the error estimate in units of its
tolerance, root mean square over the states, sets the next step.

White noise is drawn once a step, see `noise`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from brian2.stateupdaters.base import StateUpdateMethod

from plasticity_sim.solver.arithmetic import INVERSE, fused, gathered
from plasticity_sim.solver.crossings import first_crossing
from plasticity_sim.solver.maths import VECTORISABLE
from plasticity_sim.solver.noise import drawn, noise_in_error
from plasticity_sim.solver.statements import text
from plasticity_sim.solver.step import Step, add_dense, between, step
from plasticity_sim.solver.system import System
from plasticity_sim.solver.tableaus import Tableau

NEVER = 1e300  # s: a moment that does not come
IDLE = 1e-6  # s: the step that a lane which must not move computes in vain

_SAFETY, _LEAST, _MOST = 0.9, 0.2, 6.0  # of the change of step
_ALMOST = 0.999  # a step that reaches this share of the room left takes all of it
_BEFORE = 0.998  # a step cut at a crossing takes at most this share of the room
_NEAR = 0.1  # of the tolerance: a crossing this share of the step before its end is at its end

VARIABLES = """
lane__t : 1            # s, this lane's own time
lane__until : 1        # s, when something next happens to it
lane__h : 1            # s, the step the controller would take
lane__first : 1        # s, the first step that worked after the last event
lane__fresh : 1        # whether no step has been accepted since the last event
lane__over : 1         # whether the lane has reached its end
lane__failed : 1       # whether its step became too small to move time
lane__steps : 1
lane__rejected : 1
lane__rtol : 1
sample__t : 1          # s, the next sample, and the one after it
sample__after : 1
sample__ready : 1      # whether the next sample lies in the step just taken
"""


SPIKES = [
    "spike__ready : 1  # whether the lane has just crossed its threshold upwards",
    "spike__above : 1  # whether it was above when last looked at",
]


class Adaptive(StateUpdateMethod):
    """Integrates every lane to `lane__until` and no further, with error control.

    `sizes[x]` is the absolute size that the error of state x is measured against, besides |x|.
    `free[x]` is the factor that masks a state that may be held. `at__NAME` is each state of
    `sampled` at the next sample, if the step just taken holds it. `peaks` are states or
    definitions whose largest value since the start is kept in `peak__NAME`, `least` states whose
    smallest one is kept in `least__NAME`.
    """

    def __init__(
        self,
        system: System,
        tableau: Tableau,
        sizes: Mapping[str, float],
        free: Mapping[str, str] | None = None,
        sampled: Sequence[str] = (),
        peaks: Sequence[str] = (),
        least: Sequence[str] = (),
        spikes: bool = False,
    ):
        self.system, self.tableau, self.sizes = system, tableau, sizes
        self.free, self.spikes = free or {}, spikes
        self.sampled, self.peaks, self.least = sampled, peaks, least
        self.__name__ = f"adaptive_{tableau.name}"

    @property
    def variables(self) -> str:
        """The equations of what a lane carries besides the model."""
        lines = [VARIABLES, *(f"at__{x} : 1" for x in self.sampled)]
        lines += [f"peak__{x} : 1" for x in self.peaks]
        lines += [f"least__{x} : 1" for x in self.least]
        lines += [f"{name} : 1" for name in self.system.invariants]
        return "\n".join(lines + SPIKES * self.spikes)

    def __call__(
        self, equations: Any, variables: Any = None, method_options: dict[str, Any] | None = None
    ) -> str:
        """Return the abstract code of one attempted step of every lane."""
        made = step(
            self.system, self.tableau, "_h", "lane__t", self.free, VECTORISABLE, frozen=True
        )
        before = [*self._choice_of_step(), *drawn(self.system), *self._per_step()]
        self._error(made)
        self._crossings(made)
        made.add(*self._verdict(), *self._samples(made))
        for name in self.peaks:
            self._peak(made, name)
        made.add(*self._acceptance(made))
        return "\n".join(
            [*before, *(f"{name} = {fused(code, 'lane__fma')}" for name, code in made.statements)]
        )

    def _choice_of_step(self) -> list[str]:
        """Up to the next event, at most one sample ahead, and no splinter left before an event."""
        return [
            "_active = (1.0 - lane__over) * lane__below(lane__t, lane__until)",
            # of several samples at one moment a pass hands over one, without a step
            "_moving = _active * lane__below(lane__t, sample__after)",
            "_room = lane__until - lane__t",
            f"_look = {self._horizon()} - lane__t",
            f"_arrives = (1.0 - lane__below(lane__h, {_ALMOST} * _room))"
            " * (1.0 - lane__below(_look, _room))",
            "_short = lane__lesser(lane__lesser(lane__h, _look), 0.5 * _room)",
            f"_h = lane__select(_moving, lane__select(_arrives, _room, _short), {IDLE!r})",
        ]

    def _horizon(self) -> str:
        """The moment no step goes beyond: a noisy path is known at the ends of a step only."""
        if not self.system.whites:
            return "sample__after"
        return "lane__select(lane__below(lane__t, sample__t), sample__t, sample__after)"

    def _per_step(self) -> list[str]:
        return [f"{n} = {text(tree, {}, VECTORISABLE)}" for n, tree in self.system.per_step.items()]

    def _error(self, made: Step) -> None:
        """Add the mean of the squared errors, in units of the tolerance."""
        states = self.system.states
        lines, squares = [], []
        for x in states:
            size = f"lane__greater(lane__greater({x}, -{x}), lane__greater(_new_{x}, -_new_{x}))"
            lines.append(f"{INVERSE}size_{x} = 1.0 / ({self.sizes[x]!r} + {size})")
            lines.append(f"_relative_{x} = {made.error[x]} * {INVERSE}size_{x}")
            squares.append(f"_relative_{x} * _relative_{x}")
        lines.append(f"{INVERSE}rtol = 1.0 / lane__rtol")
        made.add(*lines)
        made.statements, products = gathered(made.statements)
        made.add(
            f"_sound = {' + '.join(products)}",
            f"_mean = ({' + '.join(squares)}) * {1 / len(states)!r}",
            # not a number where a divisor was infinite
            f"_error = _mean * {INVERSE}rtol * {INVERSE}rtol + (_sound - _sound)",
            f"_fits = lane__below(_error{noise_in_error(self.system, squares)}, 1.0)",
        )

    def _crossings(self, made: Step) -> None:
        """Find the first comparison that changes within the step, by its middle or its end."""
        own = self.system
        margins = {f"margin_{name}": tree for name, tree in own.switches.items()}
        if not margins:
            return
        middle = self._inside(made, 0.5, *margins.values())
        half = made.evaluate(margins, "middle", middle, "lane__t + 0.5 * _h")
        end = made.evaluate(margins, "end", made.new, "lane__t + _h")
        part, crossed = "1.0", []
        for name in own.switches:
            start, key = made.before[f"margin_{name}"], f"margin_{name}"
            sides = [made.before[term] for term in own.compared[name]]
            made.add(*first_crossing(name, start, half[key], end[key], sides))
            made.add(
                f"_until_{name} = lane__select(_crosses_{name},"
                f" lane__lesser({part}, _place_{name}), {part})"
            )
            part = f"_until_{name}"
            crossed.append(f"_crosses_{name}")
        made.add(
            f"_part = {part}",
            f"_near = 1e-11 + {_NEAR!r} * lane__rtol * _h",
            f"_cut = lane__positive({' + '.join(crossed)})"
            " * lane__below(_near, (1.0 - _part) * _h)",
        )

    def _verdict(self) -> list[str]:
        power = -0.5 / self.tableau.order  # of a square
        lines = [
            f"_change = lane__select(lane__below(_error, 1e24), {_SAFETY}"
            f" * lane__exp({power!r} * lane__log(lane__greater(_error, 1e-24))), {_LEAST})",
            f"_wish = _h * lane__lesser(lane__greater(_change, {_LEAST}), {_MOST})",
        ]
        if not self.system.switches:
            return [*lines, "_ok = _moving * _fits", "_next = _wish"]
        return [
            *lines,
            *self._fires(),
            # a little beyond the crossing, so that the comparison has changed; never so far that
            # the next pass takes all of the room again, and is cut again
            f"_next = lane__select(_cut * _fits, lane__lesser(_part * _h + 0.5 * _near,"
            f" {_BEFORE} * _room), _wish)",
        ]

    def _fires(self) -> list[str]:
        """Above the threshold, and not so before: a spike, and no step in this pass."""
        ok = "_ok = _moving * _fits * (1.0 - _cut)"
        if not self.spikes:
            return [ok]
        return ["_fires = _moving * _switch__01 * (1.0 - spike__above)", f"{ok} * (1.0 - _fires)"]

    def _samples(self, made: Step) -> list[str]:
        """The states at the next sample; a lane at its end waits with its last state."""
        add_dense(made, self.sampled)
        return [
            "_share = lane__lesser(lane__greater((sample__t - lane__t) * _rate, 0.0), 1.0)",
            "_rest = 1.0 - _share",
            *(f"at__{x} = {between(made, x, '_share', '_rest')}" for x in self.sampled),
            "_within = _ok * lane__below("
            "sample__t, lane__select(_arrives, lane__until, lane__t + _h))",
            f"_last = lane__over * lane__below(sample__t, {NEVER / 2!r})",
            "sample__ready = _within + _last + _active - _moving",
        ]

    def _inside(self, made: Step, share: float, *trees: sympy.Expr) -> dict[str, str]:
        """Add the states that `trees` need at `share` of the step; return their names."""
        own = self.system
        reads = {s.name for t in (*trees, *own.needed(*trees).values()) for s in t.free_symbols}
        point = {x: f"_inside{round(1000 * share)}_{x}" for x in own.states}
        known = {name for name, _ in made.statements}
        new = [x for x in own.states if x in reads and point[x] not in known]
        add_dense(made, new)
        made.add(*(f"{point[x]} = {between(made, x, repr(share), repr(1 - share))}" for x in new))
        return point

    def _cubic(self, made: Step, name: str) -> tuple[str, ...]:
        """Return a cubic on 0 to 3 over the step: its values there and its three coefficients.

        It goes through the ends and two points between.
        """
        tree = sympy.Symbol(name, real=True)
        values = [made.before[name]]
        for third in (1, 2, 3):
            point = made.new if third == 3 else self._inside(made, third / 3, tree)
            if name not in self.system.states:
                moment = f"lane__t + {third / 3!r} * _h"
                point = made.evaluate({}, f"_{name}_{third}", point, moment, (name,))
            values.append(point[name])
        a, b, c, d = values
        made.add(
            f"_rise_{name} = (-11.0 * {a} + 18.0 * {b} - 9.0 * {c} + 2.0 * {d}) / 6.0",
            f"_bend_{name} = (2.0 * {a} - 5.0 * {b} + 4.0 * {c} - {d}) / 2.0",
            f"_twist_{name} = ({d} - {a} + 3.0 * ({b} - {c})) / 6.0",
        )
        return a, d, f"_rise_{name}", f"_bend_{name}", f"_twist_{name}"

    def _peak(self, made: Step, name: str) -> None:
        """Keep the largest value so far, that of the curve within the step included."""
        own = self.system
        if name not in (*own.states, *own.order):  # it changes at events only
            value = f"lane__greater(peak__{name}, {own.fixed.get(name, name)})"
            made.add(f"peak__{name} = lane__select(_ok, {value}, peak__{name})")
            return
        start, end, rise, bend, twist = self._cubic(made, name)
        root, place, top = f"_root_{name}", f"_place_{name}", f"_top_{name}"
        made.add(
            f"{root} = lane__greater({bend} * {bend} - 3.0 * {rise} * {twist}, 0.0)",
            f"{root} = sqrt({root}) - {bend}",
            f"{place} = lane__select(lane__positive({root}), {rise} / {root}, 0.0)",
            f"{place} = lane__lesser(lane__greater({place}, 0.0), 3.0)",
            f"{top} = {start} + {place} * ({rise} + {place} * ({bend} + {place} * {twist}))",
            f"{top} = lane__greater(lane__greater({start}, {end}), {top})",
            f"peak__{name} = lane__select(_ok, lane__greater(peak__{name}, {top}), peak__{name})",
        )

    def _acceptance(self, made: Step) -> list[str]:
        lines = [f"{x} = lane__select(_ok, {made.new[x]}, {x})" for x in self.system.states]
        lines += [f"least__{x} = lane__lesser(least__{x}, {x})" for x in self.least]
        if self.spikes:
            lines.append("spike__ready = _fires")
            lines.append("spike__above = lane__select(_moving, _switch__01, spike__above)")
        return [
            *lines,
            "_still = _moving * (1.0 - _ok) * (1.0 - lane__below(lane__t, lane__t + 0.5 * _h))",
            "lane__failed = lane__greater(lane__failed, _still)",
            "lane__t = lane__select(_ok, lane__select(_arrives, lane__until, lane__t + _h),"
            " lane__t)",
            "lane__steps = lane__steps + _ok",
            "lane__rejected = lane__rejected + _moving - _ok",
            # a step shortened from outside says nothing against the longer one
            "_clipped = lane__below(_h, 0.99 * lane__h)",
            "_kept = lane__select(_clipped, lane__greater(_next, lane__h), _next)",
            "lane__first = lane__select(_ok * lane__fresh * (1.0 - _clipped), _next, lane__first)",
            "lane__h = lane__select(_moving, lane__select(_ok, _kept, _next), lane__h)",
            "lane__fresh = lane__fresh * (1.0 - _ok)",
        ]
