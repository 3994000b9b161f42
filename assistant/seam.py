"""Where an answer that was cut off goes on: what the model writes next becomes one text with what it wrote before."""

import re

# An overlap is looked for in so many characters before the seam. As many may be held back, while they repeat those.
REACH = 2000
# A repetition of fewer characters may be meant.
CERTAIN = 12
# The beginning of the line that was cut off, written once more.
CERTAIN_LINE = 3

FENCE = re.compile(r"\s*(`{3,}|~{3,})([^`\n]*)")
# Letters of scripts that put spaces between words, and digits: not those of Thai, Lao, Burmese, Khmer and East Asia.
SPACED = re.compile(r"(?![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7af\uf900-\ufaff\uff00-\uffef])[^\W_]")


class Seam:
    """Joins the pieces that follow to the text `begun`; nothing is changed where that is empty."""

    def __init__(self, begun: str) -> None:
        self._tail = begun[-REACH:]
        self._fence = open_fence(begun)
        self._line = begun[begun.rfind("\n") + 1 :]
        self._held = ""
        self._joined = not begun

    def feed(self, text: str) -> str:
        """What `text` adds to the answer, as far as that is certain by now."""
        if self._joined:
            return text
        self._held += text
        return "" if self._may_overlap() else self.close()

    def close(self) -> str:
        """What was held back; the seam is closed with it."""
        held, self._held = self._held, ""
        if self._joined or not held:
            return held
        self._joined = True
        return self._join(held)

    def _may_overlap(self) -> bool:
        """Whether more text can still change what is cut off."""
        held = self._held
        if len(held) >= REACH:
            return False
        if not held.strip():
            return True
        if self._fence and held.lstrip()[:1] == self._fence.strip()[0] and "\n" not in held.strip():
            return True
        rest = self._without_fence(held)
        return any(self._tail.startswith(rest, start) for start in range(len(self._tail) - len(rest)))

    def _join(self, text: str) -> str:
        rest = self._without_fence(text)
        if cut := self._overlap(rest):
            return rest[cut:]
        if rest is not text:
            # The block was begun anew, and with it a line, unless the last one was left in the middle.
            return rest if not self._line.strip() or _is_unbalanced(self._line) else f"\n{rest}"
        return f" {text}" if self._needs_space(text) else text

    def _without_fence(self, text: str) -> str:
        """`text` without a line that opens the block that is open already."""
        if not self._fence:
            return text
        found = FENCE.match(text)
        named = found and found[2].strip()
        return text[text.find("\n", found.end()) + 1 :] if found and named and "\n" in text[found.end() :] else text

    def _overlap(self, text: str) -> int:
        """How many characters of `text` repeat the end of what was begun, where that is certain; or 0."""
        bare = self._line.lstrip()
        for line in (self._line, bare):
            if len(bare) >= CERTAIN_LINE and text.startswith(line) and not self._repeats(line):
                return len(line)
        for length in range(min(len(self._tail), len(text)), CERTAIN - 1, -1):
            end = self._tail[-length:]
            at_word = length == len(self._tail) or not (self._tail[-length - 1].isalnum() and end[0].isalnum())
            if at_word and text.startswith(end) and not self._repeats(end):
                return length
        return 0

    def _repeats(self, end: str) -> bool:
        """Whether the text repeated itself already, as a song does: then once more may be meant."""
        before = self._tail[: -len(end)].rstrip()
        return bool(end.strip()) and before.endswith(end.strip())

    def _needs_space(self, text: str) -> bool:
        """Whether a space is missing: models begin their messages without one. In code none is added."""
        last, first = self._tail[-1:], text[0]
        if self._fence or last.isspace() or not SPACED.match(first):
            return False
        if last in ".,:" and self._tail[-2:-1].isdigit() and first.isdigit():
            return False
        return bool(SPACED.match(last)) or last in ".,;:!?)]»”…"


def _is_unbalanced(line: str) -> bool:
    """Whether a line of code ends within brackets or quotes."""
    return any(line.count(opening) > line.count(closing) for opening, closing in ("()", "[]", "{}")) or any(
        line.count(quote) % 2 for quote in "\"'"
    )


def open_fence(text: str) -> str:
    """The line that opens the block of code in which `text` ends; empty where it ends in none."""
    opened, mark = "", ""
    for line in text.split("\n"):
        found = FENCE.match(line)
        if not found:
            continue
        if not mark:
            opened, mark = line, found[1]
        elif found[1].startswith(mark) and not found[2].strip():
            opened, mark = "", ""
    return opened


def excerpt(text: str, size: int) -> str:
    """The end of `text` in about `size` bytes, from the start of a line; an open block of code keeps its first line."""
    data = text.encode(errors="replace")
    if len(data) <= size:
        return text
    end = data[-size:].decode(errors="ignore")
    end = end[end.find("\n") + 1 :] if "\n" in end[: size // 2] else end
    fence = open_fence(text[: len(text) - len(end)])
    return f"{fence}\n{end}" if fence else end
