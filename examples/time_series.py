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

CLASSES, LENGTH = ("cylinder", "bell", "funnel"), 128
rng = np.random.default_rng(0)
kernels = [(rng.normal(size=w), int(2 ** rng.uniform(0, 4)), rng.uniform(-1, 1)) for w in rng.choice([7, 9, 11], 300)]


def draw(kind: str) -> np.ndarray:
    """One series: an event from ``first`` to ``last``, in noise."""
    time, first = np.arange(LENGTH), rng.integers(16, 33)
    last = first + rng.integers(32, 97)
    rise = {"cylinder": 1.0, "bell": (time - first) / (last - first), "funnel": (last - time) / (last - first)}[kind]
    return (6 + rng.normal()) * ((time >= first) & (time <= last)) * rise + rng.normal(size=LENGTH)


def responses(series: np.ndarray) -> np.ndarray:
    """The largest value of each convolution, and the part of its values above 0; series are (n, length)."""
    features = []
    for kernel, dilation, bias in kernels:
        wide = np.zeros((len(kernel) - 1) * dilation + 1)
        wide[::dilation] = kernel - kernel.mean()
        size = LENGTH + len(wide)
        found = np.fft.irfft(np.fft.rfft(series, size) * np.fft.rfft(wide, size), size)[:, :LENGTH] + bias
        features += [found.max(axis=1), (found > 0).mean(axis=1)]
    return np.stack(features, axis=1)


labels = rng.choice(CLASSES, 600)
series = np.stack([draw(kind) for kind in labels])
model = make_pipeline(FunctionTransformer(responses), StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
model.fit(series[:400], labels[:400])
print(f"right on {model.score(series[400:], labels[400:]):.0%} of 200 new series")

space = fv.TimeSeriesSpace.from_examples(series[:64])
box = fv.black_box(lambda x: model.decision_function(x[:, :, 0]), outputs=list(model.classes_), name="convolutions")
for kind in CLASSES:
    run = fv.search(space, fv.margin(box, kind), budget=3_000, baseline=3_000, out=f"runs/{kind}", progress="none")
    natural = box(series[400:, :, None])[:, box.outputs.index(kind)].max()
    print(kind, f"found {run.best.score:.1f}, best random {run.baseline_best.score:.1f}, largest natural {natural:.1f}")
    print(fv.saliency(space, fv.margin(box, kind), run.best).top(3))
print(fv.build_gallery("runs", "site").absolute().as_uri())
