"""Commands about what can be searched and how: ``spaces``, ``optimisers`` and ``check``."""

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from featviz.checks import did_you_mean
from featviz.errors import FeatvizError, FeatvizWarning, InvalidArgument, InvalidConfig, NameNotFound
from featviz.registry import Registry, is_import_path
from featviz.text import first_line, visible

__all__ = ["check", "optimisers", "spaces"]


@click.command()
def spaces() -> None:
    """List the search spaces that a configuration can name, plug-ins included."""
    from featviz.search_spaces import SEARCH_SPACES  # noqa: PLC0415  only this command needs it

    _print_registered(SEARCH_SPACES, lambda _: "")


@click.command()
def optimisers() -> None:
    """List the optimisers by name, with the kinds of genes that they search, plug-ins included.

    docs/optimisers.md says which one to take when, and at what cost.
    """
    from featviz.optimisers import OPTIMISERS  # noqa: PLC0415  only this command needs it

    width = max(map(len, map(visible, OPTIMISERS.names())))
    click.echo(
        f"{'auto':<{width}}  The default: picks one of these by genes, budget and cost of a query, and says why."
    )
    _print_registered(OPTIMISERS, lambda found: f" [{', '.join(sorted(getattr(found, 'accepts', ())))}]")
    click.echo("\nalso: nevergrad:NAME, optuna:NAME, package.module:Class")


@click.command()
@click.argument("what", metavar="SPACE|OPTIMISER|CONFIG.toml")
def check(what: str) -> None:
    """Check a search space or an optimiser of your own against the contract that the built-in ones keep.

    SPACE or OPTIMISER is a name or "package.module:Name"; of a CONFIG.toml, the table [space] is checked.
    """
    thing = _thing(what)
    if isinstance(thing, type) and hasattr(thing, "ask") and hasattr(thing, "tell"):
        from featviz.testing import check_optimiser  # noqa: PLC0415  only this command needs it

        passed = list(check_optimiser(what))
    else:
        from featviz.testing.spaces import CHECKS  # noqa: PLC0415  only this command needs it

        space = _made(what, thing)
        passed = []
        for one in CHECKS:
            one(space)
            passed.append(one.__name__.removeprefix("check_").replace("_", " "))
    for name in passed:
        click.echo(f"  holds  {name}")
    click.echo(f"{visible(what, 200)} keeps the contract: {len(passed)} checks.")


def _thing(what: str) -> Any:
    """The class, object or table of a description that is to be checked."""
    if what.endswith(".toml"):
        from featviz.storage import read_toml  # noqa: PLC0415  only this command needs it

        table = read_toml(Path(what)).get("space")
        if not isinstance(table, dict):
            raise InvalidConfig(f"{visible(what, 200)} has no table [space] to check.")
        return table
    from featviz.optimisers import OPTIMISERS  # noqa: PLC0415  as above
    from featviz.search_spaces import SEARCH_SPACES  # noqa: PLC0415  as above

    if is_import_path(what) or what in SEARCH_SPACES.names():
        return SEARCH_SPACES.get(what)
    if what in OPTIMISERS.names():
        return OPTIMISERS.get(what)
    near = did_you_mean(what, [*SEARCH_SPACES.names(), *OPTIMISERS.names()])
    raise NameNotFound(
        f"there is no search space and no optimiser {visible(what, 200)!r}. 'featviz spaces' and 'featviz optimisers' "
        f"list them; or give 'package.module:Name' or a configuration, CONFIG.toml.{near}"
    )


def _made(what: str, thing: Any) -> Any:
    from featviz.search_spaces import space_from_spec  # noqa: PLC0415  only this command needs it

    if isinstance(thing, dict):
        return space_from_spec(thing)
    try:
        return space_from_spec({"type": what})
    except InvalidArgument as error:
        raise InvalidArgument(
            f"{error} To check a space that takes arguments, write them into the table [space] of a configuration and "
            "check that file."
        ) from error


def _print_registered(registry: Registry, more: Callable[[Any], str]) -> None:
    names = registry.names()
    width = max(map(len, map(visible, names)))
    for name in names:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FeatvizWarning)
                found = registry.get(name)
        except FeatvizError as error:
            click.echo(f"{visible(name):<{width}}  cannot be loaded: {first_line(error)}")
            continue
        summary = visible((inspect.getdoc(found) or "").partition("\n")[0], 200)
        click.echo(f"{visible(name):<{width}}  {summary}{more(found)}")
