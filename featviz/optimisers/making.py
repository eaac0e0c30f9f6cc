"""An optimiser from its name: ``"auto"``, a registered one, a wrapped library's, or a user's own class."""

import inspect
from typing import Any, NamedTuple

from featviz import checks
from featviz.errors import IncompatibleOptimiser, NameNotFound, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers.choosing import Circumstances, choose
from featviz.protocols import Optimiser
from featviz.registry import Registry, import_object
from featviz.text import visible

__all__ = ["OPTIMISERS", "MadeOptimiser", "make_optimiser"]

OPTIMISERS = Registry(
    "optimiser",
    "featviz.optimisers",
    {
        "sep-cma": "featviz.optimisers.sep_cma:SepCma",
        "coarse-to-fine": "featviz.optimisers.coarse_to_fine:CoarseToFine",
        "turbo": "featviz.optimisers.turbo:Turbo",
        "snes": "featviz.optimisers.snes:Snes",
        "full-cma": "featviz.optimisers.full_cma:FullCma",
        "xnes": "featviz.optimisers.xnes:Xnes",
        "cma": "featviz.optimisers.cma_wrapper:CmaWrapper",
        "catcma": "featviz.optimisers.catcma:CatCma",
        "lm-ma-es": "featviz.optimisers.lm_ma_es:LmMaEs",
        "pgpe": "featviz.optimisers.pgpe:Pgpe",
        "openai-es": "featviz.optimisers.openai_es:OpenAiEs",
        "spherical-cma": "featviz.optimisers.spherical_cma:SphericalCma",
        "ga": "featviz.optimisers.genetic:GeneticAlgorithm",
        "nsga2": "featviz.optimisers.nsga2:Nsga2",
        "random": "featviz.optimisers.random_search:RandomSearch",
    },
)

# Libraries whose algorithms are chosen after a colon, with an example of one.
_LIBRARIES = {
    "nevergrad": ("featviz.optimisers.nevergrad_wrapper:NevergradOptimiser", "nevergrad:DE"),
    "optuna": ("featviz.optimisers.optuna_wrapper:OptunaOptimiser", "optuna:TPE"),
}
# What else people call them: said when there is no such name.
_ALSO_CALLED = {
    "bayesian": "turbo",
    "bo": "turbo",
    "cma-es": "full-cma",
    "cmaes": "full-cma",
    "de": "nevergrad:DE",
    "diagonal-cma": "sep-cma",
    "genetic": "ga",
    "gp": "turbo",
    "nes": "snes",
    "ngopt": "nevergrad:NGOpt",
    "nsga-ii": "nsga2",
    "nsgaii": "nsga2",
    "pso": "nevergrad:PSO",
    "tpe": "optuna:TPE",
}
# Arguments that ``make_optimiser`` gives itself.
_OWN = frozenset({"self", "latent", "seed", "budget", "start", "batch_size", "algorithm", "goals"})


class MadeOptimiser(NamedTuple):
    """What ``make_optimiser`` returns.

    Args:
        optimiser: the optimiser, ready to be asked.
        name: the name that makes the same one again; never "auto".
        reason: why it was chosen, in one sentence for people.
    """

    optimiser: Optimiser
    name: str
    reason: str


def make_optimiser(
    name: str,
    latent: LatentDescription,
    *,
    seed: int = 0,
    budget: int | None = None,
    batch_size: int | None = None,
    start: Latents | None = None,
    goals: int = 1,
    query_seconds: float | None = None,
    **options: Any,
) -> MadeOptimiser:
    """The optimiser called ``name`` for the genes of ``latent``.

    Args:
        name: "auto"; a registered name such as "sep-cma", "full-cma", "snes", "ga", "nsga2" or "random";
            "nevergrad:NAME"; "optuna:NAME"; or "package.module:Class".
        latent: the genes to search.
        seed: 0 to 2**64 - 1.
        budget: evaluations that it may plan for.
        batch_size: rows that the caller will ask for at a time, where it is not free.
        start: a batch of one latent to begin at.
        goals: objectives that are pursued at once.
        query_seconds: seconds that the box takes for one input, where that is known; "auto" alone asks for it.
        options: the optimiser's own keyword arguments, such as ``sigma`` or ``population``.

    Raises:
        NameNotFound: there is no such optimiser; the nearest name is said.
        InvalidArgument: it has no such option, or not with this value.
        IncompatibleOptimiser: it does not accept the kinds of genes that ``latent`` has, or not several objectives; the
            message names one that does.
        OptimiserError: it is known to fail in this setting.
    """
    if not isinstance(name, str):
        raise WrongType(f"optimiser must be a name, but it is a {type(name).__name__}. For instance 'sep-cma'.")
    reason = "asked for by name"
    if name == "auto":
        name, reason = choose(latent, Circumstances(budget, goals, query_seconds))
    made, given = _find(name)
    if goals > 1 and not getattr(made, "many_goals", False):
        raise IncompatibleOptimiser(
            f"the optimiser {visible(name)!r} pursues one objective, but this one has {goals}. Use optimiser='nsga2' "
            "(which 'auto' picks), or weigh them into one: a + 0.5 * b."
        )
    missing = latent.kinds - frozenset(made.accepts)
    if missing:
        raise IncompatibleOptimiser(
            f"the optimiser {visible(name)!r} searches {_listed(made.accepts)} genes only, but this space has "
            f"{_listed(latent.kinds)} genes. Use optimiser='ga' or 'random', which take every kind."
        )
    parameters = inspect.signature(made).parameters
    if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        checks.option_names(f"the optimiser {visible(name)!r}", options, set(parameters) - _OWN)
    if batch_size is not None and "batch_size" in parameters:
        given["batch_size"] = batch_size
    optimiser = made(latent, seed=seed, budget=budget, start=start, **given, **options)
    return MadeOptimiser(optimiser, name, reason)


def _find(name: str) -> tuple[Any, dict[str, Any]]:
    """The class called ``name``, and the arguments that the name stands for."""
    library, colon, algorithm = name.partition(":")
    if library in _LIBRARIES:
        path, example = _LIBRARIES[library]
        if not colon or not algorithm:
            raise NameNotFound(f"name one of {library}'s optimisers as well, for instance {example!r}.")
        return import_object(path), {"algorithm": algorithm}
    if name in ("", "auto") or (":" not in name and name not in OPTIMISERS):
        known = ["auto", *OPTIMISERS.names()]
        raise NameNotFound(
            f"there is no optimiser {visible(name)!r}. There are: {', '.join(known)}, 'nevergrad:NAME', 'optuna:NAME' "
            f"and 'package.module:Class'.{_suggested(name, known)}"
        )
    made = OPTIMISERS.get(name)
    if not callable(made) or not isinstance(getattr(made, "accepts", None), frozenset | set):
        raise WrongType(
            f"{visible(name)!r} is not an optimiser: expected a class with ask, tell, state_dict, load_state_dict, "
            "batch_size, name, replays and accepts, the frozenset of the kinds of genes that it takes."
        )
    return made, {}


def _suggested(name: str, known: list[str]) -> str:
    """A question after the one that is meant, by a name that is common elsewhere or by the nearest spelling."""
    meant = _ALSO_CALLED.get(name.lower().replace("_", "-").replace(" ", "-"))
    return f" Did you mean {meant!r}?" if meant else checks.did_you_mean(name, known)


def _listed(kinds: Any) -> str:
    return " and ".join(sorted(kinds))
