"""What can go wrong between us and an app. The text of each is for the operator: a code of the app, never a token.

The last ones are about links of contacts with people, and have a sentence for these.
"""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from assistant.errors import AssistantError, NotFoundError


class ChannelError(Exception):
    """The root: the app did not do what it was asked, and surely did nothing.

    `code` is what is stored and logged. `retry`: whether the same may work later.
    """

    code = "channel_trouble"
    retry = False


class TemporaryError(ChannelError):
    """The app is away or has a bad moment. `seconds`: how long it wants to be left alone, 0 where it does not say."""

    code = "temporary"
    retry = True

    def __init__(self, text: str, seconds: float = 0) -> None:
        super().__init__(text)
        self.seconds = seconds


class RateError(TemporaryError):
    """Too many calls. `scope` says of what: this contact alone, or all of the account."""

    code = "rate"

    class Scope(StrEnum):
        CONTACT = "contact"
        ACCOUNT = "account"

    def __init__(self, text: str, scope: Scope, seconds: float = 0) -> None:
        super().__init__(text, seconds)
        self.scope = scope


class UncertainError(ChannelError):
    """Nobody knows whether it was done: the connection broke after the request was written."""

    code = "unknown"


class RefusedError(ChannelError):
    """The app refuses what was sent: a fault of ours."""

    code = "refused"


class RefusedMediaError(RefusedError):
    """The app does not take this file."""

    code = "refused_media"


class CommentGoneError(RefusedError):
    """A comment was deleted or hidden before it was answered."""

    code = "comment_gone"


class WindowClosedError(ChannelError):
    """More than 24 hours have passed since the person wrote: only they can open the conversation again."""

    code = "window_closed"


class ContactGoneError(ChannelError):
    """The person cannot be reached: they blocked us, left the app, or were never there."""

    code = "contact_gone"


class SuspendedError(ContactGoneError):
    """The app has closed a group for a while."""


class AccountError(ChannelError):
    """The account can do nothing until its operator acts: a token ended, a permission is missing, it is locked."""

    code = "account"


class TokenError(AccountError):
    code = "token"


class PermissionMissingError(AccountError):
    code = "permission"


class LockedAccountError(AccountError):
    code = "locked"


class MediaGoneError(ChannelError):
    """A file that somebody sent can no longer be fetched, or is larger than we take."""

    code = "media_gone"


class LargeMediaError(MediaGoneError):
    """It has more than `most` bytes, which we take."""

    code = "media_large"

    def __init__(self, most: int) -> None:
        super().__init__(f"a file of somebody has more than {most} bytes")
        self.most = most


class UnreadableDeliveryError(Exception):
    """A delivery is no JSON object of the form that all apps share. The text says why, without a word of it."""


class LinkEndedError(NotFoundError):
    """A link code has ended, was used, or never was: all look the same."""

    code = "link_ended"
    sentence = _("This has ended, or was used already. Please begin anew.")


class AlreadyLinkedError(AssistantError):
    """The contact belongs to an account."""

    code = "linked_already"
    retry = False
    sentence = _("This chat is connected with an account already. Disconnect it first, with /unlink in the chat.")


class NoGroupsError(AssistantError):
    """WhatsApp offers this number no groups, or they are for people with an account."""

    code = "no_groups"
    retry = False
    sentence = _("A WhatsApp group cannot be made here.")
