"""What WhatsApp's error codes mean for us.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

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

# Code: the error, and after how many seconds to try again.
ERRORS: dict[int, tuple[type[ChannelError], float]] = {
    2: (TemporaryError, 5),
    3: (PermissionMissingError, 0),
    10: (PermissionMissingError, 0),
    33: (RefusedError, 0),
    100: (RefusedError, 0),
    190: (TokenError, 0),
    # Blocked by a policy.
    368: (LockedAccountError, 0),
    # The number's certificate, or its registration.
    2593107: (AccountError, 0),
    130472: (RefusedError, 0),
    # No messages to that country are allowed to this account.
    130497: (ContactGoneError, 0),
    131000: (TemporaryError, 5),
    # Access denied: for a moment as a rule, says the table.
    131005: (TemporaryError, 60),
    131008: (RefusedError, 0),
    131009: (RefusedError, 0),
    131016: (TemporaryError, 30),
    # To ourselves.
    131021: (RefusedError, 0),
    131026: (ContactGoneError, 0),
    # A test number sends to the numbers on its list only.
    131030: (ContactGoneError, 0),
    131031: (LockedAccountError, 0),
    131037: (AccountError, 0),
    131042: (AccountError, 0),
    131044: (AccountError, 0),
    131045: (AccountError, 0),
    131047: (WindowClosedError, 0),
    # People report us as spam: that stops by itself, or by the operator, never by sending more.
    131048: (AccountError, 0),
    131049: (RefusedError, 0),
    131050: (ContactGoneError, 0),
    131051: (RefusedError, 0),
    131052: (MediaGoneError, 0),
    131053: (RefusedMediaError, 0),
    131057: (TemporaryError, 300),
    # A user id where only a number will do.
    131062: (RefusedError, 0),
    131063: (RefusedError, 0),
    131064: (AccountError, 0),
    132000: (RefusedError, 0),
    132001: (RefusedError, 0),
    132005: (RefusedError, 0),
    132007: (RefusedError, 0),
    132008: (RefusedError, 0),
    132012: (RefusedError, 0),
    132015: (RefusedError, 0),
    132016: (RefusedError, 0),
    132068: (RefusedError, 0),
    132069: (RefusedError, 0),
    133000: (AccountError, 0),
    133004: (TemporaryError, 60),
    133005: (AccountError, 0),
    133006: (AccountError, 0),
    133008: (AccountError, 0),
    133009: (AccountError, 0),
    133010: (AccountError, 0),
    133015: (AccountError, 0),
    133016: (AccountError, 0),
    134011: (AccountError, 0),
    135000: (RefusedError, 0),
    137000: (RefusedError, 0),
    # Groups: none there, or we are not in it.
    131020: (ContactGoneError, 0),
    131041: (ContactGoneError, 0),
    131207: (SuspendedError, 0),
    131212: (ContactGoneError, 0),
    131215: (PermissionMissingError, 0),
}

# Code: of what there was too much, and for how many seconds to be quiet at least.
RATES: dict[int, tuple[RateError.Scope, float]] = {
    4: (RateError.Scope.ACCOUNT, 60),
    80007: (RateError.Scope.ACCOUNT, 60),
    130429: (RateError.Scope.ACCOUNT, 5),
    # More than one every 6 seconds to one person. Four times as long each time: who calls counts the attempts.
    131056: (RateError.Scope.CONTACT, 4),
    131208: (RateError.Scope.ACCOUNT, 60),
}

PERMISSIONS = range(200, 300)


def judged(problem: Problem) -> ChannelError:
    """What an error of the API means."""
    text = str(problem)
    if problem.code in RATES:
        scope, seconds = RATES[problem.code]
        return RateError(text, scope, seconds)
    if problem.code in PERMISSIONS:
        return PermissionMissingError(text)
    if problem.code in ERRORS:
        kind, seconds = ERRORS[problem.code]
        return kind(text, seconds) if issubclass(kind, TemporaryError) else kind(text)
    # Code 0 is that of a token which is no good, and comes with this status.
    if problem.status == 401:
        return TokenError(text)
    if problem.status >= 500 or problem.transient:
        return TemporaryError(text)
    return RefusedError(text)


def failure_of(code: str) -> type[ChannelError]:
    """What the code of a message means that was taken, and failed after all."""
    kind, _ = ERRORS.get(int(code) if code.isdecimal() else 0, (RefusedError, 0.0))
    return kind


def concerns_account(code: int) -> bool:
    """Whether an operator has to know of it, wherever it turns up."""
    kind, _ = ERRORS.get(code, (ChannelError, 0.0))
    return issubclass(kind, AccountError) or code in PERMISSIONS or code in RATES or code == 0
