"""Pseudo-arclength continuation: a curve of steady states, followed round its folds.

Keller HB (1977) Numerical solution of bifurcation and nonlinear eigenvalue problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from plasticity_sim.engine.batch import Array
from plasticity_sim.steady.system import System

_FIRST, _LONGEST, _SHORTEST = 0.01, 0.08, 1e-9  # steps: 1 is the whole range, or a doubling
_MOST = 4000  # steps along a curve in one direction
_TURN = 0.97  # cosine of the largest angle between neighbouring tangents
_STRAY = 0.3  # of a step: how far Newton's method may leave the prediction
_CONVERGED = 1e-8  # change of a coordinate, in its size; its square is what remains
_RANK = 1e-13  # relative: singular values below are zeros, as in engine.rest


@dataclass(frozen=True)
class Point:
    """A steady state: its coordinates (see System), and the direction of the curve through it."""

    at: Array
    derivative: Array  # of the residual, by the coordinates
    tangent: Array
    is_fold: bool = False

    @property
    def position(self) -> float:
        """Position of the swept quantity in its range, 0 to 1."""
        return float(self.at[0])


@dataclass(frozen=True)
class Curve:
    """Points in their order along a curve; a closed one ends where it begins."""

    points: tuple[Point, ...]
    is_closed: bool = False


def trace(system: System, first: Point) -> Curve:
    """Return the curve through the steady state `first`."""
    forward = list(follow(system, first))
    if forward and forward[-1] is first:
        return Curve((first, *forward), True)
    backward = list(follow(system, reverse(first)))
    return Curve((*map(reverse, reversed(backward)), first, *forward))


def reverse(point: Point) -> Point:
    """Return the same point of the curve run through the other way."""
    return replace(point, tangent=-point.tangent)


def refine(system: System, guess: Array) -> Point | None:
    """Return the steady state next to `guess` at exactly its value of the swept quantity.

    Its tangent points upwards. None if there is none.
    """
    upwards = np.eye(1, guess.size)[0]
    point = _newton(system, guess, upwards, weights(guess), upwards)
    if point is not None:
        point.at[0] = guess[0]  # to the last bit
    return point


def weights(at: Array) -> Array:
    """Return the size of each coordinate, so that n states weigh as much as the swept quantity."""
    sizes = np.maximum(np.abs(at), 1.0) * np.sqrt(max(at.size - 1, 1))
    sizes[0] = 1.0
    return np.asarray(sizes)


def _newton(system: System, guess: Array, row: Array, size: Array, along: Array) -> Point | None:
    """Return the zero of the residual in the plane through `guess` across the unit vector `row`.

    `row` is in coordinates divided by `size`; the tangent is the one nearest to `along`.
    None if Newton's method does not converge.
    """
    at = guess
    for _ in range(10):
        residual, derivative = system.residual(at), system.jacobian(at)
        if not (np.isfinite(residual).all() and np.isfinite(derivative).all()):
            return None
        strength = 1 / np.maximum(np.abs(derivative * size).max(axis=1), 1e-12)
        matrix = derivative * size * strength[:, None]
        right = np.append(-residual * strength, -row @ ((at - guess) / size))
        step = np.linalg.lstsq(np.vstack([matrix, row]), right, rcond=_RANK)[0]
        at = at + step * size
        if np.abs(step).max() < _CONVERGED:
            direction = np.linalg.svd(matrix)[2][-1]
            forwards = direction @ (along / size) >= 0
            return Point(at, derivative, (direction if forwards else -direction) * size)
    return None


def _step(system: System, point: Point, length: float) -> Point | None:
    """Return the point `length` further along the tangent; None if the curve is lost there."""
    size = weights(point.at)
    row = point.tangent / size
    row /= np.linalg.norm(row)
    guess = point.at + length * row * size
    new = _newton(system, guess, row, size, point.tangent)
    if new is None or np.linalg.norm((new.at - guess) / size) > _STRAY * length + _CONVERGED:
        return None
    return new


def follow(system: System, first: Point) -> Iterator[Point]:
    """Yield the points after `first` in its direction, folds and the end of the range included.

    A curve that is closed ends with `first` itself.
    """
    last, length, count = first, _FIRST, 0
    for _ in range(_MOST):
        if length < _SHORTEST:
            return
        new = _step(system, last, length)
        if new is None or _angle(last, new) < _TURN:
            length /= 2
            continue
        if count > 2 and _passes(system, last, new, first):
            yield from _folds(system, last, first)
            yield first
            return
        folds = _folds(system, last, new)
        yield from folds
        if not 0 <= new.position <= 1:
            edge = _edge(system, folds[-1] if folds else last, new)
            if edge:
                yield edge
            return
        yield new
        count += len(folds) + 1
        last = new
        length = min(1.3 * length, _LONGEST)


def _angle(last: Point, new: Point) -> float:
    size = weights(last.at)
    before, after = last.tangent / size, new.tangent / size
    return float(before @ after / np.linalg.norm(before) / np.linalg.norm(after))


def _passes(system: System, last: Point, new: Point, first: Point) -> bool:
    """Tell whether the step from `last` to `new` runs through `first`."""
    size = weights(last.at)
    row = last.tangent / size
    row /= np.linalg.norm(row)
    length = float(row @ ((new.at - last.at) / size))
    ahead = float(row @ ((first.at - last.at) / size))
    away = np.linalg.norm((first.at - last.at) / size)
    if not 0 < ahead <= length or away > 2 * length:
        return False
    there = _step(system, last, ahead)
    return there is not None and np.abs((there.at - first.at) / size).max() < 1e-6


def _folds(system: System, last: Point, new: Point) -> list[Point]:
    """Return the saddle node between two neighbouring points, where the curve turns back."""
    if last.tangent[0] * new.tangent[0] >= 0:
        return []
    size = weights(last.at)
    row = last.tangent / size
    length = float(row @ ((new.at - last.at) / size) / np.linalg.norm(row))

    def turning(distance: float) -> float:
        point = _step(system, last, distance) if distance else last
        return float("nan") if point is None else float(point.tangent[0])

    try:
        distance = brentq(turning, 0.0, length, xtol=1e-12, rtol=1e-12)
    except (ValueError, RuntimeError):  # the curve was lost between the two points
        return []
    fold = _step(system, last, float(distance))
    return [replace(fold, is_fold=True)] if fold else []


def _edge(system: System, last: Point, new: Point) -> Point | None:
    """Return the point between the two at the end of the range, which the step has left."""
    edge = 1.0 if new.position > 1 else 0.0
    if last.position == edge:
        return None
    point = refine(system, between(last, new, edge))
    return point if point is None or edge else reverse(point)


def between(left: Point, right: Point, position: float) -> Array:
    """Return a guess at `position` of the swept quantity, which lies between two neighbours.

    Cubic in the length of the chord, so that it holds next to a fold, where the quantity turns.
    """
    size = weights(left.at)
    chord = (right.at - left.at) / size
    length = float(np.linalg.norm(chord))
    if length == 0:
        return left.at
    first, second = (
        point.tangent / np.linalg.norm(point.tangent / size) * length for point in (left, right)
    )

    def cubic(share: float) -> Array:
        a, b = share, 1 - share
        return np.asarray(
            b * b * (1 + 2 * a) * left.at + a * b * b * first
            + a * a * (3 - 2 * a) * right.at - a * a * b * second
        )  # fmt: skip

    if position in (left.position, right.position):
        return (left if position == left.position else right).at
    guess = cubic(float(brentq(lambda share: cubic(share)[0] - position, 0.0, 1.0, xtol=1e-14)))
    guess[0] = position  # to the last bit
    return guess
