"""Which patient is LightGBM surest of? The margin is searched: it still rises where the probability is flat."""

import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.datasets import load_breast_cancer

import featviz as fv

data = load_breast_cancer(as_frame=True)
columns = ["mean radius", "mean texture", "mean concavity", "worst area", "worst smoothness"]
rows: pd.DataFrame = data.data[columns]
labels = data.target_names[data.target]
model = LGBMClassifier(n_estimators=60, n_jobs=1, random_state=0, verbose=-1).fit(rows, labels)

box = fv.black_box(model)
print(box)
space = fv.TabularSpace.from_dataframe(rows)
run = fv.search(
    space, fv.maximise(box, "malignant"), budget=2_000, baseline=1_000, out="runs/malignant", progress="none"
)
print(run.best.input.to_string(index=False))
print(f"margin {run.best.score:.2f}; of the patients at most {box(rows)[:, box.outputs.index('malignant')].max():.2f}")
print(f"probability {model.predict_proba(run.best.input)[0, list(model.classes_).index('malignant')]:.4f}")
