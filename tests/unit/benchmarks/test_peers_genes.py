"""The opponent of benchmarks/noise.py: it keeps to the sphere and to its budget, and finds a direction."""

import numpy as np
import pytest
from peers.genes import spherical_cma


@pytest.mark.parametrize("budget", [3000, 500])
def test_finds_a_direction_within_its_budget(budget):
    wanted = np.random.default_rng(1).standard_normal(100)
    wanted /= np.linalg.norm(wanted)
    asked = []

    def ask(rows):
        asked.append(rows)
        return rows @ wanted / 7

    best, base = spherical_cma(ask, lambda: budget - sum(map(len, asked)), 100, 7.0, 0, budget)
    rows = np.concatenate(asked)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 7.0)
    assert budget - 41 < len(rows) <= budget
    assert best @ wanted == pytest.approx((rows @ wanted).max())
    assert base @ wanted / 7 > (0.95 if budget == 3000 else 0.4)
    again, _ = spherical_cma(lambda rows: rows @ wanted, lambda: 100, 100, 7.0, 0, 100)
    assert np.array_equal(again, spherical_cma(lambda rows: rows @ wanted, lambda: 100, 100, 7.0, 0, 100)[0])
