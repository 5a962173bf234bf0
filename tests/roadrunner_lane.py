"""libRoadRunner on one lane: reads a problem as JSON on stdin, writes the watched values.

Run by the environment of the benchmarks, which has libroadrunner and antimony.
"""

import json
import re
import sys

import antimony
import roadrunner
from lane_problem import walk

PREFIX = "x_"  # no name of a model is then a word of SBML
CLIP = """\
function clip(x, low, high)
  piecewise(low, x < low, high, x > high, x)
end
"""
RTOL, ATOL = 1e-11, 1e-13  # of the scale of a state


def sbml(problem):
    """Return the SBML of the equations, every slope with a factor that can hold its state."""
    lines = [CLIP, "model lane()"]
    for name, value in problem["values"].items():
        lines.append(f"{PREFIX}{name} = {value!r};")
    for name, text in problem["definitions"]:
        lines.append(f"{PREFIX}{name} := {renamed(problem, text)};")
    for name, text in problem["slopes"].items():
        lines.append(f"free_{name} = 1;")
        lines.append(f"{PREFIX}{name}' = free_{name} * ({renamed(problem, text)});")
    if antimony.loadAntimonyString("\n".join([*lines, "end"])) < 0:
        raise ValueError(antimony.getLastError())
    return antimony.getSBMLString(antimony.getMainModuleName())


def renamed(problem, text):
    """Return an expression in Antimony's notation."""
    names = {*problem["values"], *(name for name, _ in problem["definitions"])}
    text = re.sub(r"\b[A-Za-z_]\w*\b", lambda m: PREFIX * (m[0] in names) + m[0], text)
    return text.replace("**", "^")


def main():
    """Integrate the lane of stdin."""
    problem = json.load(sys.stdin)
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    model = roadrunner.RoadRunner(sbml(problem))
    model.setIntegrator("cvode")
    integrator, states = model.integrator, list(problem["slopes"])
    integrator.stiff = True
    integrator.relative_tolerance = RTOL
    integrator.maximum_num_steps = 1_000_000
    places = range(model.model.getNumRateRules())
    order = [model.model.getStateVectorId(n).removeprefix(PREFIX) for n in places]
    integrator.setValue("absolute_tolerance", [ATOL * problem["scales"][name] for name in order])

    def advance(values, held, start, stop):
        for name, value in values.items():
            model[PREFIX + name] = value
        for name in states:
            model[f"free_{name}"] = float(name not in held)
        model.model.setTime(start)
        integrator.restart(start)
        now = start
        while now < stop - 1e-12:
            now = integrator.integrate(now, stop - now)
        values.update({name: float(model[PREFIX + name]) for name in states})

    json.dump(walk(problem, advance), sys.stdout)


if __name__ == "__main__":
    main()
