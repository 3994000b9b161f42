"""What each error of the Messenger Platform means for what was to be sent."""

import pytest

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
from integrations.messaging.problems import judge


@pytest.mark.parametrize(
    ("code", "subcode", "kind"),
    [
        (1, 0, TemporaryError),
        (2, 0, TemporaryError),
        (3, 0, PermissionMissingError),
        (4, 0, RateError),
        (10, 0, PermissionMissingError),
        (10, 2018278, WindowClosedError),
        (10, 2534022, WindowClosedError),
        (10, 2018065, WindowClosedError),
        (17, 0, RateError),
        (32, 0, RateError),
        (99, 0, TemporaryError),
        (100, 0, RefusedError),
        (100, 33, RefusedError),
        (100, 2018001, ContactGoneError),
        (100, 2018008, RefusedMediaError),
        (100, 2018047, RefusedMediaError),
        (100, 2018074, RefusedMediaError),
        (100, 2018109, RefusedMediaError),
        (100, 2018218, RefusedError),
        (100, 2018294, RefusedMediaError),
        (100, 2018320, RefusedMediaError),
        (100, 2018344, ContactGoneError),
        (100, 2018382, RefusedMediaError),
        (100, 2534014, ContactGoneError),
        (102, 0, TokenError),
        (190, 0, TokenError),
        (190, 463, TokenError),
        (200, 0, PermissionMissingError),
        (200, 1545041, WindowClosedError),
        (200, 2018108, ContactGoneError),
        (230, 0, PermissionMissingError),
        (299, 0, PermissionMissingError),
        (368, 0, LockedAccountError),
        (551, 0, ContactGoneError),
        (551, 1545041, ContactGoneError),
        (613, 0, RateError),
        (613, 1996, RateError),
        (1200, 0, TemporaryError),
        (10900, 0, RefusedError),
        (80001, 0, RateError),
        (80002, 0, RateError),
        (80006, 0, RateError),
        (1545041, 0, WindowClosedError),
        (2018109, 0, RefusedMediaError),
        (2018218, 0, RefusedError),
        (2018344, 0, ContactGoneError),
        (4242, 0, RefusedError),
        (4242, 2446079, RateError),
    ],
)
def test_a_code_is_one_kind_of_error(code: int, subcode: int, kind: type[ChannelError]) -> None:
    error = judge(Problem(400, code, subcode, "their words"))
    assert type(error) is kind
    assert "their words" in str(error)


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (Problem(500, 4242, 0, ""), TemporaryError),
        (Problem(400, 4242, 0, "", transient=True), TemporaryError),
        (Problem(429, 0, 0, ""), RateError),
        (Problem(400, 0, 0, ""), RefusedError),
        (Problem(500, 190, 0, ""), TokenError),
    ],
)
def test_an_unknown_code_is_tried_again_only_where_meta_says_so(problem: Problem, kind: type[ChannelError]) -> None:
    assert type(judge(problem)) is kind


def test_too_many_calls_hold_up_the_account_for_a_while() -> None:
    error = judge(Problem(400, 613, 0, ""))
    assert isinstance(error, RateError)
    assert (error.scope, error.seconds, error.retry) == (RateError.Scope.ACCOUNT, 60, True)
