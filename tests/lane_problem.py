"""One lane of a model as plain data, and how it goes on; imports nothing, so that any Python can.

What integrates the equations between two moments is given to `walk`.
"""

import math

FUNCTIONS = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "int": int,
             "abs": abs, "clip": lambda x, low, high: min(max(x, low), high)}  # fmt: skip
LONG_AGO = -1e9


def walk(problem, advance):
    """Return the watched values at every sample, a list of lists.

    `advance(values, held, start, stop)` moves the states in `values` on, those in `held` excepted.
    """
    values = dict(problem["values"])
    held, last = set(), {"pre": LONG_AGO, "post": LONG_AGO}
    now, rows = problem["start"], []
    for time, happenings in problem["moments"]:
        if time > now:
            advance(values, held, now, time)
            now = time
        for kind, what in happenings:
            if kind == "values":
                values.update(what)
            elif kind == "hold":
                values.update(what)
                held |= what.keys()
            elif kind == "free":
                held -= set(what)
            elif kind == "sample":
                rows.append(look(problem, values))
            else:
                since = {f"since_{name}": now - then for name, then in last.items()}
                for text in what:
                    scope = {**FUNCTIONS, **defined(problem, values), **since}
                    exec(text, {"__builtins__": {}}, scope)
                    name = text.split()[0]
                    values[name] = scope[name]
                if kind in last:
                    last[kind] = now
    return rows


def defined(problem, values):
    """Return `values` with every defined expression added."""
    scope = dict(values)
    for name, text in problem["definitions"]:
        scope[name] = eval(text, {"__builtins__": {}, **FUNCTIONS}, scope)
    return scope


def look(problem, values):
    """Return the watched variables."""
    scope = defined(problem, values)
    return [scope[name] for name in problem["watch"]]
