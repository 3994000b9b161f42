"""Calls of tools that a model asks for, as plain values, and what was wrong with those that cannot be run."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from assistant.llama import arguments

# Calls of one answer. Models that repeat themselves write them without end.
MAX_CALLS = 16


def new_id() -> str:
    """An id for a call that came without one."""
    return f"call_{secrets.token_hex(6)}"


@dataclass(frozen=True, slots=True)
class Call:
    """A complete call of an offered tool. `arguments` is the text of a JSON object, not yet checked by any schema."""

    name: str
    arguments: str
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A call that cannot be run, with its name as far as it is known.

    - "broken": it was closed, and its arguments are no JSON object.
    - "unoffered": no tool of this name was offered, or code was to be run.
    - "truncated": the answer ended inside it: at the token limit where the reason is "length", else by the model.
    """

    kind: Literal["broken", "unoffered", "truncated"]
    name: str = ""


@dataclass(frozen=True)
class Offered:
    """The names of the tools that were offered. `aliases` are other names that models have for some of them.

    No name is guessed: one that is nearly right is not offered.
    """

    names: frozenset[str]
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, names: Iterable[str], aliases: Mapping[str, str] = MappingProxyType({})) -> "Offered":
        """Aliases of tools that are not offered are left out."""
        names = frozenset(names)
        return cls(names, {alias: name for alias, name in aliases.items() if name in names})

    @property
    def words(self) -> frozenset[str]:
        """The names and the aliases."""
        return self.names | self.aliases.keys()

    def call(self, name: str, text: str, call_id: str = "") -> Call | Trouble:
        """The call of `name` with the arguments in `text`, a JSON object, if need be encoded twice."""
        offered = name if name in self.names else self.aliases.get(name)
        if offered is None:
            return Trouble("unoffered", name)
        try:
            return Call(offered, arguments.from_json(text), call_id or new_id())
        except ValueError:
            return Trouble("broken", name)
