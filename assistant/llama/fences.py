"""Where a Markdown text that arrives in pieces holds code: in fences, and between backticks of one line."""

import re

# A fence may stand in a list or a quotation.
MARKERS = r"\s*(?:>\s*|[-*+]\s+|\d{1,9}[.)]\s+)*"
OPENING = re.compile(rf"{MARKERS}(`{{3,}}(?=[^`]*\Z)|~{{3,}})")
UNSETTLED = re.compile(rf"{MARKERS}(?:[`~].*|[-*+]|\d{{1,9}}[.)]?)?\Z")
TICKS = re.compile("`+")
# Characters of a line that are kept: a line that opens or closes a fence is known by them.
HEAD = 120


class Fences:
    """The place that a text has reached: call `advance` with each piece of it."""

    def __init__(self) -> None:
        self.fence = ""
        """The marks that opened the fence around this place; empty outside of one."""
        self.in_ticks = False
        """Whether a backtick of this line is still open."""
        self._head = ""
        self._after_tick = False

    @property
    def at_line_start(self) -> bool:
        """Whether the line has only white space so far."""
        return not self._head or self._head.isspace()

    @property
    def unsettled(self) -> bool:
        """Whether the line may still open or close a fence: then `advance` must get each character."""
        return len(self._head) < HEAD and UNSETTLED.match(self._head) is not None

    @property
    def in_code(self) -> bool:
        """Whether what comes next is part of code."""
        return bool(self.fence) or self.in_ticks

    def advance(self, text: str) -> None:
        """The text goes on."""
        first, *others = text.split("\n")
        self._add(first)
        for line in others:
            self._end_line()
            self._add(line)

    def restart(self) -> None:
        """Something that is no part of the text ended here; what follows counts as a new line."""
        self._head, self.in_ticks, self._after_tick = "", False, False

    def _add(self, text: str) -> None:
        if not text:
            return
        runs = len(TICKS.findall(text)) - (self._after_tick and text[0] == "`")
        self.in_ticks ^= runs % 2 == 1
        self._after_tick = text[-1] == "`"
        if len(self._head) < HEAD:
            self._head = (self._head + text)[:HEAD]

    def _end_line(self) -> None:
        line = self._head
        if self.fence:
            marks = line.lstrip("> \t").rstrip()
            if len(marks) >= len(self.fence) and not marks.strip(self.fence[0]):
                self.fence = ""
        elif opening := OPENING.match(line):
            self.fence = opening.group(1)
        self.restart()
