"""MLflow's scoring protocol: ``POST /invocations``.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally
"""

from collections.abc import Mapping, Sequence
from typing import Any

from featviz.black_boxes.functions import DEFAULT_OUTPUT
from featviz.black_boxes.http.addresses import without_query
from featviz.black_boxes.http.json_values import frame_cells, is_frame, plain
from featviz.black_boxes.http.messages import Question, Trouble, encoded
from featviz.black_boxes.http.protocol import Client, WireProtocol, expected, needs_names
from featviz.errors import BoxError
from featviz.protocols import Spec
from featviz.text import visible

__all__ = ["Mlflow"]

_JSON = {"Content-Type": "application/json"}


class Mlflow(WireProtocol):
    """A model that ``mlflow models serve`` or a hosted MLflow scores.

    A data frame is sent as ``dataframe_split``; an array, a list, or a dict of them as ``inputs``. The answer's
    ``predictions`` may be numbers, lists of k numbers, or objects from which the outputs are taken by name.

    Args:
        url: ends in ``/invocations``.
        client: asked for the version of MLflow once; a host without one is no trouble.
        outputs: the names of the k numbers; one, "output", by default.
        params: the model's own ``params``, sent with every request.
    """

    def __init__(
        self, url: str, client: Client, *, outputs: Sequence[str] | None, params: Mapping[str, Any] | None = None
    ) -> None:
        self._url = url
        self._label = without_query(url)
        self._named = outputs is not None
        self.outputs = (DEFAULT_OUTPUT,) if outputs is None else tuple(outputs)
        self._params = None if params is None else plain(params)
        self._version = _version(url, client)

    def questions(self, inputs: Any) -> list[Question]:
        """One request about all of the batch."""
        document: dict[str, Any]
        if is_frame(inputs):
            document = {"dataframe_split": {"columns": plain(list(inputs.columns)), "data": frame_cells(inputs)}}
        elif isinstance(inputs, tuple):
            raise BoxError(f"{self._label} takes a data frame, an array, a list or a dict of them, not a tuple.")
        else:
            document = {"inputs": plain(inputs)}
        if self._params is not None:
            document["params"] = self._params
        return [Question("POST", self._url, encoded(document), _JSON)]

    def read(self, documents: Sequence[Any], inputs: Any) -> Any:  # noqa: ARG002  as every protocol
        """The ``predictions``."""
        (document,) = documents
        found = document.get("predictions") if isinstance(document, Mapping) else None
        if isinstance(found, Mapping):  # a model that answers with a dict of arrays
            if not self._named:
                needs_names(self._label, found)
            return found
        predictions = expected(document, "predictions", list)
        if not self._named:
            needs_names(self._label, predictions[0] if predictions else None)
        return predictions

    def options(self) -> Spec:
        """See :class:`WireProtocol`."""
        return {} if self._params is None else {"params": self._params}

    def provenance(self) -> Mapping[str, str]:
        """The version of MLflow, where the host tells it."""
        return {} if self._version is None else {"mlflow": self._version}


def _version(url: str, client: Client) -> str | None:
    address = url.partition("?")[0].removesuffix("/invocations") + "/version"
    try:
        reply = client.ask_once(Question("GET", address))
    except BoxError:
        return None  # hosted models have no such address; one that is not there at all is noticed when it is asked
    text = "" if isinstance(reply, Trouble) else reply.body[:100].decode("utf-8", "replace").strip()
    return visible(text, 40) if text[:1].isdigit() and " " not in text else None
