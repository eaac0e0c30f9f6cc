"""Boxes of a resumed run: whether they still answer as they did, and what they answered."""

import numpy as np

from featviz.errors import RunMismatch
from featviz.evaluation import Evaluator, Status
from featviz.protocols import ScoreFunction, SearchSpace
from featviz.study.history import Records
from featviz.study.session import Session

__all__ = ["check_boxes", "recall"]

# Answers of float32 models differ this much, relative to the largest one, between batches of other sizes.
_TOLERANCE = 1e-3


def check_boxes(
    objective: ScoreFunction, evaluator: Evaluator, space: SearchSpace, session: Session, records: Records
) -> None:
    """Ask again for one stored input where a box has no description that could be compared.

    A function typed into a script may have been changed since the run was made, and nothing in the run's files can
    tell. So the first input that has a score is asked for again, twice: when both answers agree with each other and
    not with the stored one, it is another box. A noisy box disagrees with itself and is let pass.

    Raises:
        RunMismatch: when the box answers differently now.
    """
    scored = np.flatnonzero(records.statuses == Status.OK)
    # A box that calls itself noisy would be let pass anyway, and asking it may be dear.
    known = all(box.spec() is not None or getattr(box, "noisy", None) is True for box in objective.boxes)
    if not len(scored) or known:
        return
    record, row = records.locate(int(scored[0]))
    latents = session.latents_of(records, scored[:1])
    inputs = space.decode_latents(latents)
    # With two keys, so that a box that draws its noise from them disagrees with itself.
    answers = [evaluator.evaluate(inputs, None, latents, key=key, fresh=True) for key in range(2)]
    if any(answer.statuses[0] != Status.OK for answer in answers):
        return
    then, now, again = record.outputs[row], answers[0].outputs[0], answers[1].outputs[0]
    scale = max(1.0, float(np.abs(then).max()))
    steady = np.allclose(now, again, rtol=0, atol=_TOLERANCE * scale)
    if steady and not np.allclose(then, now, rtol=0, atol=_TOLERANCE * scale):
        raise RunMismatch(
            f"{session.path} holds a run of another box: to its input {record.first + row} the box answered "
            f"{np.array2string(then, precision=4, threshold=5)}, and answers "
            f"{np.array2string(now, precision=4, threshold=5)} now. Scores of two boxes cannot be ranked together: "
            "choose another directory."
        )


def recall(evaluator: Evaluator, space: SearchSpace, session: Session, records: Records) -> None:
    """Give the evaluator the answers of earlier sessions.

    So no deterministic box is asked for them again, and it is sent the batches that it would have been sent without the
    interruption: a net may round otherwise in a batch of another size.
    """
    for record in () if evaluator.noisy else records.batches:
        if record.originals is None:  # repeats are asked for anew each time
            inputs = space.decode_latents(session.read_latents([record.batch])[record.batch])
            evaluator.remember(inputs, record.outputs)
