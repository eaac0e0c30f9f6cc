"""Does averaging over random shifts find pictures that a model recognises elsewhere, and other models too?

    python benchmarks/robustness.py [--quick]

Digits of scikit-learn at 16 x 16 pixels. Two models are searched, ten support vector machines and a multi-layer
perceptron, both trained on the digits as they stand. Three searches of each class by its margin: plain; plain with as
many queries as the robust one; and robust, each candidate under 4 shifts of up to 2 pixels, at as many candidates as
the first. For the best of each: the share of the 25 shifts by up to 2 pixels under which the model keeps the class, and
the share of five other models, trained otherwise, that see it (transfer). Seeds from 1000 up; the median over seeds of
the mean over classes, lowest and highest.
"""

import argparse
import time
from typing import Any

import numpy as np
from _table import print_json, print_table

import featviz as fv
from featviz.demo.models import DIGIT_SIDE, digits_data

FIRST_SEED, SEEDS, CLASSES = 1000, 3, 10
CANDIDATES, DRAWS, PIXELS = 1_000, 4, 2


def models() -> tuple[dict[str, fv.BlackBox], list[Any]]:
    """The models that are searched, and those that judge."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    pictures, labels = digits_data()
    half = np.random.default_rng(0).permutation(len(labels))
    mine, theirs = half[: len(half) // 2], half[len(half) // 2 :]
    searched = {
        "SVM": OneVsRestClassifier(SVC(C=10.0, gamma=0.01)),
        "MLP": MLPClassifier((100,), max_iter=400, random_state=0),
    }
    judges = [
        SVC(C=10.0, gamma=0.01),
        RandomForestClassifier(200, random_state=0),
        KNeighborsClassifier(5),
        LogisticRegression(max_iter=2000),
        MLPClassifier((60, 60), max_iter=400, random_state=1),
    ]
    boxes = {n: fv.black_box(model.fit(pictures[mine], labels[mine]), name=n) for n, model in searched.items()}
    return boxes, [judge.fit(pictures[theirs], labels[theirs]) for judge in judges]


def kept(box: fv.BlackBox, picture: np.ndarray, digit: int) -> float:
    """The share of shifts under which the digit is the largest output."""
    padded = np.pad(picture, ((PIXELS, PIXELS), (PIXELS, PIXELS), (0, 0)), mode="edge")
    moves = range(2 * PIXELS + 1)
    moved = np.stack([padded[y : y + DIGIT_SIDE, x : x + DIGIT_SIDE] for y in moves for x in moves])
    return float((box(moved).argmax(axis=1) == digit).mean())


def measure(box: fv.BlackBox, judges: list[Any], seeds: int, classes: int) -> dict[str, Any]:
    """Print the table of one model."""
    space = fv.ImageSpace(DIGIT_SIDE, DIGIT_SIDE)
    ways = {
        "plain": (CANDIDATES, lambda goal: goal),
        "plain, as many queries": (CANDIDATES * DRAWS, lambda goal: goal),
        "robust": (CANDIDATES, lambda goal: fv.robust(goal, fv.jitter(PIXELS), draws=DRAWS)),
    }
    rows, report = [], {}
    for name, (budget, of) in ways.items():
        found = np.zeros((3, seeds, classes))
        started = time.perf_counter()
        for s in range(seeds):
            for digit in range(classes):
                goal = of(fv.margin(box, str(digit)))
                run = fv.search(space, goal, budget=budget, seed=FIRST_SEED + s, progress=False)
                picture = run.best.input
                votes = [judge.predict(picture.reshape(1, -1))[0] == digit for judge in judges]
                found[:, s, digit] = kept(box, picture, digit), np.mean(votes), run.ledger["inputs"]
        seconds = (time.perf_counter() - started) / (seeds * classes)
        keeps, transfer = found[:2].mean(axis=2)
        row = [name, int(found[2].mean())]
        for values in (keeps, transfer):
            row += [float(np.median(values)), float(values.min()), float(values.max())]
        rows.append([*row, seconds])
        report[name] = {"kept": float(np.median(keeps)), "transfer": float(np.median(transfer))}
    columns = ["search", "queries", "kept", "lowest", "highest", "transfer", "lowest ", "highest ", "s a run"]
    print_table(f"{box.name}: classes kept under 25 shifts, and seen by five other models", columns, rows)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="one seed, three classes")
    quick = parser.parse_args().quick
    seeds, classes = (1, 3) if quick else (SEEDS, CLASSES)
    boxes, judges = models()
    report: dict[str, Any] = {"benchmark": "robustness", "seeds": seeds, "candidates": CANDIDATES, "draws": DRAWS}
    for name, box in boxes.items():
        report[name] = measure(box, judges, seeds, classes)
    print_json(report)


if __name__ == "__main__":
    main()
