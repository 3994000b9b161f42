"""Progress in a terminal: a line for each step, and a bar for what takes long."""

import sys
import time
from typing import TextIO

BAR = 30
# In a terminal, speed and time left stand on the line too, and it must not wrap at 80 characters.
LIVE_BAR = 16
REDRAW_SECONDS = 0.2
# A speed that was measured for less says nothing.
MEASURED_SECONDS = 1.0
CLEAR_TO_END = "\x1b[K"


class Terminal:
    """The operator's output. A terminal redraws a bar in place; a file gets a line for each tenth."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out
        self.live = out.isatty()
        self._shown = -1
        self._drawn_at = 0.0
        self._total = 0
        self._since = (0.0, 0)

    def line(self, text: str = "") -> None:
        """Write one line at once."""
        self.out.write(text + "\n")
        self.out.flush()

    def bar(self, done: int, total: int) -> None:
        """Show that `done` of `total` bytes are present, and how fast more come."""
        now = time.monotonic()
        if total != self._total or done < self._since[1]:
            self._total, self._since, self._shown = total, (now, done), -1
        percent = 100 * done // total if total else 100
        step = percent if self.live else percent // 10
        due = self.live and now - self._drawn_at > REDRAW_SECONDS and percent < 100
        if step == self._shown and not due:
            return
        self._shown, self._drawn_at = step, now
        width = LIVE_BAR if self.live else BAR
        full = width * percent // 100
        text = f"  [{'#' * full}{'.' * (width - full)}] {percent:3d} %  {done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
        text += self._speed(now, done, total)
        self.out.write(f"\r{text}{CLEAR_TO_END}" + ("\n" if done >= total else "") if self.live else text + "\n")
        self.out.flush()

    def _speed(self, now: float, done: int, total: int) -> str:
        """How fast the bytes come, and the time left."""
        seconds, came = now - self._since[0], done - self._since[1]
        if seconds < MEASURED_SECONDS or not came:
            return ""
        left = f", {duration((total - done) * seconds / came)} left" if done < total else ""
        return f"  {came / seconds / 1e6:,.1f} MB/s{left}"


def duration(seconds: float) -> str:
    """`seconds` as an operator reads them, such as "1:05" or "2:01:05"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
