"""Text that arrives in pieces, read by generators.

Each waits for the characters that it needs, so where the text is cut changes no result.
"""

import re
from collections.abc import Collection, Generator
from typing import TypeAlias, TypeVar

Result = TypeVar("Result")
# A reader in progress: it yields to wait for more text, and returns what it read.
Reading: TypeAlias = Generator[None, None, Result]

# Characters that one reading may take; what takes more is never held back any longer.
LIMIT = 32_768
# Brackets in brackets. Far more than arguments need, and far less than Python's parsers bear.
MAX_DEPTH = 64
# These end a message of Llama: https://github.com/meta-llama/llama-models/blob/main/models/llama3_1/prompt_format.md
ENDS = ("<|eom_id|>", "<|eot_id|>", "<|end_of_text|>", "<|start_header_id|>")

SPACE = re.compile(r"\s*")
OUTSIDE = {'"': re.compile(r'["(){}\[\]<]'), "\"'": re.compile(r"[\"'(){}\[\]<]")}
INSIDE = {quote: re.compile(rf"[{quote}\\<]") for quote in "\"'"}


class EndedError(Exception):
    """The text, or the model's message, ended inside what was being read."""


class TooLongError(Exception):
    """What is being read is longer than LIMIT, or nested deeper than MAX_DEPTH."""


class Source:
    """The text from the beginning of what is being read. `at` is the next character; nothing is `ended` yet."""

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.ended = False

    def add(self, text: str) -> None:
        """The next piece."""
        self.text += text

    def take(self, length: int) -> str:
        """Remove the first `length` characters, and begin to read after them."""
        taken, self.text, self.at = self.text[:length], self.text[length:], 0
        return taken

    def ahead(self, count: int = 1) -> Reading[str]:
        """The next `count` characters, fewer only at the end. Raises TooLongError."""
        if self.at + count > LIMIT:
            raise TooLongError
        while len(self.text) - self.at < count and not self.ended:
            yield
        return self.text[self.at : self.at + count]

    def run(self, characters: re.Pattern[str]) -> Reading[str]:
        """The longest run of `characters`, which matches also nothing. Raises TooLongError."""
        begin = self.at
        while found := characters.match(self.text, self.at):
            self.at = found.end()
            if self.at > LIMIT:
                raise TooLongError
            if self.at < len(self.text) or self.ended:
                break
            yield
        return self.text[begin : self.at]

    def space(self) -> Reading[str]:
        """Any white space. Raises TooLongError."""
        return (yield from self.run(SPACE))

    def choice(self, options: Collection[str]) -> Reading[str]:
        """Read the longest of `options` that comes next; empty when none does, as soon as that is certain."""
        longest = max(map(len, options), default=0)
        while True:
            here = self.text[self.at : self.at + longest]
            if self.ended or not any(len(one) > len(here) and one.startswith(here) for one in options):
                found = max((one for one in options if here.startswith(one)), key=len, default="")
                self.at += len(found)
                return found
            yield

    def ends_in(self, options: Collection[str]) -> bool:
        """Whether the text has ended here, or inside one of `options`, which is then read."""
        rest = self.text[self.at :]
        ended = self.ended and any(one.startswith(rest) for one in options)
        if ended:
            self.at = len(self.text)
        return ended

    def value(self, quotes: str = '"') -> Reading[str]:
        """What begins here with a bracket or one of `quotes`, to its end. Raises EndedError, TooLongError.

        Brackets are counted, whatever their kind: what stands between the first and the last is for a parser.
        """
        begin, depth, quote = self.at, 0, ""
        while True:
            pattern = INSIDE[quote] if quote else OUTSIDE[quotes]
            found = pattern.search(self.text, self.at, LIMIT)
            if found is None:
                self.at = min(len(self.text), LIMIT)
                if self.at == LIMIT:
                    raise TooLongError
                if self.ended:
                    raise EndedError
                yield
                continue
            self.at = found.start()
            mark = found.group()
            if mark == "<":
                if (yield from self.choice(ENDS)):
                    raise EndedError
                self.at += 1
            elif mark == "\\":
                if len((yield from self.ahead(2))) < 2:
                    self.at = len(self.text)
                    raise EndedError
                self.at += 2
            else:
                self.at += 1
                if quote:
                    quote = ""
                elif mark in quotes:
                    quote = mark
                else:
                    depth += 1 if mark in "({[" else -1
                if depth > MAX_DEPTH:
                    raise TooLongError
                if not quote and depth <= 0:
                    return self.text[begin : self.at]
