"""Logs stay small, and an operator hears of trouble only."""

import io
from pathlib import Path

import pytest

from web.local import logs
from web.local.logs import LogWatcher, last_line, rotate
from web.local.progress import Terminal, duration


def test_a_log_makes_room_for_the_next(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "web.log"
    rotate(log)
    for words in ("first", "second", "third"):
        log.write_text(words)
        rotate(log)
    assert [(path.name, path.read_text()) for path in log.parent.iterdir()] == [("web.log.1", "third")]


def test_only_trouble_is_told_and_only_once(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text('all well\n{"level": "ERROR", "message": "no bread"}\nWARNING half a li')
    watcher = LogWatcher(log)
    assert list(watcher.new_warnings()) == ["ERROR no bread"]
    with log.open("a") as file:
        file.write("ne\n")
        file.write("WARNING half a line\nERROR again\n")
    assert list(watcher.new_warnings()) == ["WARNING half a line", "ERROR again"]
    assert list(watcher.new_warnings()) == []


def test_a_log_that_grows_is_put_aside_while_its_server_writes(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    watcher = LogWatcher(log)
    with log.open("a") as server:
        for _ in range(3):
            server.write("x" * (logs.MAX_BYTES // 2) + "\n")
            server.flush()
            assert list(watcher.new_warnings()) == []
        server.write("ERROR after that\n")
        server.flush()
        assert list(watcher.new_warnings()) == ["ERROR after that"]
    assert log.stat().st_size < logs.MAX_BYTES
    assert log.with_suffix(".log.1").stat().st_size > logs.MAX_BYTES


def test_a_line_longer_than_a_log_may_be_does_not_stop_the_watch(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("x" * (2 * logs.MAX_BYTES) + "\nERROR after that\n")
    watcher = LogWatcher(log)
    told = [line for _ in range(4) for line in watcher.new_warnings()]
    assert told == ["ERROR after that"]


def test_the_new_log_of_a_server_that_was_started_again_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "painter.log"
    log.write_text("ERROR a long way before the end\n")
    watcher = LogWatcher(log)
    assert list(watcher.new_warnings()) == ["ERROR a long way before the end"]
    rotate(log)
    log.write_text("ERROR new\n")
    assert list(watcher.new_warnings()) == ["ERROR new"]


def test_the_last_words_of_a_server_are_found(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("x" * 10_000 + '\n{"level": "ERROR", "message": "no bread"}\n\n')
    assert last_line(log) == "ERROR no bread"
    log.write_text("")
    assert last_line(log) == ""


def test_a_file_gets_a_line_for_each_tenth_of_a_download() -> None:
    out = io.StringIO()
    terminal = Terminal(out)
    for done in range(0, 5_000_001, 10_000):
        terminal.bar(done, 5_000_000)
    lines = out.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[5] == "  [###############...............]  50 %  2 of 5 MB"


class Tty(io.StringIO):
    """A terminal, as far as its output goes."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_speed_and_time_left_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("web.local.progress.time.monotonic", lambda: now)
    out = Tty()
    terminal = Terminal(out)
    # What an earlier start left is not counted as fast.
    terminal.bar(20_000_000_000, 42_520_398_816)
    now += 10
    terminal.bar(21_000_000_000, 42_520_398_816)
    last = out.getvalue().split("\r")[-1].removesuffix("\x1b[K")
    assert last.startswith("  [#######.........]  49 %  21,000 of 42,520 MB  100.0 MB/s, 3:35 left")
    assert len(last) < 80
    assert "\n" not in out.getvalue()
    now += 215
    terminal.bar(42_520_398_816, 42_520_398_816)
    assert out.getvalue().endswith("100.1 MB/s\x1b[K\n")


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (65, "1:05"), (3599.6, "1:00:00"), (7265, "2:01:05")])
def test_time_left_is_written_as_clocks_do(seconds: float, words: str) -> None:
    assert duration(seconds) == words
