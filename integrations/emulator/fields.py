"""Fields of a request's JSON: read by name, with the error of the API where one is missing or of another kind."""

import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Refuse = Callable[[str, str], Exception]


def decoded(value: Any) -> Any:
    """An object or a list may come as a text of JSON, in forms and elsewhere."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def unpacked(value: Any) -> Any:
    """The same with every such text inside read."""
    value = decoded(value)
    if isinstance(value, list):
        return [unpacked(inner) for inner in value]
    if isinstance(value, dict):
        return {name: unpacked(inner) for name, inner in value.items()}
    return value


class Fields:
    """An object of a request. `refuse(why, path)` makes the error; `why` is "missing", "type", or a sentence."""

    def __init__(self, values: Json, refuse: Refuse, path: str = "") -> None:
        self.values = values
        self.path = path
        self._refuse = refuse

    def refuse(self, why: str, name: str = "") -> Exception:
        return self._refuse(why, self.name(name))

    def name(self, name: str) -> str:
        """As Meta names a nested parameter: text['body']."""
        if not name:
            return self.path
        return f"{self.path}['{name}']" if self.path else name

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str, limit: int | None = None, required: bool = True, least: int = 1) -> str:
        """A text of `least` to `limit` characters; "" for one that is absent and may be."""
        value = self.values.get(name)
        if value is None and not required:
            return ""
        if value is None or (value == "" and least and required):
            raise self.refuse("missing", name)
        if not isinstance(value, str):
            # Numbers are taken for ids, as Meta does.
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self.refuse("type", name)
            value = str(value)
        if limit is not None and len(value) > limit:
            raise self.refuse(f"must be at most {limit} characters long.", name)
        return value

    def number(self, name: str) -> float:
        value = self.values.get(name)
        if value is None or value == "":
            raise self.refuse("missing", name)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise self.refuse("type", name) from None

    def part(self, name: str, required: bool = True) -> "Fields":
        """An object inside; an empty one where it is absent and may be."""
        value = self.values.get(name)
        if value is None and required:
            raise self.refuse("missing", name)
        if value is None:
            value = {}
        value = decoded(value)
        if not isinstance(value, dict):
            raise self.refuse("type", name)
        return Fields(value, self._refuse, self.name(name))

    def part_of(self, *names: str) -> "Fields":
        """The same object with these fields only."""
        return Fields({name: self.values[name] for name in names if name in self.values}, self._refuse, self.path)

    def parts(self, name: str, required: bool = True) -> list["Fields"]:
        """A list of objects inside."""
        value = self.values.get(name)
        if value is None and not required:
            return []
        if value is None:
            raise self.refuse("missing", name)
        value = decoded(value)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.refuse("type", name)
        return [Fields(item, self._refuse, f"{self.name(name)}[{number}]") for number, item in enumerate(value)]
