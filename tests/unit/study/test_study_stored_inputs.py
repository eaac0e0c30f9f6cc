"""Inputs of a space that only its author can make, read back from what was kept with the run."""

import numpy as np
import pytest

import featviz as fv


def found(space, box, folder):
    run = fv.search(space, fv.maximise(fv.black_box(box)), budget=30, out=folder, progress="none")
    again = fv.load(folder)
    assert again.space is None
    return run.best.input, again.best.input, again.render(again.best)


def test_tokens(tmp_path):
    class Tokens(fv.Space):
        variables = {"x": fv.Real(4)}

        def decode(self, values):
            return [[f" w{v:.2f}\u202e" for v in row] for row in values["x"]]

        def render(self, tokens):
            return [fv.TokensBlock(tuple(tokens))]

    first, again, blocks = found(Tokens(), lambda batch: np.array([float(x[0][2:-1]) for x in batch]), tmp_path / "run")
    assert again == first
    assert blocks == [fv.TokensBlock(tuple(first))]


def test_rows_of_a_data_frame(tmp_path):
    pd = pytest.importorskip("pandas")

    class Rows(fv.Space):
        variables = {"age": fv.Real(), "more": fv.Real()}

        def decode(self, values):
            return pd.DataFrame({"age": (40 + 9 * values["age"]).astype(int), "=is rich": values["more"] > 0})

        def render(self, row):
            return [fv.TableBlock(("column", "value"), tuple((str(n), str(row[n].iloc[0])) for n in row.columns))]

        def distance(self, a, b):
            return np.abs(a["age"].to_numpy()[:, None] - b["age"].to_numpy()[None]).astype(float)

    first, again, blocks = found(Rows(), lambda rows: rows["age"].to_numpy(float), tmp_path / "run")
    pd.testing.assert_frame_equal(again, first.reset_index(drop=True))
    assert blocks[0].rows[1] == ("=is rich", str(first["=is rich"].iloc[0]))


def test_parts_with_arrays(tmp_path):
    class Parts(fv.Space):
        variables = {"x": fv.Real(3), "y": fv.Real()}

        def decode(self, values):
            return {"picture": values["x"].astype(np.float32), "pair": (values["y"], list(map(str, values["y"])))}

        def distance(self, a, b):
            return np.abs(a["pair"][0][:, None] - b["pair"][0][None])

    first, again, _ = found(Parts(), lambda batch: batch["picture"].sum(axis=1).astype(float), tmp_path / "run")
    assert again["picture"].dtype == np.float32
    np.testing.assert_array_equal(again["picture"], first["picture"])
    assert again["pair"] == first["pair"]
