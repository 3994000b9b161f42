"""The Hugging Face hub: the address of a model's file, what is known of its content, and what a refusal means."""

import re
from dataclasses import dataclass

import httpx

from web.local.errors import DownloadError

NAME = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*):(?P<file>(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.gguf)", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}")
TIMEOUT = httpx.Timeout(30, connect=10)
# A repository that was renamed redirects.
MAX_REDIRECTS = 5
# What a server says when it may answer later.
BUSY = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Hub:
    """Where models come from, and the token of somebody with an account there."""

    url: str = "https://huggingface.co"
    token: str = ""

    def __str__(self) -> str:
        """The address to show: a password in it is left out."""
        scheme, separator, rest = self.url.partition("://")
        return scheme + separator + rest.rpartition("@")[2]

    def client(self) -> httpx.Client:
        """A client for it. The token goes to the hub alone, not to where it redirects."""
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        return httpx.Client(timeout=TIMEOUT, headers=headers, follow_redirects=True, max_redirects=MAX_REDIRECTS)


@dataclass(frozen=True)
class HubFile:
    """A file of a repository on the hub. Where `sha256` and `size` are given, no other content is taken."""

    repo: str
    file: str
    revision: str = "main"
    sha256: str = ""
    size: int = 0

    def url(self, hub: Hub) -> str:
        """Its address."""
        return f"{hub.url}/{self.repo}/resolve/{self.revision}/{self.file}"


@dataclass(frozen=True)
class Content:
    """What tells the content of a file from another: its size, its hash and its ETag. 0 or "" where unknown."""

    size: int = 0
    sha256: str = ""
    etag: str = ""


class HubBusyError(DownloadError):
    """The connection was cut, or the hub has no time now: the same request may succeed later."""


def hub_file(wanted: str) -> HubFile | None:
    """The file that `hub-user/repo:file.gguf` names; None where `wanted` has another form."""
    match = NAME.fullmatch(wanted)
    return HubFile(match["repo"], match["file"]) if match else None


def ask(client: httpx.Client, remote: HubFile, hub: Hub) -> Content:
    """What the content of `remote` must be: as it is given, and for the rest as the hub says. Raises DownloadError."""
    try:
        response = head(client, remote.url(hub))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise unreachable(hub, error) from error
    if response.status_code in (httpx.codes.METHOD_NOT_ALLOWED, httpx.codes.NOT_IMPLEMENTED):
        return Content(remote.size, remote.sha256)
    if not response.is_redirect:
        check_status(response, remote, hub)
    told = content_of(response)
    if remote.sha256 and told.sha256 not in ("", remote.sha256):
        raise DownloadError(
            f"{hub} has another {remote.file} than the one that Chaski knows. "
            f"To take it all the same, write MODEL={remote.repo}:{remote.file}."
        )
    return Content(remote.size or told.size, remote.sha256 or told.sha256, told.etag)


def head(client: httpx.Client, url: str) -> httpx.Response:
    """The hub's own answer to HEAD: the first that describes a large file, not that of the storage to which it sends.

    Raises httpx.HTTPError.
    """
    request = client.build_request("HEAD", url)
    for _redirect in range(MAX_REDIRECTS):
        response = client.send(request, follow_redirects=False)
        if "X-Linked-ETag" in response.headers or response.next_request is None:
            return response
        request = response.next_request
    raise httpx.TooManyRedirects("Too many redirects.", request=request)


def content_of(response: httpx.Response) -> Content:
    """What the headers of an answer say. A large file is linked, and the ETag of its link is its SHA-256.

    https://huggingface.co/docs/huggingface_hub/package_reference/file_download
    """
    headers = response.headers
    linked = headers.get("X-Linked-ETag", "").removeprefix("W/").strip('"').lower()
    size = headers.get("X-Linked-Size" if linked else "Content-Length", "")
    etag = "" if linked else headers.get("ETag", "")
    return Content(
        size=int(size) if size.isdecimal() and not (response.is_redirect and not linked) else 0,
        sha256=linked if SHA256.fullmatch(linked) else "",
        # A weak one promises no equal bytes.
        etag="" if etag.startswith("W/") else etag,
    )


def check_status(response: httpx.Response, remote: HubFile, hub: Hub) -> None:
    """Raise DownloadError for an answer that refuses the file, with what to do."""
    status, code = response.status_code, response.headers.get("X-Error-Code", "")
    if response.is_success or status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return
    if status in BUSY:
        raise HubBusyError(f"{hub} answered {status} instead of sending {remote.file}. Try again later.")
    if code == "GatedRepo" or status == httpx.codes.FORBIDDEN:
        raise DownloadError(
            f"{hub} gives {remote.repo} only to those who accepted its licence there. "
            f"Accept it at {hub}/{remote.repo}, and set HF_TOKEN to a token of yours."
        )
    if status == httpx.codes.UNAUTHORIZED:
        wrong = "does not take the token in HF_TOKEN" if hub.token else "gives it only to some"
        raise DownloadError(
            f"{hub} has no {remote.repo}, or {wrong}. Look at the name, and set HF_TOKEN to a token of yours."
        )
    if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        revision = "" if remote.revision == "main" else f", revision {remote.revision[:12]},"
        raise DownloadError(
            f"There is no file {remote.file} in {remote.repo}{revision} at {hub}. Look at the name; MODEL=list "
            "shows some that are known."
        )
    raise DownloadError(f"{hub} answered {status} instead of sending {remote.file}. Try another model.")


def unreachable(hub: Hub, error: Exception) -> HubBusyError:
    """The sentence for a hub that does not answer."""
    return HubBusyError(
        f"{hub} cannot be reached ({error or type(error).__name__}). "
        "Look at the network, or name a GGUF file that is here: MODEL=/path/to/model.gguf."
    )
