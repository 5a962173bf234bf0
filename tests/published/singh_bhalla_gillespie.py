"""The scheme of Singh & Bhalla (2018) by Gillespie's exact method, many copies at once.

Written from the list of reactions, apart from the model's files: it checks their fixed step.
"""

from __future__ import annotations

import numpy as np

VOLUME = np.pi * 30e-9**2 * 125e-9  # m**3
PER_MM = 6.02214076e23 * VOLUME  # molecules of a mol/m**3
HALF = 2.0  # s, of rest and of a pulse


def rates_of_calcium() -> dict[str, tuple[float, float]]:
    """Return the mean rates (1/s, and molecules of inhibitor 1) at rest and in a pulse."""
    levels = [np.array([80.0]), 80 + 80 * (np.arange(4000) + 0.5) / 4000]  # nM
    loaded = [1 / (1 + (700 / ca) ** 3) for ca in levels]
    inhibitor = [0.1e-3 * PER_MM * (1 + (300 / ca) ** 3) for ca in levels]
    return {
        "first": tuple(1.5 * (x**2).mean() for x in loaded),
        "next": tuple(1.5 * x.mean() for x in loaded),
        "inhibitor": tuple(x.mean() for x in inhibitor),
    }  # type: ignore[return-value]


def reactions() -> list[tuple[tuple[float, float], list[str], list[str]]]:
    """Return every reaction: rates at rest and in a pulse, what goes in, what comes out."""
    found: list[tuple[tuple[float, float], list[str], list[str]]] = []

    def add(rate: float | tuple[float, float], into: list[str], out: list[str]) -> None:
        found.append((rate if isinstance(rate, tuple) else (rate, rate), into, out))

    by_calcium = rates_of_calcium()
    first = by_calcium["first"]
    for size in (6, 7):
        add((size * first[0], size * first[1]), [f"{size}:0"], [f"{size}:1"])
        for i in range(1, size):
            add(by_calcium["next"], [f"{size}:{i}"], [f"{size}:{i + 1}"])
        for i in range(1, size + 1):
            add(1e3 / PER_MM, [f"{size}:{i}", "pp1"], [f"{size}:{i}+pp1"])
            add(1.0, [f"{size}:{i}+pp1"], [f"{size}:{i - 1}", "pp1"])
        add(1 / (30 * 3600), [f"{size}:{size}"], [f"{size}:0"])
    for i in range(7):
        add(1 / PER_MM, [f"6:{i}", "y"], [f"7:{i}"])
        add(1 / PER_MM, [f"6:{i}", "x"], [f"7:{i + 1}"])
        add(0.1, [f"7:{i}"], [f"6:{i}", "y"])
        add(0.1, [f"7:{i + 1}"], [f"6:{i}", "x"])
    add(1e3 / PER_MM, ["x", "pp1"], ["x+pp1"])
    add(1.0, ["x+pp1"], ["y", "pp1"])
    add(1e-4, ["held"], ["pp1"])
    add(1e5, ["pp1", "i1p"], ["held", "i1p"])
    add(by_calcium["inhibitor"], [], ["i1p"])
    add(1.0, ["i1p"], [])
    return found


def active_rings(
    rings: int, sevens: int, pp1: int, copies: int, duration: float, every: float, seed: int
) -> np.ndarray:
    """Return the numbers of rings with three or more phosphorylated subunits, copies x samples.

    The first half of the copies begins without phosphorylation, the other fully phosphorylated;
    `duration` and `every` are seconds.
    """
    table = reactions()
    names = sorted({name for _, into, out in table for name in (*into, *out)})
    place = {name: number for number, name in enumerate(names)}
    one = len(names)  # a species of which there is always one
    rates = np.array([rate for rate, _, _ in table]).T
    into = np.array([[place[n] for n in names_] + [one] * (2 - len(names_))
                     for _, names_, _ in table])  # fmt: skip
    change = np.zeros((len(table), one + 1), int)
    for number, (_, gone, come) in enumerate(table):
        np.add.at(change[number], [place[n] for n in gone], -1)
        np.add.at(change[number], [place[n] for n in come], 1)

    state = np.zeros((copies, one + 1), int)
    state[:, one] = 1
    state[:, place["held"]] = pp1
    up = np.arange(copies) >= copies // 2
    state[:, place["6:0"]], state[:, place["7:0"]] = (rings - sevens) * ~up, sevens * ~up
    state[:, place["6:6"]], state[:, place["7:7"]] = (rings - sevens) * up, sevens * up
    active = [place[f"{size}:{i}"] for size in (6, 7) for i in range(3, size + 1)]

    random = np.random.default_rng(seed)
    time, left, pulse = np.zeros(copies), np.full(copies, HALF), np.zeros(copies, int)
    samples = np.full((copies, int(duration / every)), -1)
    taken = np.zeros(copies, int)
    rows = np.arange(copies)
    while (taken < samples.shape[1]).any():
        chances = rates[pulse] * state[:, into[:, 0]] * state[:, into[:, 1]]
        sums = chances.cumsum(axis=1)
        wait = random.exponential(size=copies) / sums[:, -1]
        jumps = wait < left
        step = np.where(jumps, wait, left)
        due = (time + step > (taken + 1) * every) & (taken < samples.shape[1])
        samples[rows[due], taken[due]] = state[due][:, active].sum(axis=1)
        taken += due
        which = (sums < (random.random(copies) * sums[:, -1])[:, None]).sum(axis=1)
        state[jumps] += change[which[jumps]]
        time += step
        left = np.where(jumps, left - step, HALF)
        pulse = np.where(jumps, pulse, 1 - pulse)
    return samples
