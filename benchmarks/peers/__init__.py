"""The other ways to search, at equal budgets and with the same knowledge as featviz.

- ``recorder``: counts every query of every method and notes the best so far.
- ``discrete``: sequences of options: baselines without a library, nevergrad, optuna, cmaes.
- ``real``: boxes of real numbers: random, pycma, nevergrad, optuna, cmaes, scipy.
- ``mixed``: boxes of which some numbers are whole and some are codes of categories.
- ``genes``: unbounded numbers: pycma, and spherical CMA from its paper.
- ``bits``: the two searches whose run times are known.
- ``replay``: several figures of one search.
- ``noted``: queries until all is found.
- ``map_elites``: an elite for each output of a classifier.
- ``comparison``: runs methods on problems and prints the table.
- ``verdicts``: who was first, and whether what was asked for is reached.
- ``effort``: the command line, and how much is run.
"""
