"""What came in from apps, who wrote, and what goes out: a transactional inbox and outbox.

A delivery is stored before it is acknowledged. What is in it becomes rows of the inbox, once, whatever comes again;
and what answers it, rows of the outbox, in the same transaction that ends the inbox's row.
"""

import uuid
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.models import Conversation, Message, Person, Room

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Delivery(models.Model):
    """One webhook request, as it was signed. Its body goes once it is read."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    # SHA-256 of the body: the same request again is the same delivery.
    digest = models.CharField(max_length=64, unique=True)
    body = models.BinaryField()
    # Which of our secrets signed it: "meta" or "instagram".
    signer = models.CharField(max_length=16)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    # For people and the log: what was in it, in kinds and numbers.
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    # A courier has it until then; after that another may take it.
    taken_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["id"], condition=Q(state="waiting"), name="waiting_deliveries"),
            models.Index(fields=["received_at"], name="old_deliveries"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Contact(models.Model):
    """Somebody who writes to one of our accounts, with the person that they are to us."""

    channel = models.CharField(_("channel"), max_length=16)
    account = models.CharField(max_length=64)
    # The app's own id of them, and their number in digits; one of the two may be missing.
    user_id = models.CharField(max_length=200, null=True)
    phone = models.CharField(max_length=32, null=True)
    # What they call themselves: shown, never believed.
    name = models.CharField(_("name"), max_length=200, blank=True)
    username = models.CharField(max_length=200, blank=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="contacts")
    # What they say goes on here; null: the next words begin a new one.
    conversation = models.ForeignKey(Conversation, models.SET_NULL, null=True, related_name="contacts")
    language = models.CharField(max_length=16, blank=True)
    # The best model is asked in this conversation.
    harder = models.BooleanField(default=False, db_default=False)
    # The newest of their messages, by the app's clock: it opens the window for answers.
    wrote_at = models.DateTimeField(null=True)
    # When they were told that this is an AI, what is kept, and how to erase it.
    greeted_at = models.DateTimeField(null=True)
    # They asked us to be silent; null once they write "start".
    stopped_at = models.DateTimeField(null=True)
    # A human answers, or another app has the conversation, until then.
    human_until = models.DateTimeField(null=True)
    # The app says that they cannot be reached.
    gone_at = models.DateTimeField(null=True)
    # A courier answers them until then; after that another may take over.
    taken_until = models.DateTimeField(null=True)
    taken_by = models.CharField(max_length=40, blank=True)
    # What their next words are about, a JSON value of replies' own: the picture to be changed, for instance.
    expects = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    # In a room: what happened after this event has to be told once they can be reached again. Null: nothing has.
    missed_after = models.PositiveIntegerField(null=True)
    # Not somebody but a group, by its id; the person is nobody's, and only holds what is kept. See groups/.
    is_group = models.BooleanField(default=False, db_default=False)
    # Since when they are one with somebody of the site, see links.py.
    linked_at = models.DateTimeField(null=True)
    # How many wrong codes they typed since then.
    link_tries = models.PositiveIntegerField(default=0)
    link_tried_at = models.DateTimeField(null=True)

    inbox: "RelatedManager[InboxEntry]"
    outbox: "RelatedManager[OutboxEntry]"
    link_codes: "RelatedManager[LinkCode]"
    groups: "RelatedManager[Group]"

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(fields=["channel", "account", "user_id"], name="one_contact_per_user_id"),
            models.UniqueConstraint(fields=["channel", "account", "phone"], name="one_contact_per_phone"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"


class InboxEntry(models.Model):
    """Something of a contact that has to be answered, once: a message, a tap, an edit, an opened chat, or a comment."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("message")
        EDIT = "edit", _("edit")
        OPENING = "opening", _("opening")
        COMMENT = "comment", _("comment")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        DROPPED = "dropped", _("dropped")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="inbox")
    channel = models.CharField(max_length=16)
    # The app's id: what comes again is the same entry.
    external_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=Kind)
    # An event of inbound.py. Emptied when the person takes it back.
    content = models.JSONField()
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    # Why it was dropped or what came of it: a code.
    outcome = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    # The entries that are answered together have the same; it is the client id of the message that they become.
    turn = models.UUIDField(null=True, db_index=True)
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="inbox_entries")
    # The picture that was asked for by a tap, or that was sent to us.
    picture = models.UUIDField(null=True)
    said_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("received message")
        verbose_name_plural = _("received messages")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="one_inbox_entry_per_external_id"),
        ]
        indexes = [
            models.Index(fields=["contact"], condition=Q(state="waiting"), name="waiting_inbox_entries"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class OutboxEntry(models.Model):
    """One bubble that is to be sent to a contact, and how far it has come."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")
        FAILED = "failed", _("failed")
        # It may have been sent, or not. Never sent again but by an operator's word.
        UNKNOWN = "unknown", _("unknown")

    # Given to the app with the message, which gives it back in what it tells about it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="outbox")
    # What it answers and its place in that: made twice, it is the same entry.
    cause = models.CharField(max_length=80)
    place = models.PositiveIntegerField()
    # An OutboundMessage of outbound.py.
    content = models.JSONField()
    # The comment under which it goes, and whether to its author alone.
    comment = models.CharField(max_length=200, blank=True)
    privately = models.BooleanField(default=False)
    # The answer of the conversation that it is part of, for reactions and replies to it.
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="outbox_entries")
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    external_id = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    # The code of the error that ended it, or held it up last, and the app's words on it.
    problem = models.CharField(_("problem"), max_length=40, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        ordering = ["created_at", "cause", "place"]
        constraints = [
            models.UniqueConstraint(fields=["contact", "cause", "place"], name="one_outbox_entry_per_place"),
        ]
        indexes = [
            # Two, as SQLite uses no index whose condition is a list.
            models.Index(fields=["contact"], condition=Q(state="queued"), name="queued_outbox_entries"),
            models.Index(fields=["contact"], condition=Q(state="sending"), name="sending_outbox_entries"),
            models.Index(fields=["external_id"], name="outbox_external_id"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ChannelStates(models.QuerySet["ChannelState"]):
    def halted(self) -> Self:
        """The accounts for which nothing is sent."""
        return self.exclude(halted="")


class ChannelState(models.Model):
    """What is known of one account of ours: when it last spoke and was spoken to, and why it is halted."""

    channel = models.CharField(max_length=16)
    account = models.CharField(max_length=64)
    last_in = models.DateTimeField(null=True)
    last_out = models.DateTimeField(null=True)
    # Nothing is sent while it is halted: the code of an AccountError, and the app's words.
    halted = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    halted_at = models.DateTimeField(null=True)
    # What the app said about the account last, a warning for instance.
    notice = models.CharField(max_length=300, blank=True)
    # What was ignored, by kind: {"order": 3}.
    ignored = models.JSONField(default=dict)
    # Whether the app lets the account make groups, and when it was asked. Null: not known yet.
    official = models.BooleanField(null=True)
    official_at = models.DateTimeField(null=True)

    objects = ChannelStates.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [models.UniqueConstraint(fields=["channel", "account"], name="one_state_per_account")]

    def __str__(self) -> str:
        return f"{self.channel} {self.account}"


class Group(models.Model):
    """A group of WhatsApp that is a door into a room: made from the site, joined by its link. See groups/."""

    class State(models.TextChoices):
        ASKED = "asked", _("being made")
        OPEN = "open", _("open")
        SUSPENDED = "suspended", _("suspended by the app")
        GONE = "gone", _("gone")

    # Null once the room has ended; then the group is to be deleted.
    room = models.OneToOneField(Room, models.SET_NULL, null=True, related_name="group")
    # By which it is written to, once it is there.
    contact = models.OneToOneField(Contact, models.SET_NULL, null=True, related_name="group")
    # Who is in it, as far as we were told.
    people = models.ManyToManyField(Contact, related_name="groups")
    channel = models.CharField(max_length=16)
    account = models.CharField(max_length=64)
    # The app's id; null until it says so.
    group_id = models.CharField(max_length=200, null=True)
    # As the app has it, and as we asked for it.
    subject = models.CharField(max_length=128)
    link = models.CharField(max_length=2000, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.ASKED)
    # Why it is gone: a code of ours or the app's.
    reason = models.CharField(max_length=40, blank=True)
    # What is said there by itself is in the language of who made it.
    language = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    orders: "RelatedManager[GroupOrder]"

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        constraints = [
            models.UniqueConstraint(fields=["channel", "account", "group_id"], name="one_group_per_id"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"


class GroupOrders(models.QuerySet["GroupOrder"]):
    def removals(self, contact: Contact) -> Self:
        """The removals of one contact."""
        return self.filter(kind=GroupOrder.Kind.REMOVE, argument=GroupOrder.whom(contact))

    def holding(self) -> Self:
        """Removals that are not done: nothing goes into a group in which somebody reads who is out."""
        return self.filter(kind=GroupOrder.Kind.REMOVE, state__in=(GroupOrder.State.WAITING, GroupOrder.State.FAILED))


class GroupOrder(models.Model):
    """Something that the app has to do with a group. Those of one group are carried out in their order."""

    class Kind(models.TextChoices):
        MAKE = "make", _("make")
        RENAME = "rename", _("rename")
        RELINK = "relink", _("new link")
        REMOVE = "remove", _("remove people")
        DELETE = "delete", _("delete")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    # How the argument of a removal begins.
    WHOM = "contact:"

    group = models.ForeignKey(Group, models.CASCADE, related_name="orders")
    kind = models.CharField(max_length=16, choices=Kind)
    # The subject to give it, or whom to remove: see `whom`.
    argument = models.CharField(max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    # By which the app names it when it tells what came of it.
    request_id = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    # A courier has it until then; after that another may take it.
    taken_until = models.DateTimeField(null=True)
    problem = models.CharField(_("problem"), max_length=40, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = GroupOrders.as_manager()

    class Meta:
        verbose_name = _("order for a group")
        verbose_name_plural = _("orders for groups")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="waiting"), name="waiting_group_orders"),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.kind}"

    @classmethod
    def whom(cls, contact: Contact) -> str:
        """The argument of a removal: a key of ours, which says nothing once they are erased."""
        return f"{cls.WHOM}{contact.pk}"


class LinkCode(models.Model):
    """A contact and a person of the site are about to become one, once both have agreed; see links.py.

    It goes when they are one, when a side declines, and once it has ended.
    """

    class Side(models.TextChoices):
        APP = "app", _("in the app")
        SITE = "site", _("on the site")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Where it began: "app" for an address that the contact was given, "site" for a code that the person was shown.
    side = models.CharField(max_length=8, choices=Side)
    # Of the address or the code, by a key of ours: neither is stored.
    digest = models.CharField(max_length=64, unique=True)
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="link_codes")
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="link_codes")
    contact_agreed_at = models.DateTimeField(null=True)
    person_agreed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("link code")
        verbose_name_plural = _("link codes")

    def __str__(self) -> str:
        return str(self.pk)


class DeletionRequest(models.Model):
    """Somebody asked Meta that we delete their data; see callbacks.py. It says nothing about who they were."""

    class Outcome(models.TextChoices):
        ERASED = "erased", _("erased")
        NOTHING = "nothing", _("nothing was kept")

    # Of the code that the person was given.
    digest = models.CharField(max_length=64, unique=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("deletion request")
        verbose_name_plural = _("deletion requests")

    def __str__(self) -> str:
        return str(self.pk)
