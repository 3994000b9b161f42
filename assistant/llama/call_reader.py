"""Tell tool calls from words in an answer that arrives in pieces. The dialects stand in dialects.py."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from assistant.llama.calls import MAX_CALLS, Call, Offered, Trouble
from assistant.llama.candidate import BrokenError, Item, NoCallError
from assistant.llama.dialects import CLOSINGS, Dialects
from assistant.llama.fences import Fences
from assistant.llama.source import ENDS, LIMIT, EndedError, Reading, Source, TooLongError

# Where a call may begin inside a line, and what changes whether it may.
PLACES = re.compile(r"[{\[<`\n]")
LINES = re.compile(r"\n")
BLANK = re.compile(r"[ \t\r]*")
# What stands before a part of JSON or code: such a part is no call of its own.
NESTED = re.compile(r"(?:[{\[(=]|[\"'\]}]\s*[:,])\Z")
# White space before a call goes with it; more than so much is shown.
MAX_SPACE = 200
# Longer chunks are read in parts, as each call or brace moves the rest.
PART = 4096


class CallReader:
    """Feed an answer's text, then flush: both return what may be shown. The rest is in `calls` and `trouble`.

    Text is held back only while it may still become a call, and at most LIMIT characters of it. Calls are found at
    the start and after words, but not in code, nor in the midst of other data. After a broken call nothing more is
    read or shown, since nothing says where it ends: what looks like a call there may be a quotation in its arguments.
    The same holds after a call when the model ended its message and goes on, mostly with a result that it made up.

    Give it the text before `<|…|>` tokens are removed, if the server sends them. With nothing offered all is text.
    """

    def __init__(self, names: Iterable[str], aliases: Mapping[str, str] = MappingProxyType({})) -> None:
        """`names` are offered to the model; `aliases` are its other names for some of them."""
        self.calls: list[Call] = []
        self.trouble: Trouble | None = None
        """The first call that cannot be run."""
        self._offered = Offered.of(names, aliases)
        self._source = Source()
        self._dialects = Dialects(self._source, self._offered)
        self._fences = Fences()
        self._shown: list[str] = []
        self._space = ""
        """White space that is shown with the words that follow it."""
        self._before = ""
        self._opening = True
        """Whether the answer has not begun."""
        self._after_call = False
        self._over = False
        self._reading = self._read()
        self._idle = False
        """Whether a piece without any of `_places` can be shown as it is."""
        self._places = PLACES

    @property
    def found(self) -> bool:
        """Whether there was any call, to be run or not."""
        return bool(self.calls) or self.trouble is not None

    def feed(self, text: str) -> str:
        """What may be shown after the next piece."""
        if not self._offered.names:
            return text
        if self._idle and text and not text[-1].isspace() and not self._places.search(text):
            self._before = (self._before + text)[-8:]
            return text
        for start in range(0, len(text), PART):
            self._source.add(text[start : start + PART])
            self._go_on()
        return self._take()

    def flush(self) -> str:
        """What may be shown after the last piece."""
        self._source.ended = True
        self._go_on()
        space = "" if self._after_call else self._space
        self._space = ""
        return self._take() + space

    def _take(self) -> str:
        shown, self._shown = "".join(self._shown), []
        self._places = LINES if self._fences.fence else PLACES
        self._idle = not (self._over or self._source.text or self._space or self._fences.unsettled)
        return shown

    def _go_on(self) -> None:
        if self._over:
            self._source.text = ""
            return
        next(self._reading, None)

    def _read(self) -> Reading[None]:
        while not self._over and (yield from self._source.ahead()):
            if self._show_words():
                yield from self._candidate()

    def _show_words(self) -> bool:
        """Show the text up to where a call may begin; returns whether there is such a place."""
        source, fences = self._source, self._fences
        while text := source.text:
            if fences.at_line_start and not fences.fence:
                blank = BLANK.match(text)
                place = blank.end() if blank else 0
                if text[place : place + 1] in self._dialects.line_initials:
                    self._show(place)
                    return True
            found = (LINES if fences.fence else PLACES).search(text)
            if found is None:
                self._show(len(text))
                return False
            if found.group() in "`\n":
                self._show(found.end())
                continue
            self._show(found.start())
            if not fences.in_code and (found.group() == "<" or not NESTED.search(self._before)):
                return True
            self._show(1)
        return False

    def _candidate(self) -> Reading[None]:
        """What may be a call is read, and is one, or is shown."""
        source, dialects = self._source, self._dialects
        try:
            items = yield from dialects.read(opening=self._opening)
        except NoCallError:
            self._show(max(1, dialects.candidate.settled))
        except BrokenError:
            self._end("broken")
        except TooLongError:
            if dialects.candidate.claimed is None:
                self._show(LIMIT)
            else:
                self._end("broken")
        except EndedError:
            if dialects.candidate.claimed is None and not self._after_call:
                self._show(max(1, source.at))
            else:
                self._end("truncated")
        else:
            yield from self._keep(items)

    def _end(self, kind: Literal["broken", "truncated"]) -> None:
        self.trouble = self.trouble or Trouble(kind, self._dialects.candidate.claimed or "")
        self._over = True

    def _keep(self, items: list[Item]) -> Reading[None]:
        """Keep calls, and read what stands between them and others."""
        for item in items:
            if isinstance(item, Trouble):
                self.trouble = self.trouble or item
            elif len(self.calls) < MAX_CALLS:
                self.calls.append(item)
        self._over = self._dialects.candidate.over or len(self.calls) == MAX_CALLS
        self._space, self._before, self._opening, self._after_call = "", "", False, True
        self._fences.restart()
        self._source.take(self._source.at)
        while not self._over and (mark := (yield from self._between())):
            self._over = mark in ENDS

    def _between(self) -> Reading[str]:
        """One separator, or bracket too many, which is a common slip, or what closes a mark or message; or nothing."""
        source = self._source
        try:
            yield from source.space()
            mark = yield from source.choice((";", ",", "}", "]", *CLOSINGS, *ENDS))
        except TooLongError:
            mark = ""
        cut_off = not mark and source.ends_in((*ENDS, *CLOSINGS))
        source.take(source.at if mark or cut_off else 0)
        return mark

    def _show(self, length: int) -> None:
        """Show the next `length` characters of the source."""
        text = self._source.take(length)
        self._fences.advance(text)
        text = self._space + text
        words = text.rstrip()
        shown = max(len(words), len(text) - MAX_SPACE)
        self._space = text[shown:]
        self._shown.append(text[:shown])
        if words:
            self._before = (self._before + words)[-8:]
            self._opening = self._after_call = False
