"""Collect the tool calls that a server sends in fields of their own, `delta.tool_calls`.

Servers differ in all but the names of the fields: indexes begin at 0 or 1, or are 0 for every call
(https://github.com/ollama/ollama/issues/15457); ids are missing or repeated; the name comes later than the id;
arguments come whole, in fragments or as an object; a last piece holds nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from assistant.llama import arguments
from assistant.llama.calls import MAX_CALLS, Call, Offered, Trouble
from assistant.llama.source import LIMIT


@dataclass
class _Pieces:
    """What has come of one call."""

    index: int | None
    id: str
    name: str = ""
    fragments: list[str] = field(default_factory=list)
    length: int = 0

    @property
    def text(self) -> str:
        return "".join(self.fragments)

    @property
    def complete(self) -> bool:
        """Whether the arguments are whole already."""
        try:
            return bool(arguments.from_json(self.text))
        except ValueError:
            return False


class NativeCalls:
    """Feed what each delta has under `tool_calls`, then finish. The result is in `calls` and `trouble`."""

    def __init__(self, names: Iterable[str], aliases: Mapping[str, str] = MappingProxyType({})) -> None:
        """`names` are offered to the model; `aliases` are its other names for some of them."""
        self.calls: list[Call] = []
        self.trouble: Trouble | None = None
        """The first call that cannot be run."""
        self._offered = Offered.of(names, aliases)
        self._pieces: list[_Pieces] = []

    @property
    def found(self) -> bool:
        """Whether any call has begun. Servers say "stop" after calls, so the finish reason does not tell."""
        return any(piece.name or piece.id or piece.length for piece in self._pieces)

    def feed(self, deltas: object) -> None:
        """The next list of pieces; what has another form is passed over."""
        for delta in deltas if isinstance(deltas, list) else []:
            if isinstance(delta, dict):
                function = delta.get("function")
                self._add(delta, function if isinstance(function, dict) else {})

    def finish(self, *, length: bool) -> None:
        """The stream has ended, at the token limit if `length`: then nothing is read into missing arguments."""
        given = [piece.id for piece in self._pieces]
        last = self._pieces[-1] if self._pieces else None
        for piece in self._pieces:
            if not (piece.name or piece.id or piece.length):
                continue
            own = piece.id if given.count(piece.id) == 1 else ""
            item = self._item(piece, own, cut=length and piece is last)
            if isinstance(item, Call):
                self.calls.append(item)
            else:
                self.trouble = self.trouble or item

    def _item(self, piece: _Pieces, call_id: str, *, cut: bool) -> Call | Trouble:
        if not piece.name or piece.length > LIMIT:
            return Trouble("truncated" if cut else "broken", piece.name)
        if cut and not piece.complete:
            return Trouble("truncated", piece.name)
        return self._offered.call(piece.name, piece.text.strip() or "{}", call_id)

    def _add(self, delta: dict[str, Any], function: dict[str, Any]) -> None:
        index = delta.get("index") if isinstance(delta.get("index"), int) else None
        call_id, name, values = _text(delta.get("id")), _text(function.get("name")), function.get("arguments")
        piece = self._piece(index, call_id, name)
        if piece is None:
            return
        piece.id, piece.name = piece.id or call_id, piece.name or name
        try:
            text = arguments.encode(values) if isinstance(values, dict) else _text(values)
        except ValueError:
            text = "?"
        piece.length += len(text)
        if piece.length <= LIMIT:
            piece.fragments.append(text)

    def _piece(self, index: int | None, call_id: str, name: str) -> _Pieces | None:
        """The call that a piece belongs to: a known one, or a new one. None where there are too many."""
        for piece in reversed(self._pieces):
            same_index = index is None or piece.index is None or index == piece.index
            same_id = not call_id or not piece.id or call_id == piece.id
            if same_index and same_id and not self._begins(piece, call_id, name):
                return piece
        if len(self._pieces) == MAX_CALLS:
            return None
        self._pieces.append(_Pieces(index, call_id))
        return self._pieces[-1]

    def _begins(self, piece: _Pieces, call_id: str, name: str) -> bool:
        """Whether a piece with this id and name begins another call, although index and id agree."""
        if not name or not piece.name:
            return False
        # Some servers repeat the name with each fragment.
        return name != piece.name or (piece.complete and not (call_id and call_id == piece.id))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
