"""Optimisers: they propose latents and learn from scores, and know nothing of spaces or boxes.

Own, batched, state in a few arrays:
    ``sep_cma``            separable CMA-ES with restarts: the default for real genes
    ``coarse_to_fine``     ``sep_cma`` on coarse genes first, where the space says which: the default for those
    ``genetic``            genetic algorithm: the default for categorical genes, records and stepwise real genes
    ``catcma``             CatCMA, a joint distribution of real and categorical genes
    ``turbo``              Bayesian optimisation in a trust region: the default for few evaluations
    ``nsga2``              NSGA-II for genes of every kind: the default for several objectives at once
    ``snes``               separable natural evolution strategy
    ``full_cma``           CMA-ES with a full covariance matrix, for few genes that act together
    ``xnes``               exponential natural evolution strategy, with a full covariance as well
    ``lm_ma_es``           limited-memory matrix adaptation: genes that act together, learnt in a few vectors
    ``pgpe``               policy gradients of a normal distribution, climbing at a limited speed
    ``openai_es``          the same with one fixed step size
    ``spherical_cma``      directions on a sphere of one norm, exploration by plan
    ``random_search``      draws from the prior: the yardstick

Wrapped, state by replaying the history:
    ``cma_wrapper``        ``"cma"``: full CMA-ES of the package ``cma``
    ``nevergrad_wrapper``  ``"nevergrad:NAME"``
    ``optuna_wrapper``     ``"optuna:NAME"``

``make_optimiser`` finds them by name. An optimiser of your own needs what
:class:`featviz.protocols.Optimiser` lists; ``featviz.testing.check_optimiser`` says whether it keeps the contract.
"""

from featviz.optimisers.making import OPTIMISERS, MadeOptimiser, make_optimiser

__all__ = ["OPTIMISERS", "MadeOptimiser", "make_optimiser"]
