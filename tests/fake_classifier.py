"""A scripted classifier over HTTP, as the servers of Prompt Guard speak: it finds orders by their words."""

import re
from time import sleep
from typing import Any

from assistant.guard.classifier import HARMLESS, ORDERS
from tests.scripted_http import Asked, Reply, ScriptedHTTP

ORDER = re.compile(r"\b(?:ignore|disregard|forget|obey)\b", re.IGNORECASE)
# Where each server listens, and what it calls the labels.
SERVERS = {
    "tei": ("/predict", ("LABEL_0", "LABEL_1")),
    "tei named": ("/predict", ("BENIGN", "MALICIOUS")),
    "infinity": ("/classify", ("LABEL_0", "LABEL_1")),
    "vllm": ("/classify", ("0", "1")),
    "sglang": ("/v1/classify", ("0", "1")),
}


class FakeClassifier(ScriptedHTTP):
    """Use it in `with`. `failure` is played in place of a verdict; each takes so many `seconds`.

    At most `most` texts are taken at once, and none with a snowman.
    """

    def __init__(self, server: str = "tei") -> None:
        super().__init__()
        self.server = server
        self.failure: Reply | None = None
        self.score = 0.99
        self.seconds = 0.0
        self.most = 32

    @property
    def judged(self) -> list[str]:
        """What was to be judged, without the trial."""
        known = {*ORDERS, *HARMLESS}
        return [text for asked in self.asked for text in texts_of(asked.body) if text not in known]

    def reply_to(self, asked: Asked) -> Reply:
        path, labels = SERVERS[self.server]
        if asked.path != path:
            return Reply("nothing here", 404)
        sleep(self.seconds)
        texts = texts_of(asked.body)
        if self.failure and set(texts) != {*ORDERS, *HARMLESS}:
            return self.failure
        if len(texts) > self.most or any(len(text) > 510 or "☃" in text for text in texts):
            return Reply({"error": "too many tokens"}, 413)
        scores = [self.score if ORDER.search(text) else 0.01 for text in texts]
        return Reply(self._body(labels, scores))

    def _body(self, labels: tuple[str, str], scores: list[float]) -> Any:
        benign, malicious = labels
        if self.server in ("vllm", "sglang"):
            data = [{"index": n, "label": None, "probs": [1 - p, p], "num_classes": 2} for n, p in enumerate(scores)]
            return {"object": "list", "data": data}
        pairs = [[{"label": malicious, "score": p}, {"label": benign, "score": 1 - p}] for p in scores]
        return pairs if self.server != "infinity" else {"object": "classify", "data": pairs}


def texts_of(body: Any) -> list[str]:
    """The texts in a request, whichever server it is for."""
    return [text for [text] in body["inputs"]] if "inputs" in body else list(body.get("input", []))
