"""The error codes of Messenger and Instagram: what each means for what was to be sent.

https://developers.facebook.com/docs/messenger-platform/error-codes
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import httpx

from integrations.errors import (
    ChannelError,
    ContactGoneError,
    LockedAccountError,
    PermissionMissingError,
    RateError,
    RefusedError,
    RefusedMediaError,
    TemporaryError,
    TokenError,
    WindowClosedError,
)
from integrations.graph import Problem

Make = Callable[[str], ChannelError]
BUSY = partial(RateError, scope=RateError.Scope.ACCOUNT, seconds=60)
# Permissions have a range of codes.
PERMISSIONS = range(200, 300)


@dataclass(frozen=True)
class Row:
    """`code` 0: any. `subcode` None: any, for codes that need no other word."""

    code: int
    subcode: int | None
    make: Make
    meaning: str

    def fits(self, problem: Problem) -> bool:
        return self.code in (0, problem.code) and self.subcode in (None, problem.subcode)


# The first that fits counts: subcodes stand above the codes they belong to. "Recalled" are those that the pages of
# 2026 no longer list, seen in what others report.
ROWS = (
    Row(10, 2018278, WindowClosedError, "outside the window of 24 hours"),
    Row(10, 2534022, WindowClosedError, "the same on Instagram; recalled"),
    Row(0, 2018065, WindowClosedError, "the same, formerly; recalled"),
    Row(551, None, ContactGoneError, "the person blocked us, or is gone"),
    Row(1545041, None, WindowClosedError, "the window closed, or the person is not available"),
    Row(0, 1545041, WindowClosedError, "the same, as a subcode"),
    Row(0, 2018108, ContactGoneError, "the person takes no messages of ours; recalled"),
    Row(100, 2018001, ContactGoneError, "no such person for this account"),
    Row(100, 2534014, ContactGoneError, "the same on Instagram; recalled"),
    Row(0, 2018344, ContactGoneError, "the person cannot be written to"),
    Row(2018344, None, ContactGoneError, "the same, as a code"),
    Row(100, 2018008, RefusedMediaError, "the file could not be fetched"),
    Row(100, 2018047, RefusedMediaError, "the file is of another type than was said"),
    Row(100, 2018074, RefusedMediaError, "there is no such attachment, or it is another's"),
    Row(100, 2018294, RefusedMediaError, "the video could not be taken"),
    Row(100, 2018320, RefusedMediaError, "the file could not be taken"),
    Row(100, 2018382, RefusedMediaError, "the attachment is not valid"),
    Row(0, 2018109, RefusedMediaError, "the file is too large"),
    Row(2018109, None, RefusedMediaError, "the same, as a code"),
    Row(0, 2018218, RefusedError, "the profile does not allow it"),
    Row(2018218, None, RefusedError, "the same, as a code"),
    Row(100, None, RefusedError, "a parameter is wrong: a fault of ours"),
    Row(1, None, TemporaryError, "unknown to Meta, for a moment"),
    Row(2, None, TemporaryError, "away for a moment"),
    Row(99, None, TemporaryError, "unknown to Meta, for a moment"),
    Row(1200, None, TemporaryError, "away for a moment"),
    Row(4, None, BUSY, "too many calls of the app"),
    Row(17, None, BUSY, "too many calls of the user; recalled"),
    Row(32, None, BUSY, "too many calls of the Page; recalled"),
    Row(613, None, BUSY, "too many calls"),
    Row(80001, None, BUSY, "too many calls of the Page; recalled"),
    Row(80002, None, BUSY, "too many calls of the Instagram account; recalled"),
    Row(80006, None, BUSY, "too many messages of the Page; recalled"),
    Row(0, 2446079, BUSY, "too many calls, as a subcode; recalled"),
    Row(190, None, TokenError, "the token ended, or is none"),
    Row(102, None, TokenError, "the session ended; recalled"),
    Row(3, None, PermissionMissingError, "the app may not do this"),
    Row(10, None, PermissionMissingError, "a permission is missing"),
    Row(230, None, PermissionMissingError, "a permission is missing, or the app is in development"),
    *(Row(code, None, PermissionMissingError, "a permission is missing") for code in PERMISSIONS if code != 230),
    Row(368, None, LockedAccountError, "blocked for breaking a policy"),
)


def judge(problem: Problem) -> ChannelError:
    """The error for an answer of the API. An unknown code is temporary only where the API or its status says so."""
    row = next((row for row in ROWS if row.fits(problem)), None)
    if row is not None:
        return row.make(str(problem))
    if problem.transient or httpx.codes.is_server_error(problem.status):
        return TemporaryError(str(problem))
    if problem.status == httpx.codes.TOO_MANY_REQUESTS:
        return BUSY(str(problem))
    return RefusedError(str(problem))
