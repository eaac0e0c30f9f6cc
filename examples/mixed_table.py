"""Whom does a model of the Titanic take for a survivor, and what would a passenger have to change to be one?"""

from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier

import featviz as fv

# The passengers of OpenML's "titanic", of which scikit-learn's own tests carry a copy.
DATA = Path(sklearn.__file__).parent / "datasets/tests/data/openml/id_40945/data-v1-dl-16826755.arff.gz"
NAMES = ["class", "survived", "sex", "age", "siblings", "parents", "fare", "port"]
people = pd.read_csv(DATA, skiprows=17, header=None, names=NAMES, usecols=[0, 1, 3, 4, 5, 6, 8, 10], na_values="?")
rows = people.drop(columns="survived")
rows = rows.assign(**{name: rows[name].astype("category") for name in ("sex", "port")})
rows["class"] = pd.Categorical(rows["class"], categories=[3, 2, 1], ordered=True)
model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(rows, people.survived)
box = fv.black_box(model, name="boosting")

# What the model responds to most, among people who could have been aboard.
space = fv.TabularSpace.from_dataframe(rows)
run = fv.search(space, fv.maximise(box, 1), budget=2_000, baseline=2_000, out="runs/survivor", progress="none")
print(f"log-odds of survival {run.best.score:.2f}, of the best of 2,000 random people {run.baseline_best.score:.2f}")
print(run.best.input.to_string(index=False))

# The fewest changes with which a man of the third class would have been taken for a survivor. He gets no younger, his
# sex is as it is, and more than even odds earn nothing.
man = rows[(rows.sex == "male") & (rows["class"] == 3) & (rows.age == 35)].iloc[[0]]
near = fv.TabularSpace.from_dataframe(
    rows, reference=man, frozen=["sex"], monotone={"age": "increasing"}, constraints=["fare >= 25 or `class` != 1"]
)
flipped = fv.black_box(lambda df: np.minimum(model.decision_function(df), 0.1), name="even odds")
goal = fv.maximise(flipped) - 0.1 * fv.changes(near.reference)
run = fv.search(near, goal, budget=3_000, references=near.reference, out="runs/changes", progress="none")
before, after = (float(model.decision_function(row)[0]) for row in (man, run.best.input))
print(f"log-odds from {before:.2f} to {after:.2f} by", near.changes(run.best.input))
print(fv.build_gallery("runs", "site").absolute().as_uri())
