"""The lines of the log, without what people wrote."""

import logging
import re

from pythonjsonlogger.json import JsonFormatter

# redis-py quotes the first 100 characters of a command of a pipeline that failed, and with them words and prompts. Each
# may be escaped as six here, and the words may end like the quote.
COMMAND = re.compile(r"(Command # \d+) \(.{0,700}\) of pipeline", re.DOTALL)


def without_values(line: str) -> str:
    """A line, a traceback with it, that quotes no command to Redis."""
    return COMMAND.sub(r"\1 of a pipeline", line)


class JsonLines(JsonFormatter):
    """Each record as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return without_values(super().format(record))


class TextLines(logging.Formatter):
    """Each record as text."""

    def format(self, record: logging.LogRecord) -> str:
        return without_values(super().format(record))
