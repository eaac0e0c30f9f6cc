"""What does a time-series classifier take for a cylinder, a bell and a funnel?

The three classes of Saito (1994, "Local feature extraction and its application using a library of bases"): noise, and
from one random moment to another a plateau, a rise, or a fall. The classifier is that of ROCKET (Dempster et al. 2020):
random convolutions, the largest response of each and how often it is positive, and a linear model.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import featviz as fv

CLASSES, LENGTH, SIZE = ("cylinder", "bell", "funnel"), 128, 256
rng = np.random.default_rng(0)
kernels = np.zeros((100, SIZE))
for kernel, width, dilation in zip(kernels, rng.choice([7, 9, 11], 100), 2 ** rng.integers(0, 4, 100), strict=True):
    kernel[: width * dilation : dilation] = rng.normal(size=width)
    kernel[: width * dilation : dilation] -= kernel.sum() / width
spectra, biases = np.fft.rfft(kernels), rng.uniform(-1, 1, (100, 1))


def draw(kind: str) -> np.ndarray:
    """One series: an event from ``first`` to ``last``, in noise."""
    time, first = np.arange(LENGTH), rng.integers(16, 33)
    last = first + rng.integers(32, 97)
    rise = {"cylinder": 1.0, "bell": (time - first) / (last - first), "funnel": (last - time) / (last - first)}[kind]
    return (6 + rng.normal()) * ((time >= first) & (time <= last)) * rise + rng.normal(size=LENGTH)


def responses(series: np.ndarray) -> np.ndarray:
    """The largest value of each convolution, and the part of its values above 0; series are (n, length)."""
    found = np.fft.irfft(np.fft.rfft(series, SIZE)[:, None] * spectra)[:, :, :LENGTH] + biases
    return np.hstack([found.max(axis=2), (found > 0).mean(axis=2)])


labels = rng.choice(CLASSES, 600)
series = np.stack([draw(kind) for kind in labels])
model = make_pipeline(FunctionTransformer(responses), StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
model.fit(series[:400], labels[:400])
print(f"right on {model.score(series[400:], labels[400:]):.0%} of 200 new series")

space = fv.TimeSeriesSpace.from_examples(series[:64])
box = fv.black_box(lambda x: model.decision_function(x[:, :, 0]), outputs=list(model.classes_), name="convolutions")
for kind in CLASSES:
    run = fv.search(space, fv.margin(box, kind), budget=2_000, baseline=2_000, out=f"runs/{kind}", progress="none")
    natural = box(series[400:, :, None])[:, box.outputs.index(kind)].max()
    print(kind, f"found {run.best.score:.1f}, best random {run.baseline_best.score:.1f}, largest natural {natural:.1f}")
    print(fv.saliency(space, fv.margin(box, kind), run.best).top(3))
print(fv.build_gallery("runs", "site").absolute().as_uri())
