"""WhatsApp's error codes, line by line."""

import pytest

from integrations.errors import (
    AccountError,
    ChannelError,
    ContactGoneError,
    LockedAccountError,
    MediaGoneError,
    PermissionMissingError,
    RateError,
    RefusedError,
    RefusedMediaError,
    SuspendedError,
    TemporaryError,
    TokenError,
    WindowClosedError,
)
from integrations.graph import Problem
from integrations.whatsapp.problems import ERRORS, RATES, concerns_account, judged

CASES = [
    (2, 500, TemporaryError, 5),
    (3, 400, PermissionMissingError, 0),
    (10, 403, PermissionMissingError, 0),
    (33, 400, RefusedError, 0),
    (100, 400, RefusedError, 0),
    (190, 401, TokenError, 0),
    (200, 403, PermissionMissingError, 0),
    (299, 403, PermissionMissingError, 0),
    (368, 403, LockedAccountError, 0),
    (130472, 400, RefusedError, 0),
    (130497, 403, ContactGoneError, 0),
    (131000, 500, TemporaryError, 5),
    (131005, 403, TemporaryError, 60),
    (131008, 400, RefusedError, 0),
    (131009, 400, RefusedError, 0),
    (131016, 500, TemporaryError, 30),
    (131020, 400, ContactGoneError, 0),
    (131021, 400, RefusedError, 0),
    (131026, 400, ContactGoneError, 0),
    (131030, 400, ContactGoneError, 0),
    (131031, 403, LockedAccountError, 0),
    (131037, 400, AccountError, 0),
    (131041, 400, ContactGoneError, 0),
    (131042, 400, AccountError, 0),
    (131044, 400, AccountError, 0),
    (131045, 500, AccountError, 0),
    (131047, 400, WindowClosedError, 0),
    (131048, 400, AccountError, 0),
    (131049, 400, RefusedError, 0),
    (131050, 400, ContactGoneError, 0),
    (131051, 400, RefusedError, 0),
    (131052, 400, MediaGoneError, 0),
    (131053, 400, RefusedMediaError, 0),
    (131057, 500, TemporaryError, 300),
    (131062, 400, RefusedError, 0),
    (131063, 400, RefusedError, 0),
    (131064, 400, AccountError, 0),
    (131207, 400, SuspendedError, 0),
    (131212, 400, ContactGoneError, 0),
    (131215, 400, PermissionMissingError, 0),
    *((code, 400, RefusedError, 0) for code in (132000, 132001, 132005, 132007, 132008, 132012)),
    *((code, 400, RefusedError, 0) for code in (132015, 132016, 132068, 132069, 135000, 137000)),
    *((code, 400, AccountError, 0) for code in (133000, 133005, 133006, 133008, 133009)),
    *((code, 400, AccountError, 0) for code in (133010, 133015, 133016, 134011, 2593107)),
    (133004, 503, TemporaryError, 60),
]
RATE_CASES = [
    (4, RateError.Scope.ACCOUNT, 60),
    (80007, RateError.Scope.ACCOUNT, 60),
    (130429, RateError.Scope.ACCOUNT, 5),
    (131056, RateError.Scope.CONTACT, 4),
    (131208, RateError.Scope.ACCOUNT, 60),
]


@pytest.mark.parametrize(("code", "status", "kind", "seconds"), CASES, ids=lambda value: str(value))
def test_a_code_means(code: int, status: int, kind: type[ChannelError], seconds: float) -> None:
    error = judged(Problem(status, code, 0, "because"))
    assert type(error) is kind
    assert getattr(error, "seconds", 0) == seconds
    assert str(error) == f"{code} (HTTP {status}): because"


@pytest.mark.parametrize(("code", "scope", "seconds"), RATE_CASES, ids=lambda value: str(value))
def test_too_many_calls_of_one_kind(code: int, scope: RateError.Scope, seconds: float) -> None:
    error = judged(Problem(429, code, 0, "slow down"))
    assert isinstance(error, RateError)
    assert (error.scope, error.seconds, error.retry) == (scope, seconds, True)


def test_every_line_of_the_table_is_tried() -> None:
    assert set(ERRORS) | {200, 299} == {code for code, *_ in CASES}
    assert set(RATES) == {code for code, *_ in RATE_CASES}


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (Problem(401, 0, 0, "no user"), TokenError),
        (Problem(400, 0, 0, ""), RefusedError),
        (Problem(500, 0, 0, ""), TemporaryError),
        (Problem(400, 999_999, 0, ""), RefusedError),
        (Problem(503, 999_999, 0, ""), TemporaryError),
        (Problem(400, 999_999, 0, "", transient=True), TemporaryError),
    ],
)
def test_a_code_that_nobody_knows(problem: Problem, kind: type[ChannelError]) -> None:
    assert type(judged(problem)) is kind


def test_what_an_operator_has_to_know() -> None:
    assert [code for code in (0, 4, 190, 250, 368, 131042, 131048) if not concerns_account(code)] == []
    assert [code for code in (100, 131000, 131026, 131051, 999_999) if concerns_account(code)] == []
