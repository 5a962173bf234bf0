"""Rosenbrock methods for stiff equations, as the numbers their papers print.

All three are L-stable and stiffly accurate, so each last stage corrects the solution of the
stage before it, and the last correction of all is the error estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

Row = tuple[float, ...]


@dataclass(frozen=True)
class Tableau:
    """A Rosenbrock method, transformed so that no product with the Jacobian is needed.

    A step of length h from (t, y), with J = df/dy and df/dt taken there, solves for each stage i

        (I / (h gamma) - J) k_i = f(t + alpha_i h, U_i) + sum_j c_ij / h k_j + h d_i df/dt

    where U_i = y + sum_j a_ij k_j and j < i. The solution is y1 = y + sum_i b_i k_i, its estimated
    error sum_i e_i k_i. Inside the step, with D_r = sum_i dense_ri k_i,

        y(t + theta h) = (1 - theta) y + theta (y1 + (1 - theta) (D_0 + theta (D_1 + ...)))
    """

    name: str
    order: int
    """Of the solution that is carried on; the one it is compared with has one less."""
    source: str
    gamma: float
    a: tuple[Row, ...]
    """Row i has i entries, as in `c`."""
    c: tuple[Row, ...]
    alpha: Row
    d: Row
    b: Row
    e: Row
    dense: tuple[Row, ...]

    @property
    def stages(self) -> int:
        """How many linear systems a step solves, all with the same matrix.

        >>> [tableau.stages for tableau in (RODAS4, RODAS4P, RODAS5P)]
        [6, 6, 8]
        """
        return len(self.c)


def _stiffly_accurate(
    name: str, order: int, source: str, gamma: float, *,
    a: tuple[Row, ...], c: tuple[Row, ...], alpha: Row, d: Row, dense: tuple[Row, ...],
) -> Tableau:  # fmt: skip
    """The tableau whose stages after those given each add the stage before, at the end of the step.

    >>> RODAS4.a[5] == (*RODAS4.a[4], 1.0), RODAS4.alpha[4:], RODAS4.e
    (True, (1.0, 1.0), (0.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    """
    stages = len(c)
    ends = [a[-1] + (1.0,) * more for more in range(1, stages - len(a) + 2)]
    return Tableau(
        name, order, source, gamma,
        a=(*a, *ends[:-1]),
        c=c,
        alpha=alpha + (1.0,) * (stages - len(alpha)),
        d=d + (0.0,) * (stages - len(d)),
        b=ends[-1],
        e=(0.0,) * (stages - 1) + (1.0,),
        dense=tuple(row + (0.0,) * (stages - len(row)) for row in dense),
    )  # fmt: skip


RODAS4 = _stiffly_accurate(
    "rodas4",
    4,
    "Hairer and Wanner (1996), Solving Ordinary Differential Equations II, 2nd ed., RODAS",
    0.25,
    a=(
        (),
        (1.544,),
        (0.9466785280815826, 0.2557011698983284),
        (3.314825187068521, 2.896124015972201, 0.9986419139977817),
        (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895),
    ),
    c=(
        (),
        (-5.6688,),
        (-2.430093356833875, -0.2063599157091915),
        (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
        (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616),
        (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136,
         -6.058818238834054),
    ),
    alpha=(0.0, 0.386, 0.21, 0.63),
    d=(0.25, -0.1043, 0.1035, -0.0362),
    dense=(
        (10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823,
         1.025137723295662),
        (-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386,
         -6.594389125716872),
    ),
)  # fmt: skip

RODAS4P = _stiffly_accurate(
    "rodas4p",
    4,
    "Steinebach (1995), Order-reduction of ROW-methods for DAEs and method of lines applications, "
    "Preprint 1741, TH Darmstadt",
    0.25,
    a=(
        (),
        (3.0,),
        (1.831036793486759, 0.4955183967433795),
        (2.304376582692669, -0.05249275245743001, -1.176798761832782),
        (-7.170454962423024, -4.741636671481785, -16.31002631330971, -1.062004044111401),
    ),
    c=(
        (),
        (-12.0,),
        (-8.791795173947035, -2.207865586973518),
        (10.81793056857153, 6.780270611428266, 19.5348594464241),
        (34.19095006749676, 15.49671153725963, 54.7476087596413, 14.16005392148534),
        (34.62605830930532, 15.30084976114473, 56.99955578662667, 18.40807009793095,
         -5.714285714285717),
    ),
    alpha=(0.0, 0.75, 0.21, 0.63),
    d=(0.25, -0.5, -0.023504, -0.0362),
    dense=(
        (25.09876703708589, 11.62013104361867, 28.49148307714626, -5.664021568594133),
        (1.638054557396973, -0.7373619806678748, 8.47791821923899, 15.9925314877952,
         -1.882352941176471),
    ),
)  # fmt: skip

RODAS5P = _stiffly_accurate(
    "rodas5p",
    5,
    "Steinebach (2023), Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks "
    "within the Julia Differential Equations package, BIT Numerical Mathematics 63:27",
    0.21193756319429014,
    a=(
        (),
        (3.0,),
        (2.849394379747939, 0.45842242204463923),
        (-6.954028509809101, 2.489845061869568, -10.358996098473584),
        (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
        (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256,
         0.030198172008377946),
    ),
    c=(
        (),
        (-14.155112264123755,),
        (-17.97296035885952, -2.859693295451294),
        (147.12150275711716, -1.41221402718213, 71.68940251302358),
        (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
        (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125,
         -0.6610691825249471),
        (30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783,
         -19.097331116725623, -28.087943162872662),
        (37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047,
         -40.06618937091002, -54.66780262877968, -9.48861652309627),
    ),
    alpha=(0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664),
    d=(0.21193756319429014, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734,
       2.325825639765069),
    dense=(
        (25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204,
         0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493),
        (-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796,
         20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372),
        (11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643,
         -52.072871366152654, -59.78993625266729, -0.15582684282751913, 4.883087185713722),
    ),
)  # fmt: skip

TABLEAUS: dict[str, Tableau] = {tableau.name: tableau for tableau in (RODAS4, RODAS4P, RODAS5P)}
