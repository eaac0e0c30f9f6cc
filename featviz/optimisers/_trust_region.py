"""The trust region of TuRBO: how far from the best latent the next ones may lie."""

from collections.abc import Sequence
from dataclasses import dataclass

from featviz import checks
from featviz.errors import FeatvizError, RunDamaged

__all__ = ["TrustRegion"]

# Lengths of a side, as parts of the range of a gene (Eriksson et al. 2019, "Scalable Global Optimization via Local
# Bayesian Optimization", section 2 and supplement D).
FIRST_LENGTH, LONGEST, SHORTEST = 0.8, 1.6, 2**-7
_SUCCESSES = 3


@dataclass
class TrustRegion:
    """A length that doubles after three batches in a row that improved, and halves after so many rows without.

    Args:
        length: of a side, as a part of the range of a gene.
        successes: batches in a row that improved on all before.
        failures: rows in a row that did not.
    """

    length: float = FIRST_LENGTH
    successes: int = 0
    failures: int = 0

    def count(self, improved: bool, rows: int, tolerance: int) -> None:
        """Learn whether a batch of ``rows`` improved; ``tolerance`` rows without it are too many."""
        if improved:
            self.successes, self.failures = self.successes + 1, 0
        else:
            self.successes, self.failures = 0, self.failures + rows
        if self.successes >= _SUCCESSES:
            self.length, self.successes = min(2 * self.length, LONGEST), 0
        elif self.failures >= max(tolerance, rows):
            self.length, self.failures = self.length / 2, 0

    @property
    def collapsed(self) -> bool:
        """Whether it is so small that there is nothing left to find."""
        return self.length < SHORTEST

    def radius(self, genes: int) -> int:
        """How many of ``genes`` categorical genes may differ from the centre's."""
        return min(genes, max(1, round(genes * self.length)))

    @classmethod
    def restored(cls, stored: Sequence[float]) -> "TrustRegion":
        """The region of a state: its three numbers.

        Raises:
            RunDamaged: they are none.
        """
        try:
            length, successes, failures = stored
            side = checks.finite("length", length, 0.0, LONGEST)
            return cls(side, checks.integer("successes", successes, 0), checks.integer("failures", failures, 0))
        except (ValueError, FeatvizError):
            raise RunDamaged("the state of the optimiser 'turbo' holds no trust region.") from None
