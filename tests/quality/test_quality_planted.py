"""Is a planted answer found, and is random search unable to find it?"""

import numpy as np
import pytest

import featviz as fv


def template(height, width, seed):
    """A smooth picture in [0, 1] that no default could know."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(seed).standard_normal((height, width)), 3)
    return (noise > np.median(noise)).astype(np.float64)


@pytest.mark.parametrize("optimiser", ["auto", "snes", "cma"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_picture_is_found_by_a_matched_filter(optimiser, seed):
    planted = template(16, 16, 100 + seed)
    filter_ = planted - planted.mean()

    def response(pictures):
        return ((pictures[..., 0] - 0.5) * filter_).sum(axis=(1, 2))

    run = fv.search(
        fv.ImageSpace(16, 16), fv.maximise(fv.black_box(response)), budget=3_000, baseline=3_000, seed=seed,
        optimiser=optimiser, progress="none",
    )  # fmt: skip
    most = np.abs(filter_).sum() / 2
    assert run.best.score > 0.93 * most
    assert run.baseline_best.score < 0.5 * most
    found = run.best.input[..., 0]
    assert ((found > 0.5) == (planted > 0.5)).mean() > 0.93


def test_a_planted_patch_is_found_and_nothing_else_is_touched_by_a_penalty():
    def response(pictures):
        return pictures[:, 4:8, 8:12, 0].mean(axis=(1, 2)) - pictures[:, :, :, 0].mean(axis=(1, 2))

    goal = fv.maximise(fv.black_box(response)) - 0.05 * fv.total_variation()
    run = fv.search(fv.ImageSpace(16, 16), goal, budget=4_000, progress="none")
    picture = run.best.input[..., 0]
    inside = picture[4:8, 8:12].mean()
    outside = (picture.sum() - picture[4:8, 8:12].sum()) / (16 * 16 - 16)
    assert inside > 0.85
    assert outside < 0.25


@pytest.mark.slow
def test_the_pedestrian_detector_is_shown_a_person():
    from featviz.demo.models import WINDOW, pedestrian

    run = fv.search(
        fv.ImageSpace(*WINDOW),
        fv.maximise(pedestrian(), "person"),
        budget=6_000,
        baseline=1_000,
        seed=11,
        progress="none",
    )
    assert run.best.score > 12
    assert run.baseline_best.score < 0
