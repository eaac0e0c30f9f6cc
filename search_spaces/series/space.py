"""``TimeSeriesSpace``: series of any length and number of channels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.blocks import Block, SeriesBlock
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Move
from featviz.protocols import Spec
from featviz.search_spaces.base import Space
from featviz.search_spaces.series.decoders import DECODERS
from featviz.search_spaces.series.moves import series_moves
from featviz.search_spaces.series.shapes import Float64, SeriesShape
from featviz.search_spaces.variables import Real
from featviz.text import shown

__all__ = ["TimeSeriesSpace"]

# Numbers of examples that a description may hold; a space with more cannot be written down.
_LONGEST_SPEC = 10_000
# Windows that saliency tells apart, over all channels; at least so many a channel.
_WINDOWS, _FEWEST_WINDOWS = 48, 4
# Room beyond the examples' extremes, as a part of their range.
_ROOM = 0.05


class TimeSeriesSpace(Space):
    """Time series. A batch is float32 of shape (n, length, channels) with values in [low, high].

    Args:
        length: points of time.
        channels: values at each of them.
        sampling_rate: points a second; for pictures and names only.
        low: the smallest value.
        high: the largest value.
        decoder: how genes become series. ``"fourier"``: cosines of every frequency, searched from coarse to fine;
            ``"raw"``: a gene a value; ``"splines"``: smooth ones with few genes; ``"phase"``: the spectrum of the
            examples, with other phases.
        examples: series, shape (m, length, channels) or (m, length), in the same range: means, spread and spectrum of
            the prior are learnt from them, and moves borrow their windows and frequency bands.
        gain: fourier, raw, splines: standard deviation of a value under the prior, in half ranges before squashing. By
            default .2, or the examples'.
        decay: fourier: exponent by which amplitudes fall with the frequency, instead of the examples' spectrum.
        knots: splines: control points a channel; by default one for every 8 points of time.
        names: of the channels.

    Raises:
        InvalidArgument, WrongType: if a number makes no sense or an option is not one of this decoder's.
        SpaceError: if the examples have another shape, or values outside the range.

    Values are squashed into the range by tanh, which leaves small ones as they are.
    """

    def __init__(
        self,
        length: int,
        channels: int = 1,
        *,
        sampling_rate: float | None = None,
        low: float = -1.0,
        high: float = 1.0,
        decoder: str = "fourier",
        examples: Any = None,
        gain: float | None = None,
        decay: float | None = None,
        knots: int | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self._shape = SeriesShape.checked(length, channels, low, high)
        self._rate = None if sampling_rate is None else checks.finite("sampling_rate", sampling_rate, 0, exclusive=True)
        self._names = () if names is None else checks.unique_names("names", names)
        if self._names and len(self._names) != self._shape.channels:
            raise InvalidArgument(f"expected {self._shape.channels} names, one a channel, but got {len(self._names)}.")
        self._decoder_name = checks.one_of("decoder", decoder, DECODERS)
        given = {"gain": gain, "decay": decay, "knots": knots}
        options = {name: value for name, value in given.items() if value is not None}
        made = DECODERS[self._decoder_name]
        checks.option_names(f"the decoder {decoder!r}", options, made.OPTIONS)  # type: ignore[attr-defined]  # a class
        self._examples = None if examples is None else self._shape.batch(examples, "examples")
        if self._examples is not None and not len(self._examples):
            raise InvalidArgument("examples must hold at least one series, but they are empty.")
        self._free = None if self._examples is None else self._shape.free(self._examples)
        self._decoder = made(self._shape, self._free, **options)
        self.variables = {"genes": Real(self._decoder.genes)}

    @classmethod
    def from_examples(cls, examples: Any, **options: Any) -> Self:
        """A space of series like these: length, channels and range are theirs, with a little room.

        Args:
            examples: series, shape (m, length, channels) or (m, length).
            options: as of the class; ``low`` and ``high`` too.
        """
        try:
            found = np.asarray(examples, dtype=np.float64)
        except (TypeError, ValueError):
            raise WrongType(
                f"examples must be an array of series of one length, but they are {shown(examples)}."
            ) from None
        if found.ndim == 2:
            found = found[:, :, None]
        if found.ndim != 3 or not found.size:
            raise InvalidArgument(f"examples must have shape (m, length, channels), but theirs is {found.shape}.")
        if not np.isfinite(found).all():
            raise InvalidArgument(
                "examples must hold finite numbers, but some are NaN or infinite. Fill the gaps first."
            )
        room = _ROOM * max(float(np.ptp(found)), 1e-12)
        ends = {"low": float(found.min()) - room, "high": float(found.max()) + room}
        return cls(found.shape[1], found.shape[2], examples=found, **(ends | options))

    @property
    def length(self) -> int:
        """Points of time."""
        return self._shape.length

    @property
    def channels(self) -> int:
        """Values at each point of time."""
        return self._shape.channels

    @property
    def low(self) -> float:
        """The smallest value."""
        return self._shape.low

    @property
    def high(self) -> float:
        """The largest value."""
        return self._shape.high

    @cached_property
    def latent(self) -> LatentDescription:
        """Real genes, with the stages in which the decoder wants them searched."""
        return replace(super().latent, stages=self._decoder.stages)

    def moves(self) -> Sequence[Move]:
        """Windows and bands of mates and examples, and shifts in time, where the decoder has an exact inverse."""
        return series_moves(self._decoder, self._free) if self._decoder.exact else ()

    def decode(self, values: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Series, float32 of shape (n, length, channels), of ``values["genes"]``, shape (n, genes)."""
        return self._shape.squash(self._decoder.decode(values["genes"]))

    def encode(self, inputs: Any) -> dict[str, Float64]:
        """The genes of the nearest series that the decoder can make.

        Args:
            inputs: one series or n, with or without the axis of a single channel.

        Raises:
            SpaceError: if they have another shape or values outside the range.
        """
        return {"genes": self._decoder.encode(self._shape.free(self._shape.batch(inputs)))}

    def render(self, x: Any) -> list[Block]:
        """One series as a line chart."""
        (series,) = self._shape.batch(x, "one series")
        return [SeriesBlock(series.astype(np.float32), sampling_rate=self._rate, names=self._names)]

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Root mean square differences of the series of two batches, as a part of the range; shape (n, m)."""
        scale = (self.high - self.low) * float(np.sqrt(self.length * self.channels))
        return super().distance(a, b) / scale

    def units(self, x: Any) -> tuple[str, ...]:  # noqa: ARG002  every series of the space has the same
        """The names of windows of each channel, such as ``"0.5-0.75 s, left"``."""
        return tuple(
            window if self.channels == 1 else f"{window}, {self._channel(channel)}"
            for window in (self._window(first, end) for first, end in self._windows())
            for channel in range(self.channels)
        )

    def apply(self, x: Any, units: Sequence[str], masks: NDArray[np.bool_], fill: Any) -> NDArray[np.float32]:
        """Copies of a series in which some windows are those of other series; see :meth:`Space.apply`."""
        windows = self._windows()
        if tuple(units) != self.units(x) or masks.ndim != 2 or masks.shape[1] != len(units):
            raise SpaceError(f"expected a mask of {len(windows) * self.channels} windows a row, as units() names them.")
        by_window = masks.reshape(len(masks), len(windows), self.channels)
        kept = np.repeat(by_window, [end - first for first, end in windows], axis=1)
        (series,) = self._shape.batch(x, "one series")
        found: NDArray[np.float32] = np.where(kept, series.astype(np.float32), np.asarray(fill, dtype=np.float32))
        return found

    def spec(self) -> Spec | None:
        """The arguments that make this space; None where its examples are too many to write down."""
        spec: Spec = {"type": "TimeSeriesSpace", **self._shape._asdict(), "decoder": self._decoder_name}
        spec |= self._decoder.options()
        if self._rate is not None:
            spec["sampling_rate"] = self._rate
        if self._names:
            spec["names"] = list(self._names)
        if self._examples is not None:
            if self._examples.size > _LONGEST_SPEC:
                return None
            spec["examples"] = self._examples.tolist()
        return spec

    def __repr__(self) -> str:
        shape = ", ".join(f"{name}={value:g}" for name, value in self._shape._asdict().items())
        learnt = "" if self._examples is None else f", {len(self._examples):,} examples"
        return f"TimeSeriesSpace({shape}, decoder={self._decoder_name}{learnt})"

    def _windows(self) -> list[tuple[int, int]]:
        count = min(self.length, max(_FEWEST_WINDOWS, _WINDOWS // self.channels))
        edges = np.linspace(0, self.length, count + 1).astype(int).tolist()
        return list(pairwise(edges))

    def _window(self, first: int, end: int) -> str:
        if self._rate is not None:
            return f"{first / self._rate:g}-{end / self._rate:g} s"
        return str(first) if end == first + 1 else f"{first}-{end - 1}"

    def _channel(self, channel: int) -> str:
        return self._names[channel] if self._names else f"channel {channel}"
