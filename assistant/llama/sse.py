"""Decode server-sent events, including the deviations of real model servers.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation.
Beyond it, these are read:

- an `error:` field, and `data :` with a space
- events with single newlines between: a JSON object ends where the next one begins,
  https://github.com/ggml-org/llama.cpp/issues/14268
- JSON objects without any field, on lines of their own or over several: what servers send that do not stream
"""

from assistant.llama.errors import DecodingError

MAX_EVENT_BYTES = 512 * 1024
BOM = b"\xef\xbb\xbf"
DONE = b"[DONE]"


class EventReader:
    """An incremental decoder: bytes, split anywhere, in; events out.

    Lines end with LF, CR or CRLF and with nothing else: servers send U+2028 and U+0085 raw inside their JSON.
    `stray` is set once a line is no part of an event stream, be it readable or not.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._data: list[bytes] = []
        self._name = b""
        self._after_cr = False
        self._bare = False
        """Whether `_data` is a JSON object that stands in no field."""
        self.stray = False

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The events that `data` completes, each as its name (often empty) and its data.

        Raises DecodingError for an event of more than MAX_EVENT_BYTES.
        """
        data = self._newlines(data)
        self._size += len(data)
        events: list[tuple[bytes, bytes]] = []
        if b"\n" in data:
            *lines, rest = b"".join((*self._pieces, data)).split(b"\n")
            self._pieces = [rest]
            events = self._events(lines)
        else:
            self._pieces.append(data)
        if self._size > MAX_EVENT_BYTES:
            raise DecodingError(f"an event of more than {MAX_EVENT_BYTES} bytes")
        return events

    def close(self) -> list[tuple[bytes, bytes]]:
        """The last event, where the stream ended without the blank line that should close it."""
        rest, self._pieces = b"".join(self._pieces), []
        events = self._events([rest] if rest else [])
        self._end(events)
        return events

    def _newlines(self, data: bytes) -> bytes:
        """`data` with LF as the only line end, also where a CRLF is split between two chunks."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
            self._after_cr = False
        if b"\r" not in data:
            self._after_cr = self._after_cr and not data
            return data
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _events(self, lines: list[bytes]) -> list[tuple[bytes, bytes]]:
        events: list[tuple[bytes, bytes]] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._add(line[6:] if line[5:6] == b" " else line[5:], events)
            elif line:
                self._field(line, events)
            elif not self._bare or self._data[-1].rstrip().endswith(b"}"):
                self._end(events)
        return events

    def _end(self, events: list[tuple[bytes, bytes]]) -> None:
        """The event ends here, if one began."""
        self._size = sum(map(len, self._pieces))
        if self._data:
            events.append((self._name, b"\n".join(self._data)))
        self._data, self._name, self._bare = [], b"", False

    def _add(self, data: bytes, events: list[tuple[bytes, bytes]]) -> None:
        """One line of data. It is an event of its own where a blank line before it is missing."""
        if self._data and (self._bare or (self._data[-1].endswith(b"}") and data.startswith((b"{", DONE)))):
            self._end(events)
        self._data.append(data)
        if data == DONE:
            self._end(events)

    def _field(self, line: bytes, events: list[tuple[bytes, bytes]]) -> None:
        """A line that does not start with `data:`: a comment, an event's name, or a deviation from the format."""
        line = line.removeprefix(BOM)
        name, _, value = line.partition(b":")
        name = name.strip()
        if line.lstrip().startswith(b"{") and (not self._data or self._data[-1].rstrip().endswith(b"}")):
            self._add(line, events)
            self._bare = self.stray = True
        elif name == b"data":
            self._add(value.strip(), events)
        elif name == b"event":
            if self._data and self._name:
                self._end(events)
            self._name = value.strip()
        elif name == b"error":
            self._end(events)
            self._name, self._data = b"error", [value.strip()]
        elif self._bare and name:
            self._data.append(line)
        elif name not in (b"", b"id", b"retry") and line.strip():
            self.stray = True
