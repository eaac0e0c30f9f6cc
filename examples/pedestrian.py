"""What does OpenCV's pedestrian detector look for? The main search of `featviz demo`, in ten lines of your own."""

import cv2
import numpy as np

import featviz as fv

hog, svm = cv2.HOGDescriptor(), np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector()).ravel()


def person(picture: np.ndarray) -> float:
    window = np.round(picture[:, :, 0] * 255).astype(np.uint8)
    return float(hog.compute(window).ravel() @ svm[:-1] + svm[-1])


box = fv.black_box(person, per_input=True, outputs=["person"])
space = fv.ImageSpace(height=128, width=64)
run = fv.search(space, fv.maximise(box, "person"), budget=12_000, baseline=12_000, out="runs/person")
print(f"best picture {run.best.score:.1f}, best of 12,000 random pictures {run.baseline_best.score:.1f}")
print(fv.build_gallery("runs", "site").absolute().as_uri())
