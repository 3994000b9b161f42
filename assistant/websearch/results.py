"""A query and its results, as typed values: what engines send is cleaned and bounded here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from html import unescape
from typing import Any, Literal
from unicodedata import category
from urllib.parse import unquote, urlsplit

from assistant.websearch.dates import parse_date
from assistant.websearch.errors import EmptyQueryError

Freshness = Literal["day", "week", "month", "year"]
FRESHNESS: tuple[Freshness, ...] = ("day", "week", "month", "year")

# Brave takes no more than 400 characters and 50 words, others cut silently.
QUERY_CHARACTERS = 400
QUERY_WORDS = 50
# Of one engine: more is not read, whatever it sends.
RESULTS = 20
TITLE_CHARACTERS = 200
SNIPPET_CHARACTERS = 500
URL_CHARACTERS = 2000
# What is longer than this is cut before it is looked at.
RAW_CHARACTERS = 5_000

LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,4})?")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# Elements that part words; others, such as <b>, may stand within one.
BREAK = re.compile(r"</?(?:br|p|div|li|ul|ol|tr|td|h[1-6])\b[^<>]*>", re.IGNORECASE)
# Signs that are drawn as nothing but are letters or marks by category: fillers, and variation selectors, in which
# whole messages to a model can be hidden.
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufffc\U000e0000-\U000e0fff]")
NOT_IN_URLS = re.compile(r"[\s\"<>\\^`{|}\x00-\x20\x7f-\xa0]")
# Set by those who count clicks; the page is the same without.
TRACKING = re.compile(
    r"(?:utm_\w*|ga_\w*|hsa_\w*|mtm_\w*|pk_\w*|mc_[ce]id|_?gcl\w*|[a-z]{1,3}clid|dclid|wbraid|gbraid|igshid|igsh|srsltid"
    r"|_ga|_gl|_hs\w+|yclid|ref_src|ref_url|cmpid|s_cid|vero_id|oly_\w+_id|spm|scid)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Query:
    """What is searched for. `language` is as "de" or "pt-br", "" for any; `count` is how many results are wanted."""

    text: str
    language: str = ""
    freshness: Freshness | None = None
    count: int = 10

    @classmethod
    def make(cls, text: str, language: str = "", freshness: str | None = None, count: int = 10) -> "Query":
        """A query within bounds. What is no language or freshness counts as none. Raises EmptyQueryError."""
        words = clean(text, QUERY_CHARACTERS, markup=False).removesuffix("…").split()[:QUERY_WORDS]
        if not any(sign.isalnum() or category(sign) in ("So", "Sm", "Sc") for word in words for sign in word):
            raise EmptyQueryError("nothing to search for")
        code = language.strip().lower().replace("_", "-")
        return cls(
            " ".join(words),
            code if LANGUAGE.fullmatch(code) else "",
            next((known for known in FRESHNESS if known == freshness), None),
            max(1, min(count, RESULTS)),
        )


@dataclass(frozen=True)
class Result:
    """A page that was found. `site` is its host without "www."; `engine` is the one that ranked it best."""

    title: str
    url: str
    snippet: str
    site: str
    date: date | None
    engine: str

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "date": self.date.isoformat() if self.date else None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Result":
        """The result that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        result = cls(**value)
        return replace(result, date=date.fromisoformat(value["date"]) if value["date"] else None)


def read_results(value: object) -> list[Result]:
    """The results that `to_json` wrote, each; none where another version wrote them, or nobody."""
    try:
        return [Result.from_json(one) for one in value] if isinstance(value, list) else []
    except (ValueError, TypeError, KeyError):
        return []


def read_result(
    engine: str, title: object, url: object, snippet: object, when: object = None, now: datetime | None = None
) -> Result | None:
    """A result from the values that an engine sent, cleaned and bounded; None where there is no page to open."""
    address = clean_url(url) if isinstance(url, str) else ""
    if not address:
        return None
    site = site_of(address)
    return Result(
        title=(clean(title, TITLE_CHARACTERS) if isinstance(title, str) else "") or site,
        url=address,
        snippet=clean(snippet, SNIPPET_CHARACTERS) if isinstance(snippet, str) else "",
        site=site,
        date=parse_date(when, now or datetime.now(UTC)),
        engine=engine,
    )


def clean(text: str, length: int, markup: bool = True) -> str:
    """`text` on one line, in at most `length` characters, without what cannot be seen; `markup` removes HTML too."""
    text = text[:RAW_CHARACTERS]
    if markup:
        text = unescape(TAG.sub("", BREAK.sub(" ", _without_comments(text))))
    line = " ".join("".join(map(_seen, UNSEEN.sub("", text))).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def clean_url(text: str) -> str:
    """The address, without tracking and fragment; empty where it is not one of the web, or too long."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return ""
    fine = parts.scheme in ("http", "https") and host and "@" not in parts.netloc
    if not fine or len(text) > URL_CHARACTERS or NOT_IN_URLS.search(text) or clean(text, len(text), False) != text:
        return ""
    return parts._replace(query=_without_tracking(parts.query), fragment="").geturl()


def site_of(url: str) -> str:
    """The host of an address, without "www."."""
    return (urlsplit(url).hostname or "").removeprefix("www.").rstrip(".")


def identity(url: str) -> str:
    """What is the same for all addresses of one page: no scheme, "www.", port, tracking, fragment or last slash."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    query = "&".join(sorted(filter(None, _without_tracking(parts.query).split("&"))))
    path = unquote(parts.path).rstrip("/")
    return f"{site_of(url)}{port}{path}" + (f"?{unquote(query)}" if query else "")


def _without_tracking(query: str) -> str:
    """The parameters that are no tracking, each byte as it was."""
    kept = [pair for pair in query.split("&") if not TRACKING.fullmatch(pair.partition("=")[0])]
    return "&".join(kept)


def _without_comments(text: str) -> str:
    """`text` without comments of HTML, in steps: a pattern would look for each end from each beginning."""
    while (start := text.find("<!--")) >= 0 and (end := text.find("-->", start)) >= 0:
        text = text[:start] + text[end + 3 :]
    return text


def _seen(sign: str) -> str:
    """The character, a space for what parts words, nothing for what cannot be seen or turns the text around."""
    kind = category(sign)
    if kind in ("Cc", "Zl", "Zp"):
        return " "
    return "" if kind in ("Cf", "Cs", "Co", "Cn") and not _is_new(sign, kind) else sign


def _is_new(sign: str, kind: str) -> bool:
    """Whether it is a sign newer than our tables, such as an emoji."""
    return kind == "Cn" and "\U0001f000" <= sign <= "\U0001faff"
