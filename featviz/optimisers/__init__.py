"""Optimisers: they propose latents and learn from scores, and know nothing of spaces or boxes.

Own, batched, state in a few arrays:
    ``sep_cma``            separable CMA-ES with restarts: the default for real genes
    ``genetic``            genetic algorithm: the default for categorical genes, records and stepwise real genes
    ``nsga2``              NSGA-II for genes of every kind: the default for several objectives at once
    ``snes``               separable natural evolution strategy
    ``lm_ma_es``           limited-memory matrix adaptation: genes that act together, learnt in a few vectors
    ``pgpe``               policy gradients of a normal distribution, climbing at a limited speed
    ``openai_es``          the same with one fixed step size
    ``spherical_cma``      directions on a sphere of one norm, exploration by plan
    ``random_search``      draws from the prior: the yardstick

Wrapped, state by replaying the history:
    ``full_cma``           the ``cma`` package: full covariance, for few genes
    ``nevergrad_wrapper``  ``"nevergrad:NAME"``
    ``optuna_wrapper``     ``"optuna:NAME"``

``make_optimiser`` finds them by name. An optimiser of your own needs what
:class:`featviz.protocols.Optimiser` lists; ``featviz.testing.check_optimiser`` says whether it keeps the contract.
"""

from featviz.optimisers.making import OPTIMISERS, MadeOptimiser, make_optimiser

__all__ = ["OPTIMISERS", "MadeOptimiser", "make_optimiser"]
