import sqlite3
import sys

import numpy as np
import pytest

import featviz as fv
from featviz.errors import ReplayDivergence, RunDamaged, RunExists, RunLocked, RunMismatch

SPACE = fv.ImageSpace(5, 4)
OPTIMISERS = [
    "auto",
    "sep-cma",
    "snes",
    "full-cma",
    "xnes",
    "cma",
    "random",
    "nevergrad:DE",
    "nevergrad:OnePlusOne",
    "optuna:TPE",
    "optuna:Random",
]


class Interrupting:
    """A box that a person interrupts at its n-th call."""

    def __init__(self, at=None):
        self.left = at

    def __call__(self, pictures):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return -((pictures - 0.7) ** 2).sum(axis=(1, 2, 3)) + pictures[:, 0, 0, 0]


def objective(at=None):
    return fv.maximise(fv.black_box(Interrupting(at), name="box"))


def search(out, at=None, **options):
    settings = {"budget": 90, "baseline": 30, "restarts": 2, "seed": 5, "batch_size": 9, "progress": "none"}
    settings |= {"optimiser": "sep-cma"} | options
    return fv.search(SPACE, objective(at), out=out, **settings)


def latents_of(run):
    return [run.candidate(i).latents.digest() for i in range(len(run.scores))]


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("at", [0, 1, 3, 6])
def test_an_interrupted_run_ends_bit_for_bit_where_it_would_have(tmp_path, optimiser, at):
    whole = search(None, optimiser=optimiser)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", at, optimiser=optimiser)
    part = fv.load(tmp_path / "run")
    assert part.status == "interrupted"
    assert part.evaluations < 90
    np.testing.assert_array_equal(part.scores, whole.scores[: len(part.scores)])
    resumed = search(tmp_path / "run", optimiser=optimiser)
    np.testing.assert_array_equal(resumed.scores, whole.scores)
    assert latents_of(resumed) == latents_of(whole)
    assert resumed.status == "finished"


@pytest.mark.parametrize("optimiser", ["sep-cma", "snes", "nevergrad:DE"])
def test_resuming_after_every_batch_changes_nothing(tmp_path, optimiser):
    whole = search(None, optimiser=optimiser)
    settings = {"budget": 90, "baseline": 30, "restarts": 2, "seed": 5, "batch_size": 9, "optimiser": optimiser}
    for _ in range(100):
        study = fv.Study(SPACE, objective(), out=tmp_path / "run", **settings)
        if study.done:
            break
        study.step()
        study.close()
    np.testing.assert_array_equal(study.close().scores, whole.scores)


def test_an_outstanding_batch_is_asked_for_again(tmp_path):
    with fv.Study(SPACE, objective(), budget=60, out=tmp_path / "run") as study:
        study.step()
        lost = study.ask()
    with fv.Study(SPACE, objective(), budget=60, out=tmp_path / "run") as again:
        assert again.ask().latents.digest() == lost.latents.digest()


def test_a_finished_run_is_given_back_after_two_questions_to_a_box_of_a_script(tmp_path):
    first = search(tmp_path / "run")
    again = search(tmp_path / "run", at=2)
    np.testing.assert_array_equal(first.scores, again.scores)


def test_a_box_that_changed_is_not_given_the_answers_of_the_old_one(tmp_path):
    def look_for(value, **options):
        box = fv.black_box(lambda x: -((x - value) ** 2).sum(axis=(1, 2, 3)), name="same name")
        return fv.search(SPACE, fv.maximise(box), budget=60, out=tmp_path / "run", progress="none", **options)

    look_for(0.2)

    def content():
        # SQLite counts in its file's head how often it was opened for writing, whatever is done then.
        files = [p for p in (tmp_path / "run").rglob("*") if p.is_file() and p.name != "evaluations.sqlite"]
        with sqlite3.connect(tmp_path / "run" / "evaluations.sqlite") as db:
            return {p: p.read_bytes() for p in files} | {"database": list(db.iterdump())}

    before = content()
    for resume in (True, "warm"):
        with pytest.raises(RunMismatch, match="another box"):
            look_for(0.8, resume=resume)
    # A refusal changes nothing: the run is still a finished one.
    assert content() == before
    assert fv.load(tmp_path / "run").status == "finished"
    look_for(0.2)


def test_a_noisy_box_may_go_on(tmp_path):
    rng = np.random.default_rng(0)
    box = fv.black_box(lambda x: x.mean(axis=(1, 2, 3)) + rng.standard_normal(len(x)), name="noisy")
    for budget in (60, 120):
        run = fv.search(SPACE, fv.maximise(box), budget=budget, out=tmp_path / "run", progress="none")
    assert run.evaluations == 120


def test_another_space_without_a_description_is_refused(tmp_path):
    def space(height, width):
        return fv.ImageSpace(
            height, width, decoder=lambda z: z.reshape(-1, height, width, 1) * 0 + 0.5, genes=height * width
        )

    goal = fv.maximise(fv.black_box(lambda x: x.mean(axis=(1, 2, 3)), name="box"))
    fv.search(space(8, 8), goal, budget=40, out=tmp_path / "run", progress="none")
    with pytest.raises(RunMismatch):
        fv.search(space(4, 16), goal, budget=80, out=tmp_path / "run", progress="none")
    with pytest.raises(RunMismatch):
        fv.search(space(9, 9), goal, budget=80, out=tmp_path / "run", progress="none")


@pytest.mark.parametrize("where", ["decode", "ask", "before tell", "after tell", "append"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_anywhere_changes_nothing(tmp_path, monkeypatch, where, error):
    whole = search(None, baseline=0, restarts=1)
    left = [4]

    def trip():
        left[0] -= 1
        if left[0] == 0:
            raise error("here")

    def tripping(function, *, after=False):
        def wrapped(*args, **kwargs):
            if not after:
                trip()
            result = function(*args, **kwargs)
            if after:
                trip()
            return result

        return wrapped

    from featviz.optimisers.sep_cma import SepCma
    from featviz.storage import RunStore

    owner, name, after = {
        "decode": (fv.ImageSpace, "decode_latents", False),
        "append": (RunStore, "append", True),
        "ask": (SepCma, "ask", True),
        "before tell": (SepCma, "tell", False),
        "after tell": (SepCma, "tell", True),
    }[where]
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, tripping(getattr(owner, name), after=after))
        with pytest.raises(error):
            search(tmp_path / "run", baseline=0, restarts=1)
    resumed = search(tmp_path / "run", baseline=0, restarts=1)
    np.testing.assert_array_equal(resumed.scores, whole.scores)
    assert latents_of(resumed) == latents_of(whole)
    assert resumed.reproducible


def test_a_decoder_that_fails_once_leaves_a_study_that_can_be_asked_again(monkeypatch):
    whole = search(None, baseline=0, restarts=1)
    study = fv.Study(SPACE, objective(), budget=90, seed=5, batch_size=9, optimiser="sep-cma")
    study.step()
    with monkeypatch.context() as patched:
        patched.setattr(fv.ImageSpace, "decode_latents", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            study.ask()
    np.testing.assert_array_equal(study.run().scores, whole.scores)


@pytest.mark.parametrize("again", [None, "others"])
def test_references_must_be_the_same_until_all_of_them_are_evaluated(tmp_path, again):
    pictures = np.linspace(0.1, 0.9, 40 * 20, dtype=np.float32).reshape(40, 5, 4, 1)
    whole = search(None, references=pictures, batch_size=8, restarts=1)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", 2, references=pictures, batch_size=8, restarts=1)
    with pytest.raises(RunMismatch, match="40 reference inputs"):
        search(tmp_path / "run", references=None if again is None else pictures[:7], batch_size=8, restarts=1)
    resumed = search(tmp_path / "run", references=pictures, batch_size=8, restarts=1)
    np.testing.assert_array_equal(resumed.scores, whole.scores)


@pytest.mark.parametrize("optimiser", ["auto", "ga"])
def test_a_larger_budget_keeps_what_was_planned_for_the_smaller_one(tmp_path, optimiser):
    options = {"optimiser": optimiser, "batch_size": None, "restarts": 1, "baseline": 0}
    short = search(tmp_path / "run", budget=50, **options)
    longer = search(tmp_path / "run", budget=350, **options)
    fresh = search(None, budget=350, **options)
    assert longer.evaluations == 350
    np.testing.assert_array_equal(longer.scores[:50], short.scores)
    sizes = [run.spec["search"]["batch_size"] for run in (short, longer, fresh)]
    assert sizes[0] == sizes[1]
    if optimiser == "auto":
        names = [run.spec["provenance"]["optimiser"] for run in (short, longer, fresh)]
        assert names == ["turbo", "turbo", "sep-cma"]
        assert sizes[1] != sizes[2]


@pytest.mark.parametrize("optimiser", ["nevergrad:OnePlusOne", "nevergrad:DE", "sep-cma"])
def test_a_larger_budget_repeats_what_was_done_with_the_smaller_one(tmp_path, optimiser):
    short = search(tmp_path / "run", optimiser=optimiser, baseline=0)
    longer = search(tmp_path / "run", optimiser=optimiser, baseline=0, budget=150)
    np.testing.assert_array_equal(longer.scores[:90], short.scores)
    assert longer.evaluations == 150


@pytest.mark.parametrize("optimiser", ["sep-cma", "nevergrad:DE"])
def test_a_run_that_went_on_warm_is_resumed_like_any_other(tmp_path, optimiser):
    common = {"restarts": 1, "baseline": 0, "optimiser": optimiser}
    search(tmp_path / "run", **common)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", 5, budget=200, resume="warm", **common)
    part = fv.load(tmp_path / "run").scores
    assert 90 < len(part) < 200
    done = search(tmp_path / "run", budget=200, **common)
    np.testing.assert_array_equal(done.scores[: len(part)], part)
    assert not done.reproducible


def test_a_run_whose_description_is_cut_short_is_named(tmp_path):
    search(tmp_path / "run")
    (tmp_path / "run" / "run.toml").write_text("format = 1\n")
    for read in (lambda: search(tmp_path / "run"), lambda: fv.load(tmp_path / "run")):
        with pytest.raises(RunDamaged, match=r"no table \[search\]"):
            read()


def test_evaluations_are_counted_on_the_curve_also_after_the_baseline(tmp_path):
    search(tmp_path / "run", restarts=1)
    longer = search(tmp_path / "run", restarts=1, budget=300)
    for candidate in longer.top(5):
        assert 1 <= candidate.evaluation <= 300
        assert longer.history.at(candidate.evaluation) >= candidate.score
    assert longer.history.at(longer.best.evaluation - 1) < longer.best.score
    assert longer.baseline_best.evaluation <= 30


def test_a_study_that_is_closed_early_says_so(tmp_path):
    study = fv.Study(SPACE, objective(), budget=90, out=tmp_path / "run")
    study.step()
    study.close()
    run = fv.load(tmp_path / "run")
    assert (run.status, run.stop_reason) == ("interrupted", "it was closed before its budget was spent")


def test_a_space_that_knows_no_distance_and_cannot_render_still_gives_a_run(tmp_path):
    class Words(fv.Space):
        variables = {"length": fv.Real(2)}

        def decode(self, values):
            return ["x" * int(5 + abs(v[0])) for v in values["length"]]

        def render(self, x):
            raise RuntimeError("no picture of this")

    box = fv.black_box(lambda words: np.array([float(len(w)) for w in words]))
    run = fv.search(Words(), fv.maximise(box), budget=60, out=tmp_path / "run", progress="none")
    assert run.status == "finished"
    assert run.best.input.startswith("xxxxx")
    stored = fv.load(tmp_path / "run")
    assert "could not be rendered" in stored.render(stored.best)[0].text


def test_a_renderer_that_returns_no_blocks_still_gives_a_run(tmp_path):
    class Numbers(fv.Space):
        variables = {"x": fv.Real(2)}

        def decode(self, values):
            return values["x"]

        def render(self, x):
            return "a text"

    box = fv.black_box(lambda x: x[:, 0])
    run = fv.search(Numbers(), fv.maximise(box), budget=20, out=tmp_path / "run", progress="none")
    assert run.status == "finished"
    stored = fv.load(tmp_path / "run")
    assert "must return a list of blocks, but it returned 'a text' (str)" in stored.render(stored.best)[0].text


def test_a_larger_budget_goes_on(tmp_path):
    search(tmp_path / "run", restarts=1)
    longer = search(tmp_path / "run", restarts=1, budget=200)
    assert longer.evaluations == 200
    assert longer.spec["search"]["budget"] == 200
    assert fv.load(tmp_path / "run").spec["search"]["budget"] == 200


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 6}, "seed"),
        ({"optimiser": "snes"}, "optimiser"),
        ({"optimiser_options": {"sigma": 0.5}}, "optimiser_options"),
        ({"restarts": 1}, "restarts"),
        ({"batch_size": 4}, "batch_size"),
    ],
)
def test_another_search_in_the_same_directory_is_refused(tmp_path, change, named):
    search(tmp_path / "run")
    with pytest.raises(RunMismatch, match=named):
        search(tmp_path / "run", **change)
    assert fv.load(tmp_path / "run").evaluations == 90


@pytest.mark.parametrize("optimiser", ["auto", "sep-cma"])
def test_a_run_cannot_name_another_optimiser_to_be_imported(tmp_path, monkeypatch, optimiser):
    (tmp_path / "never_imported_optimiser.py").write_text("imported = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", at=2, optimiser=optimiser)
    spec = tmp_path / "run" / "run.toml"
    head, line, tail = spec.read_text().partition("[provenance]")
    chosen = fv.load(tmp_path / "run").spec["provenance"]["optimiser"]
    spec.write_text(
        head + line + tail.replace(f'optimiser = "{chosen}"', 'optimiser = "never_imported_optimiser:Optimiser"')
    )
    with pytest.raises(RunDamaged, match="names 'never_imported_optimiser:Optimiser' as the optimiser"):
        search(tmp_path / "run", optimiser=optimiser)
    assert "never_imported_optimiser" not in sys.modules


def test_another_space_or_objective_is_refused(tmp_path):
    search(tmp_path / "run")
    for space, goal in [(fv.ImageSpace(4, 5), objective()), (SPACE, -objective())]:
        with pytest.raises(RunMismatch):
            fv.search(space, goal, budget=90, restarts=2, seed=5, batch_size=9, out=tmp_path / "run", progress="none")


def test_a_run_in_which_nothing_was_answered_does_not_stand_in_the_way(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", at=0)
    run = search(tmp_path / "run", seed=77)
    assert run.spec["search"]["seed"] == 77
    np.testing.assert_array_equal(run.scores, search(None, seed=77).scores)


def test_resume_false_refuses_what_is_there(tmp_path):
    search(tmp_path / "run")
    with pytest.raises(RunExists, match="resume=True"):
        search(tmp_path / "run", resume=False)


def test_a_run_that_is_being_written_is_refused(tmp_path):
    with fv.Study(SPACE, objective(), budget=90, out=tmp_path / "run") as study:
        study.step()
        with pytest.raises(RunLocked):
            fv.Study(SPACE, objective(), budget=90, out=tmp_path / "run")
        assert fv.load(tmp_path / "run").status == "running"


def diverge(path):
    """Pretend that the optimiser had asked for something else in the last batch, checksum and all."""
    from featviz.storage.encoding import checksum
    from featviz.storage.store import _COLUMNS, _as_bytes

    with sqlite3.connect(path / "evaluations.sqlite") as db:
        db.execute("DELETE FROM states")
        row = list(db.execute(f"SELECT {_COLUMNS} FROM batches ORDER BY batch DESC LIMIT 1").fetchone())
        reals = np.zeros((row[2], SPACE.latent.real))
        row[-2] = fv.Latents.of_real(reals).digest()
        db.execute(
            "UPDATE batches SET digest = ?, checksum = ?, reals = ? WHERE batch = ?",
            (row[-2], checksum(*map(_as_bytes, row[:-1])), reals.tobytes(), row[0]),
        )
    db.close()


def test_a_replay_that_differs_is_an_error_with_a_way_on(tmp_path):
    search(tmp_path / "run", restarts=1, baseline=0)
    before = fv.load(tmp_path / "run").best.score
    diverge(tmp_path / "run")
    with pytest.raises(ReplayDivergence, match="warm"):
        search(tmp_path / "run", restarts=1, baseline=0, budget=200)
    warm = search(tmp_path / "run", restarts=1, baseline=0, budget=200, resume="warm")
    assert warm.evaluations == 200
    assert warm.best.score >= before
    assert not warm.reproducible
    assert not fv.load(tmp_path / "run").reproducible


def test_a_damaged_evaluation_is_named_and_nothing_is_overwritten(tmp_path):
    search(tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "evaluations.sqlite") as db:
        db.execute("UPDATE batches SET scores = zeroblob(length(scores)) WHERE batch = 1")
    db.close()
    data = (tmp_path / "run" / "evaluations.sqlite").read_bytes()
    with pytest.raises(RunDamaged, match="batch 1"):
        search(tmp_path / "run", budget=200, restarts=2)
    assert (tmp_path / "run" / "evaluations.sqlite").read_bytes() == data
    with pytest.raises(RunDamaged, match="batch 1"):
        fv.load(tmp_path / "run")


def test_own_optimisers_resume_from_their_state_and_not_from_the_beginning(tmp_path, monkeypatch):
    from featviz.optimisers.sep_cma import SepCma

    search(tmp_path / "run", restarts=1, baseline=0)
    asked, ask = [], SepCma.ask
    monkeypatch.setattr(SepCma, "ask", lambda self, n: asked.append(n) or ask(self, n))
    settings = {"budget": 120, "batch_size": 9, "seed": 5, "optimiser": "sep-cma"}
    with fv.Study(SPACE, objective(), out=tmp_path / "run", **settings) as study:
        study.ask()
    assert len(asked) == 1


class DrawsByKey(fv.BlackBox):
    """A noisy box that draws by the number of the batch, as a box should."""

    def __init__(self):
        super().__init__(name="draws by key", outputs=["output"])
        self.key = 0

    def begin_batch(self, key):
        self.key = key

    def answer(self, inputs):
        return inputs.mean(axis=(1, 2, 3)) + np.random.default_rng(self.key).standard_normal(len(inputs))


@pytest.mark.parametrize("replicates", [1, 3])
def test_a_noisy_box_that_draws_by_key_may_go_on(tmp_path, replicates):
    for budget in (60, 120):
        run = fv.search(
            SPACE,
            fv.maximise(DrawsByKey()),
            budget=budget,
            replicates=replicates,
            out=tmp_path / "run",
            progress="none",
        )
    assert 120 - replicates < run.evaluations <= 120  # what is left is too little for one more input


@fv.space
def words(draw):
    return f"{draw.choice('first', 'abcd')}{draw.choice('second', 'efgh')}"


class Rounding(fv.BlackBox):
    """Deterministic, and rounds otherwise in batches of another size, as nets in float32 do."""

    def __init__(self, calls=None):
        super().__init__(name="rounding", outputs=["score"])
        self.left, self.seen = calls, []

    def answer(self, inputs):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        self.seen += inputs
        return np.array([float(sum(map(ord, one)) % 7) for one in inputs]) * (1 + 1e-9 * len(inputs))


def test_what_was_answered_before_an_interruption_is_not_asked_again(tmp_path):
    def search(box, out=None):
        options = {"budget": 120, "batch_size": 7, "optimiser": "random", "progress": "none"}
        return fv.search(words, fv.maximise(box), out=out, noise=False, **options)

    whole = search(Rounding())
    first, second = Rounding(calls=1), Rounding()
    with pytest.raises(KeyboardInterrupt):
        search(first, tmp_path / "run")
    np.testing.assert_array_equal(search(second, tmp_path / "run").scores, whole.scores)
    assert len(set(first.seen)) == len(first.seen) > 0
    # Resuming asks for the first input twice, to see that it is the same box.
    later = second.seen[2:]
    assert len(set(later)) == len(later) > 0
    assert not set(first.seen) & set(later)


def doctor(run, **meta):
    with sqlite3.connect(run / "evaluations.sqlite") as db:
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())


@pytest.mark.parametrize(
    "meta",
    [
        {"first_budget": "0"},
        {"first_budget": "many"},
        {"first_budget": "9" * 5000},
        {"references": "abc def"},
        {"warm_0": "-1"},
        {"asked": "[" * 100_000},
    ],
    ids=str,
)
def test_doctored_facts_are_a_named_error(tmp_path, meta):
    search(tmp_path / "run", restarts=1)
    doctor(tmp_path / "run", **meta)
    with pytest.raises(RunDamaged):
        search(tmp_path / "run", restarts=1, budget=200)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[search]", '[search]\nreplicates = "three"'),
        ("[search]", "[search]\nreplicates = inf"),
        ("[search]", "[search]\nreplicates = [1]"),
        ("optimiser = ", "optimised = "),
        ("objective = ", "objection = "),
    ],
)
def test_a_doctored_description_is_a_named_error(tmp_path, old, new):
    search(tmp_path / "run")
    file = tmp_path / "run" / "run.toml"
    head, table, tail = file.read_text().partition(old if old.startswith("[") else "[provenance]")
    file.write_text(head + (new if old.startswith("[") else table) + tail.replace(old, new))
    with pytest.raises(RunDamaged):
        fv.load(tmp_path / "run")


def test_boxes_that_are_no_list_are_not_counted(tmp_path):
    search(tmp_path / "run")
    run = fv.load(tmp_path / "run")
    run.spec["provenance"]["boxes"] = 5
    assert run.telling_outputs(run.best)
