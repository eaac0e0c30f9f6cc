"""featviz.random: the same numbers from the same keys, other numbers from any other."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from featviz.random import Streams

ROOT = Path(__file__).resolve().parents[2]

DRAWS = {
    "standard_normal": lambda rng: rng.standard_normal(50),
    "exponential": lambda rng: rng.standard_exponential(50),
    "random": lambda rng: rng.random(50),
    "random32": lambda rng: rng.random(51, dtype=np.float32),
    "integers64": lambda rng: rng.integers(0, 1000, 50),
    # An odd number of 32-bit draws leaves half of a 64-bit one behind in the generator.
    "integers32": lambda rng: rng.integers(0, 1000, 51, dtype=np.int32),
    "integers8": lambda rng: rng.integers(0, 7, 51, dtype=np.int8),
    "permutation": lambda rng: rng.permutation(51),
    "choice": lambda rng: rng.choice(1000, 17, replace=False),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("before", DRAWS.values(), ids=DRAWS)
def test_a_stream_starts_anew_whatever_was_drawn_before(draw, before):
    expected = draw(Streams(7, 2).at(5))
    streams = Streams(7, 2)
    before(streams.at(9))
    np.testing.assert_array_equal(draw(streams.at(5)), expected)
    before(streams.at(5))
    np.testing.assert_array_equal(draw(streams.at(5)), expected)


def test_streams_do_not_depend_on_the_order_of_calls():
    forwards, backwards = Streams(3), Streams(3)
    there = {i: forwards.at(i).standard_normal(4) for i in range(50)}
    back = {i: backwards.at(i).standard_normal(4) for i in reversed(range(50))}
    for i in range(50):
        np.testing.assert_array_equal(there[i], back[i])


def test_streams_are_numpys_sfc64_from_a_hashed_beginning():
    words = b"".join(number.to_bytes(8, "little") for number in (5, 3))
    beginning = hashlib.blake2b(
        words + (7).to_bytes(16, "little"), digest_size=24, person=b"featviz streams", salt=(1).to_bytes(8, "little")
    ).digest()
    bits = np.random.SFC64()
    state = np.array([*np.frombuffer(beginning, "<u8"), 1], dtype=np.uint64)
    bits.state = {"bit_generator": "SFC64", "state": {"state": state}, "has_uint32": 0, "uinteger": 0}
    np.testing.assert_array_equal(Streams(5, 3).at(7).random(8), np.random.Generator(bits).random(8))


def test_the_numbers_never_change():
    # A run resumed under a later featviz must draw what it drew before.
    raw = Streams(2**64 - 1, 3, 2**40).at(12_345).bit_generator.random_raw(2)
    assert raw.tolist() == [14695151404117150533, 1919060370824102986]


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_streams_are_equal_in_another_process(hash_seed):
    script = "from featviz.random import Streams; print(Streams(11, 4).at(99).standard_normal(3).tobytes().hex())"
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    shown = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == Streams(11, 4).at(99).standard_normal(3).tobytes().hex()


# Pairs that one list of 32-bit words, padded with zeros, would not tell apart; and near ones.
KEYS = [
    (5,), (5, 0), (5, 0, 0), (5, 0, 0, 0), (0, 5), (5, 1), (5, 1, 0), (5, 0, 1), (5, 2**32), (5 + 2**32,),
    (0,), (0, 0), (0, 0, 0, 0, 0), (1,), (2**32,), (0, 1), (2**64 - 1,), (2**63,), (0, 2**32, 0), (0, 0, 0, 1),
]  # fmt: skip


def test_every_key_has_its_own_streams():
    firsts = {key: Streams(*key).at(0).bytes(16) for key in KEYS}
    assert len(set(firsts.values())) == len(KEYS)


def test_every_index_has_its_own_stream():
    streams = Streams(0)
    firsts = {streams.at(i).bytes(16) for i in [*range(5000), *(2**k for k in range(13, 128))]}
    assert len(firsts) == 5000 + 115


@pytest.mark.parametrize("exponent", [0, 1, 8, 20, 40, 62])
def test_streams_are_uncorrelated(exponent):
    n, streams = 20_000, Streams(1)
    a, b = streams.at(3).standard_normal(n), streams.at(3 + 2**exponent).standard_normal(n)
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(n)
    c, d = streams.at(3).bit_generator.random_raw(n), streams.at(3 + 2**exponent).bit_generator.random_raw(n)
    differing = np.unpackbits((c ^ d).view(np.uint8).reshape(n, 8), axis=1).mean(axis=0)
    assert np.abs(differing - 0.5).max() < 5 * 0.5 / np.sqrt(n)


def test_first_draws_across_streams_are_uniform_and_uncorrelated():
    from scipy import stats

    n, streams = 5000, Streams(2)
    firsts = np.array([streams.at(i).random() for i in range(n)])
    assert stats.kstest(firsts, "uniform").pvalue > 1e-3
    for lag in (1, 2, 16):
        assert abs(np.corrcoef(firsts[:-lag], firsts[lag:])[0, 1]) < 4 / np.sqrt(n)


def test_first_draws_across_seeds_are_uniform():
    from scipy import stats

    firsts = [Streams(seed).at(0).random() for seed in range(2000)]
    assert stats.kstest(firsts, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint64, int])
def test_numbers_of_numpy_are_whole_numbers_too(kind):
    np.testing.assert_array_equal(
        Streams(kind(4), kind(1)).at(kind(2**20)).random(3), Streams(4, 1).at(2**20).random(3)
    )


def test_what_is_no_whole_number_is_refused():
    with pytest.raises(TypeError):
        Streams(0).at(1.0)
    with pytest.raises(TypeError):
        Streams(0.0)
    with pytest.raises(ValueError, match="non-negative"):
        Streams(-1)


def test_the_global_state_is_left_alone():
    np.random.seed(0)  # noqa: NPY002  the state that must not move
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    Streams(1).at(2).random(10)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
