"""Marks that an answer talks about: in code, between quotation marks. They are text, and mark nothing."""

import re

FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
QUOTES = "\"'“”‘’«»()[]"


def is_in_code(before: str) -> bool:
    """Whether `before` ends within a block or a span of code."""
    line = before[before.rfind("\n") + 1 :]
    return len(FENCE.findall(before)) % 2 == 1 or line.count("`") % 2 == 1


def is_quoted(before: str, after: str) -> bool:
    """Whether what stands between the two is between quotation marks or brackets."""
    return bool(before and after and before[-1] in QUOTES and after[0] in QUOTES)
