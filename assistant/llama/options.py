"""Settings of one model server: address, model, limits and timeouts."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class LlamaOptions:
    """`url` ends in the folder that holds `chat/completions`, usually `/v1`. All times are in seconds.

    An empty `model` means the first one the server lists; a `context` of 0 asks the server for its size.
    """

    url: str
    model: str = ""
    key: str = field(default="", repr=False)
    context: int = 0
    max_tokens: int = 1024
    temperature: float = 0.6
    connect_seconds: float = 5.0
    first_token_seconds: float = 120.0
    silence_seconds: float = 30.0
    answer_seconds: float = 600.0

    @property
    def host(self) -> str:
        """Host and port for the log, without credentials that the address may hold."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def root(self) -> str:
        """The address above `/v1`, where llama.cpp and Ollama have endpoints of their own."""
        return self.url.removesuffix("/v1")

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request. Compression is refused, as it would buffer the stream."""
        plain = {"Accept-Encoding": "identity"}
        return {**plain, "Authorization": f"Bearer {self.key}"} if self.key else plain
