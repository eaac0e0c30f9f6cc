"""``featviz spaces``, ``optimisers`` and ``check``."""

import pytest

from featviz.cli.main import run_cli

MODULE = """
import featviz as fv

class Fine(fv.Space):
    variables = {"x": fv.Uniform(0, 1, shape=3)}

    def decode(self, values):
        return values["x"]

class Sized(fv.Space):
    def __init__(self, size):
        self.variables = {"x": fv.Real(size)}

    def decode(self, values):
        return values["x"]

    def spec(self):
        return {"type": "authored:Sized", "size": self.latent.real}

class Forgetful(Fine):
    def decode(self, values):
        return values["x"][:-1]

class Stubborn:
    name, accepts, replays, batch_size = "stubborn", frozenset({"real"}), False, 8

    def __init__(self, latent, seed=0, budget=None, start=None):
        self.latent = latent

    def ask(self, n):
        return fv.Latents.of_real(__import__("numpy").ones((n, self.latent.real)))

    def tell(self, latents, scores):
        pass

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "authored.py").write_text(MODULE)
    (tmp_path / "sized.toml").write_text('[space]\ntype = "authored:Sized"\nsize = 4\n')
    (tmp_path / "empty.toml").write_text("[search]\nbudget = 3\n")
    return tmp_path


def called(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        run_cli(list(arguments))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return end.value.code, out, err


def test_what_there_is_is_listed(capsys):
    code, out, _ = called(capsys, "spaces")
    assert code == 0
    assert "ImageSpace" in out
    assert "Pictures." in out
    code, out, _ = called(capsys, "optimisers")
    assert code == 0
    assert out.startswith("auto ")
    assert "[real]" in out
    assert "nevergrad:NAME" in out


@pytest.mark.parametrize(("name", "meant"), [("sepcma", "sep-cma"), ("ImagSpace", "ImageSpace")])
def test_a_misspelt_name_is_looked_up_among_spaces_and_optimisers(capsys, name, meant):
    code, _, err = called(capsys, "check", name)
    assert code == 2
    assert f"no search space and no optimiser '{name}'" in err
    assert f"Did you mean '{meant}'?" in err


@pytest.mark.parametrize("what", ["authored:Fine", "sized.toml"])
def test_a_good_space_is_checked(folder, capsys, what):
    code, out, _ = called(capsys, "check", what)
    assert code == 0
    assert "holds  decodes" in out
    assert "keeps the contract" in out


def test_an_optimiser_is_checked(capsys):
    code, out, _ = called(capsys, "check", "random")
    assert code == 0
    assert "holds  row order" in out


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        ("authored:Forgetful", 2, "one input a latent"),
        ("authored:Stubborn", 1, "different seeds"),
        ("authored:Sized", 2, "write them into the table"),
        ("authored:Fien", 2, "Did you mean 'Fine'"),
        ("ImageSpaec", 2, "Did you mean 'ImageSpace'"),
        ("empty.toml", 2, "no table"),
        ("missing.toml", 2, "missing.toml"),
    ],
)
def test_what_does_not_hold_is_said(folder, capsys, what, code, message):
    found, _, err = called(capsys, "check", what)
    assert message in err
    assert found == code
