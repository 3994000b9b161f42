"""Decode server-sent events, including the deviations of real model servers.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation.
Beyond it, an `error:` field, `data :` with a space, and a bare JSON object on a line are read.
"""

from assistant.llama.errors import DecodingError

MAX_EVENT_BYTES = 512 * 1024


class EventReader:
    """An incremental decoder: bytes, split anywhere, in; events out.

    Lines end with LF, CR or CRLF and with nothing else: servers send U+2028 and U+0085 raw inside their JSON.
    `stray` is set once a line is no part of an event stream.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._data: list[bytes] = []
        self._name = b""
        self._after_cr = False
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
        return self._events([rest, b""])

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
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line:
                self._field(line)
            else:
                self._size = sum(map(len, self._pieces))
                if self._data:
                    events.append((self._name, b"\n".join(self._data)))
                self._data, self._name = [], b""
        return events

    def _field(self, line: bytes) -> None:
        """A line that does not start with `data:`: a comment, an event's name, or a deviation from the format."""
        name, _, value = line.removeprefix(b"\xef\xbb\xbf").partition(b":")
        if name == b"event":
            self._name = value.strip()
        elif name == b"error":
            self._name = b"error"
            self._data.append(value.strip())
        elif name == b"data":
            self._data.append(value.strip())
        elif line.startswith(b"{"):
            self._data.append(line)
        elif name not in (b"", b"id", b"retry"):
            self.stray = True
