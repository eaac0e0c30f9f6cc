"""Every family of problems with every opponent, at equal budgets: where featviz is first, and where it is not.

    python benchmarks/suite.py [--quick] [--families FAMILY ...] [--only METHOD ...]

Runs the benchmarks that ask how much a search finds; each can be run alone too. One table a problem, then one line for
each figure that was asked for, and one for each problem and number of queries: featviz as a user gets it
(``optimiser="auto"``) beside its best opponent. The last line is all of it as one JSON object. ``--save`` keeps the
figures, and ``--reuse`` takes those of opponents, which do not change with featviz, from there.

What has no opponent that a user could pick instead stands by itself: ``decoders.py`` and ``restarts.py`` compare ways
to use featviz, ``fronts.py`` is about hypervolumes of several objectives.
"""

import bbob
import ehrlich
import ensembles
import expensive
import fooling
import noise
import parity
import pedestrian
import planted
import pseudo_boolean
import series
from peers.effort import Comparisons, run_benchmark

FAMILIES: dict[str, Comparisons] = {
    "pedestrian": pedestrian.comparisons,
    "parity": parity.comparisons,
    "fooling": fooling.comparisons,
    "noise": noise.comparisons,
    "bbob": bbob.comparisons,
    "ensembles": ensembles.comparisons,
    "ehrlich": ehrlich.comparisons,
    "pseudo-boolean": pseudo_boolean.comparisons,
    "series": series.comparisons,
    "planted": planted.comparisons,
    "expensive": expensive.comparisons,
}

if __name__ == "__main__":
    run_benchmark(__doc__, FAMILIES)
