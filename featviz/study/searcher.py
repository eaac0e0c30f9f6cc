"""The optimiser of each restart: made, and brought back to where a stored run left it."""

from typing import Any

import numpy as np

from featviz.errors import InvalidArgument, ReplayDivergence
from featviz.latent import LatentDescription, Latents
from featviz.optimisers import MadeOptimiser, make_optimiser
from featviz.protocols import Optimiser
from featviz.storage import Phase
from featviz.study.history import Records
from featviz.study.plan import Plan, Told
from featviz.study.session import Session

__all__ = ["Searcher", "make_searcher"]


def make_searcher(
    name: str,
    latent: LatentDescription,
    plan: Plan,
    restart: int = 0,
    start: Latents | None = None,
    *,
    goals: int = 1,
) -> MadeOptimiser:
    """A fresh optimiser for a restart and a number of objectives, its name, and why it was chosen."""
    settings = plan.settings
    if settings.halving and goals > 1:
        raise InvalidArgument(
            "halving compares restarts by one score, but the objective has several; leave halving out, so that the "
            "restarts come one after the other."
        )
    return make_optimiser(
        name,
        latent,
        seed=_seed(settings.seed, restart),
        budget=plan.budget_of(restart),
        batch_size=settings.batch_size,
        start=start,
        goals=goals,
        query_seconds=settings.query_seconds,
        **settings.optimiser_options,
    )


class Searcher:
    """Asks and tells the optimisers of the restarts that are searched, and keeps them in step with what is stored.

    An optimiser is let go of while it is asked or told: after an exception or an interruption there it might know
    more, or less, than the store, so it is made again from the store when it is next needed.

    Args:
        latent: of the space.
        plan: of the search.
        session: the run that is being made.
        records: its batches; the caller adds to them.
        warm: go on from the best input so far in place of a replay.
        told: what an optimiser is told, from the scores and outputs of a batch as they are stored.
        goals: objectives that are pursued at once.
    """

    def __init__(
        self,
        latent: LatentDescription,
        plan: Plan,
        session: Session,
        records: Records,
        *,
        warm: bool,
        told: Told,
        goals: int = 1,
    ) -> None:
        self._latent, self._plan, self._session, self._records = latent, plan, session, records
        self._warm, self._told, self._goals = warm, told, goals
        # Of the restarts that may be searched again; one, unless they take turns.
        self._optimisers: dict[int, Optimiser] = {}
        self._restart = -1
        # The restarts whose optimisers know how noisy scores are, whose states are not stored, that were warmed.
        self._expecting: set[int] = set()
        self._unstored: set[int] = set()
        self._begun: set[int] = set()

    def ask(self, restart: int, n: int) -> Latents:
        """The next ``n`` latents of a restart. Call ``keep`` once they can be evaluated.

        Raises:
            InvalidArgument: when they do not fit in memory.
        """
        live = self._plan.live(self._records, restart)
        self._optimisers = {one: kept for one, kept in self._optimisers.items() if one in live}
        self._asked, self._restart = self._taken(restart), restart
        self._expect_noise(self._asked, restart, len(self._records.batches))
        try:
            return self._asked.ask(n)
        except MemoryError as error:
            raise InvalidArgument(
                f"a batch of {n:,} inputs of {self._latent.genes:,} genes does not fit in memory: pass a smaller "
                "batch_size, or a smaller population to the optimiser."
            ) from error

    def keep(self) -> None:
        """Take the optimiser back after ``ask``: what it asked for is in the caller's hands."""
        self._optimisers[self._restart] = self._asked

    def recommend(self, restart: int) -> Latents:
        """What the optimiser of a restart thinks best, a batch of one, after all that it was told."""
        self._optimisers[restart] = self._taken(restart)
        recommended: Latents = self._optimisers[restart].recommend()  # type: ignore[attr-defined]  # the plan knows
        return recommended

    def tell(self, latents: Latents, scores: Any) -> None:
        """Tell the scores of a batch that is stored. Without an optimiser at hand its replay will tell them."""
        optimiser = self._optimisers.pop(self._restart, None)
        if optimiser is not None:
            optimiser.tell(latents, scores)
            self._optimisers[self._restart] = optimiser
            self._unstored.add(self._restart)

    def store_state(self) -> None:
        """Store the optimisers' states as those after the last batch of their restarts. Not between ask and tell."""
        for restart, optimiser in self._optimisers.items():
            mine = (b.batch for b in reversed(self._records.batches_of(Phase.SEARCH)) if b.restart == restart)
            last = next(mine, None) if restart in self._unstored and not optimiser.replays else None
            if last is not None:
                self._session.store.set_state(restart, last, optimiser.state_dict())
        self._unstored.clear()

    def _taken(self, restart: int) -> Optimiser:
        """The optimiser of a restart, which is not kept from here on."""
        kept = self._optimisers.pop(restart, None)
        return self._make(restart) if kept is None else kept

    def _make(self, restart: int) -> Optimiser:
        records = [b for b in self._records.batches if b.phase is Phase.SEARCH and b.restart == restart]
        if self._warm and records and restart not in self._begun:
            self._session.go_warm(restart, len(self._records.batches))
        self._begun.add(restart)
        since = self._session.warm_since(restart)
        # By the name that was chosen when the run was made: "auto" may choose otherwise in a later version.
        name = self._session.spec["provenance"]["optimiser"]
        start = self._start(restart, since)
        made = make_searcher(name, self._latent, self._plan, restart, start, goals=self._goals)
        return self._replay(made.optimiser, restart, since)

    def _expect_noise(self, optimiser: Optimiser, restart: int, batch: int) -> None:
        """Tell an optimiser that wants to know how noisy scores are, before the first batch for which it is known."""
        expected = self._plan.expected_noise(self._records)
        if restart in self._expecting or expected is None or batch < expected[0]:
            return
        self._expecting.add(restart)
        if (expect := getattr(optimiser, "expect_noise", None)) is not None:
            expect(expected[1], self._plan.budget_of(restart))

    def _start(self, restart: int, since: int) -> Latents | None:
        """Where the optimiser of a restart begins: the best so far where it went warm, else a reference input."""
        if since:
            before = Records(self._records.batches[:since])
            ids = before.of_phase(Phase.SEARCH, Phase.REFERENCE)
            if self._plan.settings.halving:  # restarts that take turns stay apart
                ids = ids[before.restarts[ids] == restart]
            best = before.ranked(ids)[:1]
            return self._session.latents_of(before, best) if len(best) else None
        references = self._records.ranked(self._records.of_phase(Phase.REFERENCE))
        if not len(references):
            return None
        chosen = references[restart % len(references)]
        return self._session.latents_of(self._records, np.array([chosen]))

    def _replay(self, fresh: Optimiser, restart: int, since: int) -> Optimiser:
        """``fresh``, brought to the state after the last stored batch of its restart.

        The newest stored state is loaded; the batches after it are asked for again, held against their digests and
        told their stored scores.

        Raises:
            ReplayDivergence: when the optimiser asks for other latents than it did the first time.
        """
        newest = since - 1
        stored = None if fresh.replays else self._session.store.state(restart)
        if stored is not None and stored[0] >= since:
            newest = stored[0]
            fresh.load_state_dict(stored[1])
        expected = self._plan.expected_noise(self._records)
        self._expecting.discard(restart)
        if expected is not None and newest >= max(since, expected[0]):
            self._expecting.add(restart)
        for record in self._records.batches[newest + 1 :]:
            if record.phase is not Phase.SEARCH or record.restart != restart:
                continue
            self._expect_noise(fresh, restart, record.batch)
            asked = fresh.ask(len(record))
            if asked.digest() != record.digest:
                raise ReplayDivergence(
                    f"batch {record.batch} is not what the optimiser {fresh.name!r} asks for now. The run was made "
                    "with another version of a library, on another type of machine, or by an optimiser that does "
                    'not repeat itself. Pass resume="warm" (on the command line: --warm) to go on from the best input '
                    "found so far; the run is then marked as not reproducible."
                )
            fresh.tell(asked, self._told(record.scores, record.outputs))
        return fresh


def _seed(seed: int, restart: int) -> int:
    if restart == 0:
        return seed
    words = np.random.SeedSequence([seed & 0xFFFFFFFF, seed >> 32, restart]).generate_state(2, np.uint32)
    return int(words[0]) | int(words[1]) << 32
