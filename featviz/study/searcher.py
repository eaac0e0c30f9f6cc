"""The optimiser of each restart: made, and brought back to where a stored run left it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from featviz.errors import ReplayDivergence
from featviz.latent import LatentDescription, Latents
from featviz.optimisers import MadeOptimiser, make_optimiser
from featviz.protocols import Optimiser
from featviz.storage import Phase, RunStore
from featviz.study.history import Records
from featviz.study.settings import Settings

__all__ = ["make_searcher", "restore_searcher"]


def make_searcher(
    name: str, latent: LatentDescription, settings: Settings, restart: int = 0, start: Latents | None = None
) -> MadeOptimiser:
    """A fresh optimiser for a restart, its name, and why it was chosen."""
    begun = settings.boundary(restart - 1) if restart else 0
    return make_optimiser(
        name,
        latent,
        seed=_seed(settings.seed, restart),
        budget=max(1, settings.boundary(restart) - begun),
        batch_size=settings.batch_size,
        start=start,
        **settings.optimiser_options,
    )


def restore_searcher(fresh: Optimiser, store: RunStore, records: Records, restart: int) -> Optimiser:
    """``fresh``, brought to the state after the last stored batch of its restart.

    The newest stored state is loaded; the batches after it are asked for again, held against their digests and
    told their stored scores.

    Raises:
        ReplayDivergence: when the optimiser asks for other latents than it did the first time.
    """
    newest = -1
    if not fresh.replays and (stored := store.state(restart)) is not None:
        newest, state = stored
        fresh.load_state_dict(state)
    for record in records.batches:
        if record.phase is not Phase.SEARCH or record.restart != restart or record.batch <= newest:
            continue
        asked = fresh.ask(len(record))
        if asked.digest() != record.digest:
            raise ReplayDivergence(
                f"batch {record.batch} is not what the optimiser {fresh.name!r} asks for now. The run was made with "
                "another version of a library or on another type of machine, or its objective is not deterministic "
                'in its settings. Pass resume="warm" (on the command line: --warm) to go on from the best input '
                "found so far; the run is then marked as not reproducible."
            )
        fresh.tell(asked, record.scores)
    return fresh


def reference_starts(latents_of: Callable[[Any], Latents], records: Records) -> list[Latents]:
    """The latents of the reference inputs that have a score, best first: where the restarts begin."""
    ids = records.ranked(records.of_phase(Phase.REFERENCE))
    return list(latents_of(ids)) if len(ids) else []


def _seed(seed: int, restart: int) -> int:
    if restart == 0:
        return seed
    words = np.random.SeedSequence([seed & 0xFFFFFFFF, seed >> 32, restart]).generate_state(2, np.uint32)
    return int(words[0]) | int(words[1]) << 32
