"""Settings of one model server: address, model, limits and timeouts."""

from base64 import b64encode
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit


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
        return self._split()[1] or "the address in LLAMA_URL"

    @property
    def base(self) -> str:
        """The address without credentials: they go into a header, and no log shows them."""
        scheme, host, path = self._split()
        return f"{scheme}://{host}{path}" if host else self.url

    @property
    def root(self) -> str:
        """The address above `/v1`, where llama.cpp, Ollama and others have endpoints of their own."""
        return self.base.removesuffix("/v1")

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request. Compression is refused, as it would buffer the stream.

        A user and password in the address go to the proxy that asks for them; the key stands in llama.cpp's own
        header then: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#api-endpoints.
        """
        headers = {"Accept-Encoding": "identity"}
        key, credentials = self.key.strip(), self._credentials()
        if credentials:
            headers["Authorization"] = f"Basic {b64encode(credentials.encode()).decode()}"
        if key:
            headers["X-Api-Key" if credentials else "Authorization"] = key if credentials else f"Bearer {key}"
        return headers

    def brief(self, tokens: int, seconds: float) -> "LlamaOptions":
        """The same for short answers, always the same ones, that are waited for no longer than that."""
        return replace(
            self,
            max_tokens=tokens,
            temperature=0.0,
            first_token_seconds=min(self.first_token_seconds, seconds),
            answer_seconds=min(self.answer_seconds, seconds),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may show."""
        password = self._credentials().partition(":")[2]
        return tuple(secret for secret in (self.key.strip(), password) if secret)

    @property
    def key_is_sendable(self) -> bool:
        """Whether a header can carry the key: printable, and ASCII."""
        key = self.key.strip()
        return key.isascii() and key.isprintable()

    def _split(self) -> tuple[str, str, str]:
        """Scheme, host with port, and path; an empty host where the address cannot be read."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return "", "", ""
        return parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/")

    def _credentials(self) -> str:
        """`user:password` of the address, decoded; empty without any."""
        try:
            user_info = urlsplit(self.url).netloc.rpartition("@")[0]
        except ValueError:
            return ""
        user, _, password = user_info.partition(":")
        return f"{unquote(user)}:{unquote(password)}" if user_info else ""
