"""Progress in a terminal: a line for each step, and a bar for what takes long."""

import sys
from typing import TextIO

BAR = 30


class Terminal:
    """The operator's output. A terminal redraws a bar in place; a file gets a line for each tenth."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out
        self.live = out.isatty()
        self._shown = -1

    def line(self, text: str = "") -> None:
        """Write one line at once."""
        self.out.write(text + "\n")
        self.out.flush()

    def bar(self, done: int, total: int) -> None:
        """Show that `done` of `total` bytes are present."""
        percent = 100 * done // total if total else 100
        step = percent if self.live else percent // 10
        if step == self._shown:
            return
        self._shown = step
        full = BAR * percent // 100
        text = f"  [{'#' * full}{'.' * (BAR - full)}] {percent:3d} %  {done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
        self.out.write(f"\r{text}" + ("\n" if done >= total else "") if self.live else text + "\n")
        self.out.flush()
