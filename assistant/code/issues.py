"""What Code Shield finds in the code of an answer, as plain values: found, stored with the run, shown at the block."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Literal

# What models write after a fence, by the language of Code Shield that it stands for.
NAMES = {
    "c": "c h",
    "cpp": "c++ cc cpp cxx hpp",
    "csharp": "c# cs csharp",
    "java": "java",
    "javascript": "javascript js jsx mjs node",
    "php": "php",
    "python": "py py3 python python3",
    "rust": "rs rust",
}
LANGUAGES = {name: language for language, names in NAMES.items() for name in names.split()}
MOST_ISSUES_OF_BLOCK = 10
MOST_ISSUES = 30
CWE = re.compile(r"CWE-[0-9]{1,5}")

Severity = Literal["warning", "error"]


@dataclass(frozen=True)
class Issue:
    """One weakness: in the block of that key, at a line counted from 1, 0 where that is not known.

    `cwe` is its number, such as "CWE-95", or empty. Code with an "error" had better not be run.
    """

    block: str
    language: str
    line: int
    cwe: str
    severity: Severity

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


# The issues of an answer, by the keys of its blocks.
Marks = Mapping[str, Sequence[Issue]]


def language_of(info: str) -> str:
    """The language of Code Shield that the words after a fence name; empty where there is none."""
    words = info.split(maxsplit=1)
    return LANGUAGES.get(words[0].lower(), "") if words else ""


def block_key(language: str, code: str) -> str:
    """What tells a block of code from any other, wherever in an answer it stands."""
    return blake2b(f"{language}\0{code}".encode(errors="surrogatepass"), digest_size=12).hexdigest()


def stored_issues(values: Iterable[Mapping[str, Any]] | None) -> list[Issue]:
    """The issues of a row. Fields of another version are dropped."""
    names = Issue.__dataclass_fields__
    return [Issue(**{name: value[name] for name in names}) for value in values or () if names.keys() <= value.keys()]


def marks_of(values: Iterable[Mapping[str, Any]] | None) -> Marks:
    """The same by block."""
    found: dict[str, list[Issue]] = {}
    for issue in stored_issues(values):
        found.setdefault(issue.block, []).append(issue)
    return found
