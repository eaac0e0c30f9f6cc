"""Which words does a text classifier take for statistics, for signal processing, for optimisation?

The texts are real: the sentences of SciPy's own documentation, by sub-package. The model counts words and pairs of
words (TF-IDF) and weighs them by logistic regression. The space learns from the same sentences which word follows
which, so what is found reads like them.
"""

import importlib
import re

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import featviz as fv

PACKAGES = ("stats", "signal", "optimize", "linalg")


def sentences(package: str) -> list[str]:
    """The sentences of a package's docstrings, in lower case, without formulas and examples."""
    module = importlib.import_module(f"scipy.{package}")
    documents = [getattr(getattr(module, name), "__doc__", None) or "" for name in module.__all__]
    found = [re.split(r"[.:]\s|\n\n", document.partition("Examples\n")[0]) for document in documents]
    words = [re.findall(r"[a-z]{2,}", sentence.lower()) for part in found for sentence in part]
    return sorted({" ".join(sentence) for sentence in words if 5 <= len(sentence) <= 40})


texts = {package: sentences(package) for package in PACKAGES}
everything = [text for part in texts.values() for text in part]
labels = [package for package, part in texts.items() for _ in part]
model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2), LogisticRegression(C=10, max_iter=300))
model.fit(everything[::2], labels[::2])
print(f"right on {model.score(everything[1::2], labels[1::2]):.0%} of {len(labels) // 2:,} other sentences")

words = sorted({word for text in everything for word in text.split()})
box = fv.black_box(model.decision_function, outputs=list(model.classes_), name="topics")
for package in PACKAGES:
    space = fv.TokenSpace(words, 8, as_text=True, examples=everything, banned=[w for w in (package,) if w in words])
    goal = fv.margin(box, package)
    run = fv.search(space, goal, budget=3_000, baseline=3_000, out=f"runs/{package}", progress="none")
    natural = max(texts[package], key=lambda text: goal.score([box([text])], None)[0])
    print(f"\n{package}: found {run.best.score:.1f}, best random {run.baseline_best.score:.1f}: {run.best.input}")
    print(f"most typical sentence: {natural}")
    print(fv.saliency(space, goal, run.best, budget=200).top(3))
print(fv.build_gallery("runs", "site").absolute().as_uri())
