"""Every kind of space against the contract that plug-in authors run, and the contract against broken spaces."""

import dataclasses

import numpy as np
import pytest

import featviz as fv
from featviz.errors import SpaceError
from featviz.testing import spaces as contract
from featviz.testing.spaces import SpaceContract, check_space


def ramp(genes):
    """A generator with four genes: pictures of 6 x 5, channels last, far outside [0, 1]."""
    rows, columns = np.arange(6)[:, None], np.arange(5)[None, :]
    return np.einsum("n,hw->nhw", genes[:, 0], rows + columns) + genes[:, 1:2, None]


class Rings(fv.Space):
    """A user's own space, with the two required members and an inverse."""

    variables = {"centre": fv.Real(2), "radius": fv.Real()}

    def decode(self, values):
        return np.concatenate([values["centre"], np.exp(values["radius"])[:, None]], axis=1)

    def encode(self, inputs):
        return {"centre": inputs[:, :2], "radius": np.log(inputs[:, 2])}


class Words(fv.Space):
    """Inputs that are no numbers: a list, without encode."""

    variables = {"word": fv.Real()}

    def decode(self, values):
        return [f"word{v:.2f}" for v in values["word"]]

    def distance(self, a, b):
        return np.array([[float(x != y) for y in b] for x in a])


PHOTOS = np.random.default_rng(7).random((6, 9, 12, 3))

CATALOGUE = {
    "digits": lambda: fv.ImageSpace(28, 28),
    "pedestrian": lambda: fv.ImageSpace(128, 64),
    "odd": lambda: fv.ImageSpace(13, 37),
    "row": lambda: fv.ImageSpace(1, 17),
    "column": lambda: fv.ImageSpace(9, 1),
    "one pixel": lambda: fv.ImageSpace(1, 1),
    "rgb": lambda: fv.ImageSpace(16, 12, 3),
    "rgb without colour": lambda: fv.ImageSpace(16, 12, 3, colour="none", decay=2),
    "four channels": lambda: fv.ImageSpace(10, 8, 4, gain=2),
    "two channels, own matrix": lambda: fv.ImageSpace(6, 6, 2, colour=[[1, 0.5], [0, 1]], mean=[0.2, 0.7]),
    "low frequencies": lambda: fv.ImageSpace(48, 64, 3, frequencies=6),
    "frequencies of both sides": lambda: fv.ImageSpace(20, 30, frequencies=(5, 2), decay=0),
    "own spectrum": lambda: fv.ImageSpace(12, 12, spectrum=[1, 2, 3, 0.5]),
    "learnt": lambda: fv.ImageSpace(9, 12, 3, examples=PHOTOS),
    "pixels": lambda: fv.ImageSpace(7, 9, decoder="pixels"),
    "pixels, rgb, other range": lambda: fv.ImageSpace(5, 4, 3, decoder="pixels", low=-1, high=1, gain=3),
    "bytes": lambda: fv.ImageSpace(8, 8, low=0, high=255),
    "narrow range": lambda: fv.ImageSpace(8, 8, low=0.1, high=0.3),
    "cppn": lambda: fv.ImageSpace(28, 28, decoder="cppn"),
    "cppn, rgb, own network": lambda: fv.ImageSpace(
        11, 7, 3, decoder="cppn", hidden=5, layers=3, activations=["relu", "sigmoid", "identity", "sine"], gain=4
    ),
    "cppn of one pixel": lambda: fv.ImageSpace(1, 1, decoder="cppn", hidden=1, layers=1, low=-3, high=5),
    "triangles": lambda: fv.ImageSpace(28, 28, decoder="shapes"),
    "ellipses, rgb, other range": lambda: fv.ImageSpace(
        9, 14, 3, decoder="shapes", kind="ellipses", count=5, low=-1, high=1
    ),
    "one triangle, one pixel": lambda: fv.ImageSpace(1, 1, 2, decoder="shapes", count=1),
    "phase": lambda: fv.ImageSpace(28, 28, decoder="phase"),
    "phase, odd, rgb": lambda: fv.ImageSpace(13, 9, 3, decoder="phase", decay=0.5, mean=[0.3, 0.5, 0.6]),
    "phase, low frequencies": lambda: fv.ImageSpace(40, 30, 2, decoder="phase", frequencies=7, low=0, high=255),
    "phase of a row": lambda: fv.ImageSpace(1, 2, decoder="phase"),
    "phase, own spectra": lambda: fv.ImageSpace(8, 6, 2, decoder="phase", spectrum=[[1, 2, 3], [3, 1]]),
    "phase, learnt": lambda: fv.ImageSpace(9, 12, 3, decoder="phase", examples=PHOTOS),
    "generator": lambda: fv.ImageSpace(6, 5, decoder=ramp, genes=4),
    "generator by name": lambda: fv.ImageSpace(6, 5, decoder=f"{__name__}:ramp", genes=4),
    "own space": Rings,
    "own space of words": Words,
}


@pytest.mark.parametrize("name", CATALOGUE)
class TestCatalogue(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return CATALOGUE[name]()

    # One process for each space would take most of the suite's time; a few kinds stand for all.
    def test_other_process(self, space, name):
        if name in {"rgb", "learnt", "generator by name", "own space", "pixels", "cppn", "triangles", "phase, learnt"}:
            assert space.spec() is not None
            super().test_other_process(space)


def test_check_space_runs_every_check(monkeypatch):
    ran = []
    monkeypatch.setattr(
        contract, "CHECKS", tuple(lambda s, c=c: (ran.append(c.__name__), c(s)) for c in contract.CHECKS)
    )
    check_space(fv.ImageSpace(5, 5))
    methods = [name.replace("test_", "check_") for name in vars(SpaceContract) if name.startswith("test_")]
    assert ran == methods


class Forgetful(Rings):
    def decode(self, values):
        return super().decode(values)[:-1]


class Unsteady(Rings):
    def decode(self, values):
        return super().decode(values) + np.random.default_rng().random()


class Entangled(Rings):
    def decode(self, values):
        found = super().decode(values)
        return found - found.mean(axis=0) if len(found) else found


class Meddling(Rings):
    def decode(self, values):
        values["centre"] *= 2
        return super().decode(values)


class Unchecked(Rings):
    def decode_latents(self, latents):
        return self.decode({"centre": latents.real[:, :2], "radius": latents.real[:, 2]})


class Skewed(Rings):
    def distance(self, a, b):
        return super().distance(a, b) * (1 + np.arange(len(a))[:, None])


class SelfDistant(Rings):
    def distance(self, a, b):
        return super().distance(a, b) + 1


class Raw(Rings):
    def render(self, x):
        return ["<b>html</b>"]


class Lossy(Rings):
    def encode(self, inputs):
        return super().encode(np.round(inputs + 1))


class WrongSpec(Rings):
    def spec(self):
        return fv.ImageSpace(3, 3).spec()


class NotToml(Rings):
    def spec(self):
        return {"type": f"{__name__}:NotToml", "nothing": None}


class Open(Rings):
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


class Dials(fv.Space):
    """A space with a constraint and a move, from which those below are broken."""

    variables = {"dial": fv.Choice(4, [0.4, 0.3, 0.2, 0.1]), "level": fv.Real(2)}

    def decode(self, values):
        return np.column_stack([values["dial"], values["level"]])

    def encode(self, inputs):
        return {"dial": inputs[:, 0].astype(np.int64), "level": inputs[:, 1:]}

    def moves(self):
        return [fv.Move("turn", self.turn)]

    def turn(self, parents, mates, rng):
        children = parents.copy()
        children.categorical[:] = rng.integers(0, 4, children.categorical.shape)
        return children

    def described(self, **changes):
        return dataclasses.replace(super().latent, **changes)


class Joint:
    """A joint prior, given as functions."""

    def __init__(self, sample=None, log_density=None):
        whole = Dials().latent
        self.sample = sample or whole.sample
        self.log_density = log_density or whole.log_prior


class Generous(Dials):
    def prior(self):
        return Joint(lambda rng, n: Dials().latent.sample(rng, n + 1))


class UnsteadyPrior(Dials):
    def prior(self):
        return Joint(lambda rng, n: Dials().latent.sample(np.random.default_rng(), n))


class Vague(Dials):
    latent = property(lambda self: self.described(feasible=lambda latents: [True] * len(latents)))


class Squeezed(Dials):
    def prior(self):
        def sample(rng, n):
            drawn = Dials().latent.sample(rng, n)
            return fv.Latents(drawn.real * 0.7, drawn.categorical)

        return Joint(sample)


class Loaded(Dials):
    def prior(self):
        return Joint(lambda rng, n: fv.Latents(rng.standard_normal((n, 2)), rng.integers(0, 4, (n, 1))))


class Impossible(Dials):
    def prior(self):
        return Joint(log_density=lambda latents: np.full(len(latents), -np.inf))


class Entwined(Dials):
    def prior(self):
        return Joint(log_density=lambda latents: np.full(len(latents), latents.real.sum()))


class Merging(Dials):
    latent = property(
        lambda self: self.described(canonical=lambda latents: fv.Latents(0 * latents.real, latents.categorical))
    )


class Drifting(Dials):
    latent = property(
        lambda self: self.described(canonical=lambda latents: fv.Latents(latents.real + 1e-12, latents.categorical))
    )


class SettlingInPlace(Dials):
    def settle(self, latents):
        latents.real[:] = np.clip(latents.real, -1, 1)
        return latents.copy()

    latent = property(lambda self: self.described(settled=self.settle))


class SettlingTogether(Dials):
    latent = property(
        lambda self: self.described(
            settled=lambda latents: fv.Latents(latents.real / np.abs(latents.real).max(), latents.categorical)
        )
    )


class InPlace(Dials):
    def turn(self, parents, mates, rng):
        parents.real += 1
        return parents.copy()


class Aliasing(Dials):
    def turn(self, parents, mates, rng):
        return parents


class Losing(Dials):
    def turn(self, parents, mates, rng):
        return parents[:-1].copy()


class UnsteadyMove(Dials):
    def turn(self, parents, mates, rng):
        return super().turn(parents, mates, np.random.default_rng())


class Outside(Dials):
    def turn(self, parents, mates, rng):
        children = parents.copy()
        children.categorical[:] += 4
        return children


class NeedsSome(Dials):
    def turn(self, parents, mates, rng):
        return parents[np.full(len(parents), parents.real[:, 0].argmax())]


class OneSided(Dials):
    def prior(self):
        def sample(rng, n):
            drawn = Dials().latent.sample(rng, n)
            return fv.Latents(np.abs(drawn.real), drawn.categorical)

        return Joint(sample)


class NeverFirst(Dials):
    def prior(self):
        def sample(rng, n):
            drawn = Dials().latent.sample(rng, n)
            return fv.Latents(drawn.real, np.maximum(drawn.categorical, 1))

        return Joint(sample)


class Deaf(Dials):
    def apply(self, x, units, masks, fill):
        return super().apply(x, units, np.zeros_like(masks), fill)


class Stubborn(Dials):
    def apply(self, x, units, masks, fill):
        return super().apply(x, units, np.ones_like(masks), fill)


class TwoOfAName(Dials):
    def units(self, x):
        return ("dial", "dial")


class OneCopyOnly(Dials):
    def apply(self, x, units, masks, fill):
        if len(fill) != len(masks):
            raise SpaceError("as many as there are masks")
        return super().apply(x, units, masks, fill)


def _pairs(draw):
    return draw.list("pair", lambda d: (d.choice("a", "xyz"), d.real("b")), 1, 3)


class Records(fv.RecordSpace):
    def __init__(self):
        super().__init__(_pairs)


class Lenient(Records):
    """Decodes whatever record it is given, as well as it can."""

    def decode_latents(self, latents):
        self.latent.check(latents)
        return [self.complete(dict(r or ()), np.random.default_rng(0)) for r in latents.records[:, 0]]


class Stuck(Records):
    """Has one move, which changes nothing."""

    @property
    def latent(self):
        whole = super().latent
        return dataclasses.replace(whole, moves=(fv.Move("wait", lambda parents, mates, rng: parents.copy()),))


def test_the_sound_ones_pass():
    for space in (Dials(), Records()):
        for check in contract.CHECKS:
            if check is not contract.check_other_process:
                check(space)


class Shown(Rings):
    def render(self, x):
        return [
            fv.ImageBlock(np.zeros((1, 1, 1), dtype=np.uint8)), fv.TextBlock("a"), fv.TokensBlock(("a",)),
            fv.TableBlock(("a",), (("b",),)), fv.SeriesBlock(np.zeros((1, 1))),
        ]  # fmt: skip


def test_every_type_of_block_may_be_rendered():
    contract.check_render(Shown())


def test_the_message_names_the_types_of_blocks():
    with pytest.raises(SpaceError, match="ImageBlock, TextBlock, TokensBlock, TableBlock, SeriesBlock"):
        contract.check_render(Raw())


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (Forgetful, contract.check_decodes),
        (Unsteady, contract.check_decodes),
        (Entangled, contract.check_rows_are_independent),
        (Meddling, contract.check_arguments_are_kept),
        (Unchecked, contract.check_wrong_latents_are_refused),
        (Skewed, contract.check_distance),
        (SelfDistant, contract.check_distance),
        (Raw, contract.check_render),
        (Lossy, contract.check_encode),
        (WrongSpec, contract.check_spec),
        (NotToml, contract.check_spec),
        (Unsteady, contract.check_other_process),
        (Open, contract.check_frozen),
        (Lenient, contract.check_wrong_latents_are_refused),
        (Generous, contract.check_samples_are_valid),
        (UnsteadyPrior, contract.check_samples_are_valid),
        (Vague, contract.check_samples_are_valid),
        (Squeezed, contract.check_prior),
        (Loaded, contract.check_prior),
        (Impossible, contract.check_prior),
        (Entwined, contract.check_prior),
        (Merging, contract.check_canonical),
        (Drifting, contract.check_canonical),
        (SettlingInPlace, contract.check_settled),
        (SettlingTogether, contract.check_settled),
        (InPlace, contract.check_moves),
        (Aliasing, contract.check_moves),
        (Losing, contract.check_moves),
        (UnsteadyMove, contract.check_moves),
        (Outside, contract.check_moves),
        (NeedsSome, contract.check_moves),
        (OneSided, contract.check_support),
        (NeverFirst, contract.check_support),
        (Stuck, contract.check_support),
        (Deaf, contract.check_units),
        (Stubborn, contract.check_units),
        (TwoOfAName, contract.check_units),
        (OneCopyOnly, contract.check_units),
    ],
    ids=lambda x: x.__name__,
)
def test_a_broken_space_is_found_out(broken, check):
    with pytest.raises((SpaceError, TypeError, ValueError)):
        check(broken())


def test_a_space_that_cannot_decode_nothing_is_told_so():
    class Stacks(Rings):
        def decode(self, values):
            return np.stack([np.append(centre, 0.0) for centre in values["centre"]])

    with pytest.raises(SpaceError, match="no latents cannot be decoded: ValueError: need at least one array to stack"):
        contract.check_rows_are_independent(Stacks())


def test_a_module_that_prints_as_it_is_imported_does_no_harm(tmp_path, monkeypatch):
    code = "import featviz as fv\nprint('hello', end='')\n@fv.space\ndef numbers(draw):\n    return draw.real('x')\n"
    (tmp_path / "talkative_space.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    contract.check_other_process(contract.space_from_spec({"type": "talkative_space:numbers"}))
