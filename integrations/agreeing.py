"""The terms of the site in an app: asked before the first answer; what was asked meanwhile is answered after a yes.

It waits in the inbox, as it came: the newest few for an hour. A no erases it, and is kept nowhere.
"""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from assistant import agreement
from assistant.names import in_plain_text
from integrations import replies
from integrations.base import Channel
from integrations.inbound import InboundMessage
from integrations.models import Contact, InboxEntry
from integrations.outbound import Choice, OutboundMessage

# What the buttons say under the question.
YES, NO = "terms:yes", "terms:no"
# The outcome of what waits for a yes: so much of each person, so long.
HELD = "held"
MOST_HELD = 5
HELD_FOR = timedelta(hours=1)
# In a group all who were asked are looked through.
MOST_LOOKED_AT = 200


def ask(channel: Channel) -> OutboundMessage:
    """The question, with its two answers to tap."""
    choices = [Choice(_("I agree"), YES), Choice(_("Not now"), NO)]
    return replies.say(channel, _("%(terms)s\nDo you agree?") % {"terms": terms()}, choices)


def ask_in_group(name: str) -> str:
    """The question to one member of a group, where buttons would be everybody's."""
    names = {"name": in_plain_text(name), "terms": terms()}
    return _("%(name)s, before I answer you here: %(terms)s\nReply “agree” to this message if you do.") % names


def terms() -> str:
    """Whom the assistant is for, in a sentence."""
    address: str = settings.TERMS_URL
    names = {"age": settings.TERMS_AGE, "terms": settings.SITE_URL + address if address.startswith("/") else address}
    if address and settings.TERMS_AGE:
        return _("I am for people of %(age)s and over who agree to these terms: %(terms)s") % names
    if address:
        return _("I am for people who agree to these terms: %(terms)s") % names
    return _("I am for people of %(age)s and over.") % names


def answer_of(event: InboundMessage, text: str) -> bool | None:
    """Whether a tap, or `text` as the whole message, is a yes or a no to the question; None for anything else."""
    if event.payload:
        return {YES: True, NO: False}.get(event.payload)
    word = text.strip().casefold().rstrip(".!")
    if word in {"yes", "agree", "i agree", *map(str.casefold, _yes())}:
        return True
    return False if word in {"no", "not now", *map(str.casefold, _no())} else None


def is_open(contact: Contact, speaker: Contact | None = None) -> bool:
    """Whether a contact, or a speaker in their group, was asked lately, and has not agreed."""
    return not agreement.has_agreed((speaker or contact).person) and bool(_fresh(_held(contact, speaker)))


def agree(contact: Contact, speaker: Contact | None = None) -> int:
    """Keep the yes of a contact, or of a speaker in their group, and have answered what waits for it.

    Returns how many messages that are. Belongs into a transaction.
    """
    agreement.agree((speaker or contact).person)
    held = _held(contact, speaker)
    fresh = [entry.pk for entry in _fresh(held)]
    _drop([entry for entry in held if entry.pk not in fresh])
    waiting = {"state": InboxEntry.State.WAITING, "outcome": "", "turn": None, "attempts": 0}
    return InboxEntry.objects.filter(pk__in=fresh, outcome=HELD).update(**waiting)


def hold(contact: Contact, speaker: Contact | None = None) -> None:
    """Let no more wait than is answered later. Belongs into a transaction."""
    held = _held(contact, speaker)
    fresh = [entry.pk for entry in _fresh(held)]
    _drop([entry for entry in held if entry.pk not in fresh])


def drop(contact: Contact, speaker: Contact | None = None) -> None:
    """Erase what waits. Belongs into a transaction."""
    _drop(_held(contact, speaker))


def thanks() -> str:
    """What is said after a yes for which nothing waits."""
    return _("Thank you. What can I do for you?")


def goodbye() -> str:
    """What is said after a no."""
    return _("All right: I keep nothing of it and answer nothing. Write again whenever you like.")


def _held(contact: Contact, speaker: Contact | None) -> list[InboxEntry]:
    """What waits for a yes of somebody, the newest first."""
    rows = contact.inbox.filter(state=InboxEntry.State.DONE, outcome=HELD).order_by("-said_at", "-pk")
    return [entry for entry in rows[:MOST_LOOKED_AT] if speaker is None or _is_of(entry, speaker)]


def _is_of(entry: InboxEntry, speaker: Contact) -> bool:
    sender = entry.content.get("sender", {})
    ids = {(name, sender.get(name)) for name in ("user_id", "phone") if sender.get(name)}
    return bool(ids & {("user_id", speaker.user_id), ("phone", speaker.phone)})


def _fresh(held: list[InboxEntry]) -> list[InboxEntry]:
    since = timezone.now() - HELD_FOR
    return [entry for entry in held if entry.said_at > since][:MOST_HELD]


def _drop(entries: list[InboxEntry]) -> None:
    rows = InboxEntry.objects.filter(pk__in=[entry.pk for entry in entries], outcome=HELD)
    rows.update(content={}, state=InboxEntry.State.DROPPED, outcome="unanswered")


def _yes() -> list[str]:
    words = [pgettext("the whole message", "yes"), pgettext("the whole message", "agree")]
    return [*words, pgettext("the whole message", "I agree")]


def _no() -> list[str]:
    return [pgettext("the whole message", "no"), pgettext("the whole message", "not now")]
