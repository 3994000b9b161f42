"""Calls in Python: `[f(a='x'), g()]`, `brave_search.call(query="…")`, and `f(a='x')` behind a mark or on its own line.

Only keywords with literals are arguments, see arguments.py; nothing is evaluated.
"""

import re

from assistant.llama import arguments
from assistant.llama.calls import Trouble
from assistant.llama.candidate import Candidate, Item, NoCallError
from assistant.llama.source import EndedError, Reading

# Tools that Llama was trained with. It calls them unasked, so these are calls even where they are not offered.
BUILT_IN = ("brave_search", "wolfram_alpha")
QUOTES = "\"'"
# How arguments without a keyword begin. None has a place in a call, yet they show that one was meant; but for a dict,
# which may hold all arguments.
LITERALS = "\"'{[-0123456789"
NAME, WORD = re.compile(r"[A-Za-z_][\w.]{0,63}"), re.compile(r"[\w.]*")
IDENTIFIER, BLANK = re.compile(r"\w*"), re.compile(r"[ \t]*")


class PythonCalls:
    """Reads them from the source of `candidate`. All methods raise NoCallError, BrokenError, EndedError, TooLongError.

    `marked`: a mark before it says that it is a call, whatever its name.
    """

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._source = candidate.source
        words = candidate.offered.words
        self._openings = [f"{name}(" for name in words]
        self._bare_openings = [*self._openings, *(f"{name}.call(" for name in {*words, *BUILT_IN})]
        self.initials = frozenset(opening[0] for opening in self._bare_openings)
        """The characters that `bare` may begin with."""

    def bare(self) -> Reading[list[Item]]:
        """A call at the start of a line: servers drop the python tag before it. Nothing follows it on its line."""
        source = self._source
        opening = yield from source.choice(self._bare_openings)
        if not opening:
            raise NoCallError
        begin = source.at - len(opening)
        yield from self._first_argument("\"'{" if opening.endswith(".call(") else "{")
        source.at = begin + len(opening) - 1
        self._candidate.claimed = opening.removesuffix("(").removesuffix(".call")
        yield from source.value(QUOTES)
        end = source.at
        yield from source.run(BLANK)
        if (yield from source.ahead()) not in ("", "\n", "\r", ";", "<"):
            raise NoCallError
        source.at = end
        return self._items(source.text[begin:end])

    def behind_mark(self) -> Reading[list[Item]]:
        """A call that a mark announced, whatever its name."""
        source = self._source
        begin = source.at
        name = yield from source.run(WORD)
        if not (yield from source.ahead()) and any(known.startswith(name) for known in self._bare_openings):
            raise EndedError
        if not NAME.fullmatch(name) or not (yield from source.choice(("(",))):
            raise NoCallError
        yield from self._first_argument(LITERALS)
        source.at = begin + len(name)
        self._candidate.claimed = name = name.removesuffix(".call")
        yield from source.value(QUOTES)
        if self._candidate.knows(name):
            return self._items(source.text[begin : source.at])
        # Perhaps the first line of code.
        self._candidate.over = True
        return [Trouble("unoffered", name)]

    def listed(self, begin: int, *, any_name: bool, marked: bool) -> Reading[list[Item]]:
        """The calls of a list that began at `begin`, from the first one's name."""
        source = self._source
        if any_name:
            name = yield from source.run(WORD)
            if not NAME.fullmatch(name) or not (yield from source.choice(("(",))):
                raise NoCallError
        elif not (name := (yield from source.choice(self._openings))[:-1]):
            raise NoCallError
        known = self._candidate.knows(name)
        yield from self._first_argument(LITERALS if known else "")
        self._candidate.claimed = name if known or marked else None
        source.at = begin
        text = yield from source.value(QUOTES)
        # A link whose words look like a call.
        if (yield from source.ahead()) == "(":
            raise NoCallError
        return self._items(text)

    def _first_argument(self, literals: str) -> Reading[None]:
        """Leave what is no call by its first argument: it has a keyword, or begins with one of `literals`."""
        source = self._source
        yield from source.space()
        if (yield from source.choice((")",))):
            return
        word = yield from source.run(IDENTIFIER)
        yield from source.space()
        sign = yield from source.ahead(2)
        if word.isidentifier() and sign[:1] == "=" and sign != "==":
            return
        if not sign:
            raise EndedError
        if (word or sign)[0] not in literals:
            raise NoCallError

    def _items(self, text: str) -> list[Item]:
        try:
            found = arguments.from_python(text)
        except ValueError:
            self._candidate.refuse()
        return [self._candidate.offered.call(name.removesuffix(".call"), values) for name, values in found]
