"""Arrays of real numbers: pictures, time series, and an order made of numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import featviz as fv
from sampling.ways import BATCH, Case, Way, featviz, gymnasium, nevergrad, optuna, plain

__all__ = ["PERMUTATION", "PICTURES", "SERIES"]

SIZES = ((28, 28), (128, 64))
LENGTH, PLACES = 256, 20
_EXAMPLES = 200
# optuna takes some seconds for 64 pictures of more pixels.
_MOST_SUGGESTED = 1000

Float64 = NDArray[np.float64]


def _noise(rng: np.random.Generator, *size: int) -> Float64:
    """Noise with a 1/f spectrum in [0, 1], as one writes it by hand."""
    white = np.fft.rfftn(rng.standard_normal((BATCH, *size)), axes=range(1, 1 + len(size)))
    frequencies = [*map(np.fft.fftfreq, size[:-1]), np.fft.rfftfreq(size[-1])]
    squares = sum(np.square(f) for f in np.meshgrid(*frequencies, indexing="ij"))
    white /= np.sqrt(np.maximum(squares, 1.0 / max(size) ** 2))
    made = np.fft.irfftn(white, s=size, axes=range(1, 1 + len(size)))
    return 1 / (1 + np.exp(-made / made.std()))


def _ellipses(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """32 half transparent ellipses a picture, hard edges, not turned."""
    from PIL import Image, ImageDraw

    pictures = []
    for genes in rng.random((BATCH, 32, 6)):
        image = Image.new("RGBA", (width, height))
        for x, y, a, b, grey, opacity in genes:
            layer = Image.new("RGBA", (width, height))
            box = (width * (x - a / 4), height * (y - b / 4), width * (x + a / 4), height * (y + b / 4))
            ImageDraw.Draw(layer).ellipse(box, fill=(*(int(255 * grey),) * 3, int(255 * opacity)))
            image.alpha_composite(layer)
        pictures.append(np.asarray(image.convert("L"), dtype=np.float32)[..., None] / 255)
    return np.stack(pictures)


def _spline(rng: np.random.Generator) -> Float64:
    from scipy.interpolate import make_interp_spline

    knots = np.linspace(0, 1, 32)
    return make_interp_spline(knots, rng.standard_normal((BATCH, 32)), axis=1)(np.linspace(0, 1, LENGTH))


def _array(*shape: int) -> list[Way]:
    """Other libraries, each number by itself: what they offer for pictures and series."""

    def suggest(trial: Any) -> Float64:
        return np.array([trial.suggest_float(f"v{i}", 0, 1) for i in range(int(np.prod(shape)))]).reshape(shape)

    ways = [
        nevergrad(lambda p: p.Array(shape=shape).set_bounds(0, 1), "Array", gather=np.stack),
        gymnasium(lambda spaces: spaces.Box(0, 1, shape), "Box", gather=np.stack),
        plain("numpy, independent", lambda rng: rng.random((BATCH, *shape))),
    ]
    if np.prod(shape) <= _MOST_SUGGESTED:
        ways.append(optuna(suggest, "suggest_float", inputs=8, gather=np.stack))
    return ways


def _pictures(height: int, width: int) -> Case:
    def examples() -> Any:
        return _noise(np.random.default_rng(0), height, width)[..., None]

    def space(decoder: str, **options: Any) -> Way:
        how = " ".join([decoder, *(str(value) for value in options.values())])
        return featviz(lambda: fv.ImageSpace(height, width, decoder=decoder, **options), how)

    return Case(
        f"pictures, {height} x {width}",
        (
            space("dct"),
            space("pixels"),
            space("cppn"),
            space("shapes", kind="ellipses"),
            space("shapes", kind="triangles"),
            space("phase"),
            featviz(lambda: fv.ImageSpace(height, width, decoder="phase", examples=examples()), "phase learnt"),
            *_array(height, width),
            plain("numpy, 1/f noise", lambda rng: _noise(rng, height, width)),
            plain("PIL, 32 ellipses", lambda rng: _ellipses(rng, height, width)),
        ),
        {"ConfigSpace": "no arrays"}
        | ({} if height * width <= _MOST_SUGGESTED else {"optuna": f"not run: {height * width:,} suggestions each"}),
    )


def _series() -> Case:
    def learnt() -> Any:
        return fv.TimeSeriesSpace(
            LENGTH, decoder="phase", examples=2 * _noise(np.random.default_rng(0), LENGTH)[..., None] - 1
        )

    return Case(
        f"time series, {LENGTH}",
        (
            featviz(lambda: fv.TimeSeriesSpace(LENGTH), "fourier"),
            *(featviz(lambda d=d: fv.TimeSeriesSpace(LENGTH, decoder=d), d) for d in ("splines", "raw")),
            featviz(learnt, "phase learnt"),
            *_array(LENGTH),
            plain("numpy, 1/f noise", lambda rng: _noise(rng, LENGTH)),
            plain("scipy, splines", _spline),
        ),
        {"ConfigSpace": "no arrays"},
    )


class Order(fv.Space):
    """An order of 20 things."""

    variables = {"order": fv.Permutation(PLACES)}  # noqa: RUF012  nobody changes it

    def decode(self, values: Any) -> Any:
        return values["order"]


PICTURES = tuple(_pictures(*size) for size in SIZES)
SERIES = (_series(),)
PERMUTATION = (
    Case(
        f"permutation of {PLACES}",
        (
            featviz(Order, "Permutation"),
            nevergrad(lambda p: p.Array(shape=(PLACES,)), "argsort of Array", gather=lambda a: np.argsort(a, axis=1)),
            optuna(
                lambda trial: np.argsort([trial.suggest_float(f"v{i}", 0, 1) for i in range(PLACES)]),
                "argsort of suggest_float",
                gather=np.stack,
            ),
            gymnasium(
                lambda spaces: spaces.Box(0, 1, (PLACES,)), "argsort of Box", gather=lambda a: np.argsort(a, axis=1)
            ),
            plain("numpy, permuted", lambda rng: rng.permuted(np.tile(np.arange(PLACES), (BATCH, 1)), axis=1)),
        ),
        {"ConfigSpace": "no orders"},
    ),
)
