"""Who talks, what was said, and how each answer came about."""

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.terms import TermsField
from imagine.models import new_token

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import ManyRelatedManager, RelatedManager


class Person(AbstractUser):
    """Everybody: a guest without an account, somebody with one, an operator."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    is_guest = models.BooleanField(_("guest"), default=False)
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now, db_index=True)
    # What the assistant should know about them and how it should answer, for the prompts of their own turns.
    instructions = models.TextField(blank=True)
    # Whether memories are made and told to the model.
    remembers = models.BooleanField(default=True, db_default=True)
    # When they agreed to the terms of the site, and to which version and age, see agreement.py.
    agreed_at = models.DateTimeField(_("agreed"), null=True)
    agreed_to = models.CharField(max_length=60, blank=True, default="", db_default="")

    conversations: "ManyRelatedManager[Conversation, Member]"
    memberships: "RelatedManager[Member]"
    conversation_shares: "RelatedManager[ConversationShare]"
    attachments: "RelatedManager[Attachment]"
    memories: "RelatedManager[Memory]"
    api_keys: "RelatedManager[ApiKey]"

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return str(_("Guest")) if self.is_guest else self.username


class Conversation(models.Model):
    """What its members say and are answered. It goes when its last member does, see members.py."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    members = models.ManyToManyField(Person, through="Member", related_name="conversations")
    title = models.CharField(_("title"), max_length=120, blank=True)
    titled_by_person = models.BooleanField(default=False)
    # Never listed, found, exported or shared; erased once `alive_until` has passed, see temporary.py.
    temporary = models.BooleanField(default=False)
    alive_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now)

    memberships: "RelatedManager[Member]"
    room: "Room"
    messages: "RelatedManager[Message]"
    runs: "RelatedManager[Run]"
    shares: "RelatedManager[ConversationShare]"

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(fields=["alive_until"], condition=Q(temporary=True), name="temporary_conversations"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Member(models.Model):
    """One person in a conversation."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField(default=timezone.now)
    # In a room: what the others call them, and its skeleton, see names.py.
    name = models.CharField(_("name"), max_length=40, blank=True, db_default="")
    skeleton = models.CharField(max_length=120, null=True)
    # They read what came after this event, and have read up to the other one.
    since = models.PositiveIntegerField(default=0, db_default=0)
    read_until = models.PositiveIntegerField(default=0, db_default=0)
    # For their apps: nothing is passed on to them there.
    muted = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            # Person first: the index then also finds a person's conversations.
            models.UniqueConstraint(fields=["person", "conversation"], name="one_membership_per_conversation"),
            models.UniqueConstraint(fields=["conversation", "skeleton"], name="one_member_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.conversation_id}"


class Message(models.Model):
    """What one side said. The messages of a conversation form a tree: those with one parent are versions of each other.

    One version under each parent is the chosen one. The path of chosen messages from the root is what is shown.
    """

    class Role(models.TextChoices):
        USER = "user", _("person")
        ASSISTANT = "assistant", _("assistant")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=16, choices=Role)
    author = models.ForeignKey(Person, models.CASCADE, null=True, related_name="messages")
    # Made by the browser for each send, so that a repeat changes nothing.
    client_id = models.UUIDField(null=True)
    text = models.TextField(blank=True)
    # In a room: under which name it was said, whether it calls the assistant, and to what it is a reply.
    spoken_as = models.CharField(max_length=40, blank=True, db_default="")
    calls = models.BooleanField(default=False, db_default=False)
    quoted = models.ForeignKey("self", models.SET_NULL, null=True, related_name="replies")
    # Drawn as part of this answer, or sent in a room. They are the person's, and stay when the message goes.
    pictures = models.ManyToManyField("imagine.Picture", related_name="messages")
    # What was said before, null for the first. Positions are given in the order of creation, so they increase along
    # every path.
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="children")
    chosen = models.BooleanField(default=True)
    # On the path of chosen messages, see versions.py, which keeps it so.
    shown = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # In a room: when its words were changed last.
    edited_at = models.DateTimeField(null=True)

    run: "Run"
    children: "RelatedManager[Message]"
    attachments: "ManyRelatedManager[Attachment, Any]"
    room_files: "RelatedManager[RoomFile]"
    reactions: "RelatedManager[Reaction]"
    ratings: "RelatedManager[Feedback]"

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "position"], name="one_message_per_position"),
            models.UniqueConstraint(fields=["author", "client_id"], name="one_message_per_client_id"),
            models.UniqueConstraint(fields=["parent"], condition=Q(chosen=True), name="one_chosen_version"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def feedback(self) -> "Feedback | None":
        """The rating of an answer, where one person alone can give it: not in a room."""
        return next(iter(self.ratings.all()), None)


class Room(models.Model):
    """A conversation that people join by an invitation. The assistant answers in it when it is called; see rooms/."""

    conversation = models.OneToOneField(Conversation, models.CASCADE, primary_key=True, related_name="room")
    # Who made it, or whom they handed it to: they alone change it and remove others.
    host = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="hosted_rooms")
    # In the address of the invitation; null while there is none.
    token = models.CharField(max_length=40, null=True, unique=True, default=new_token)
    locked = models.BooleanField(_("locked"), default=False)
    # Until then the assistant answers nobody.
    hushed_until = models.DateTimeField(null=True)
    # What was said before it became a room is read by whoever joins.
    shows_earlier = models.BooleanField(default=False)
    # That was the last message before it became one.
    began_after = models.PositiveIntegerField(default=0)
    # The number of the newest event.
    last_number = models.PositiveIntegerField(default=0)
    # A message that calls the assistant and waits for its answer, as another was being written.
    call = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    # It is erased then, unless something is said before; its members were told at that time.
    ends_at = models.DateTimeField(db_index=True)
    end_told_at = models.DateTimeField(null=True)

    events: "RelatedManager[RoomEvent]"
    blocks: "RelatedManager[RoomBlock]"

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")

    def __str__(self) -> str:
        return str(self.pk)


class RoomBlock(models.Model):
    """Somebody who may not join a room again."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="blocks")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "person"], name="one_block_per_person")]

    def __str__(self) -> str:
        return f"{self.person_id} not in {self.room_id}"


class Poll(models.Model):
    """A question with options, on which each member of a room has one vote."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    room = models.ForeignKey(Room, models.CASCADE, related_name="polls")
    question = models.CharField(max_length=200)
    options = models.JSONField()
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    votes: "RelatedManager[Vote]"

    class Meta:
        verbose_name = _("poll")
        verbose_name_plural = _("polls")

    def __str__(self) -> str:
        return str(self.pk)


class Vote(models.Model):
    """What one member chose: the place of an option, from 0 on."""

    poll = models.ForeignKey(Poll, models.CASCADE, related_name="votes")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    option = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["poll", "person"], name="one_vote_per_member")]

    def __str__(self) -> str:
        return str(self.option)


class RoomEvent(models.Model):
    """One thing that happened in a room. Numbers grow by the order of commits; one that is missing was erased."""

    class Kind(models.TextChoices):
        SAID = "said", _("said")
        # The assistant begins an answer; it is over.
        ANSWERING = "answering", _("answering")
        ANSWERED = "answered", _("answered")
        JOINED = "joined", _("joined")
        LEFT = "left", _("left")
        REMOVED = "removed", _("removed")
        NAMED = "named", _("named")
        HOST = "host", _("host")
        LOCKED = "locked", _("locked")
        UNLOCKED = "unlocked", _("unlocked")
        HUSHED = "hushed", _("hushed")
        WOKEN = "woken", _("woken")
        POLL = "poll", _("poll")
        VOTED = "voted", _("voted")
        CLOSED = "closed", _("poll closed")
        UNSAID = "unsaid", _("unsaid")
        # Words were changed; somebody reacted to something said, or took that back.
        EDITED = "edited", _("edited")
        REACTED = "reacted", _("reacted")
        ENDING = "ending", _("ending")
        UNREACHED = "unreached", _("not reached")
        BACK = "back", _("reached again")

    room = models.ForeignKey(Room, models.CASCADE, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    # Whom it is about, and what they were called then. It goes with them.
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="room_events")
    name = models.CharField(max_length=40, blank=True)
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="room_events")
    poll = models.ForeignKey(Poll, models.CASCADE, null=True, related_name="events")
    # What else is to be known, by the kind; see rooms/events.py.
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("event of a room")
        verbose_name_plural = _("events of rooms")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["room", "number"], name="one_room_event_per_number")]

    def __str__(self) -> str:
        return f"{self.room_id} {self.number}"


class Reaction(models.Model):
    """The sign by which one member of a room reacts to something said there."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="reactions")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    # What the others called them then.
    name = models.CharField(max_length=40, blank=True)
    emoji = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["message", "person"], name="one_reaction_per_member")]

    def __str__(self) -> str:
        return self.emoji


class RoomFile(models.Model):
    """A voice note, a video or a document that a member of a room sent, as it came; see rooms/files.py.

    Without a message it waits for the one that it comes with. Its bytes go with its row.
    """

    class Kind(models.TextChoices):
        AUDIO = "audio", _("voice note")
        VIDEO = "video", _("video")
        DOCUMENT = "document", _("document")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="room_files")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="room_files")
    kind = models.CharField(max_length=16, choices=Kind)
    # Cleaned, and with an ending of ours; the type is one of a few, told by the bytes.
    name = models.CharField(_("name"), max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(_("bytes"))
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("file of a room")
        verbose_name_plural = _("files of rooms")
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["created_at"], condition=Q(message=None), name="unclaimed_room_files")]

    def __str__(self) -> str:
        return str(self.id)


class Summary(models.Model):
    """What was said in a conversation up to the message `until`, as the model summed it up, for later prompts.

    What leads to a message never changes, so it holds wherever that is shown.
    """

    until = models.OneToOneField(Message, models.CASCADE, related_name="summary")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("summary")
        verbose_name_plural = _("summaries")

    def __str__(self) -> str:
        return str(self.until_id)


class Run(models.Model):
    """One answer being made. While it runs, its events stand in Redis; here is what stays."""

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped by the person")
        FAILED = "failed", _("failed")
        INTERRUPTED = "interrupted", _("interrupted")

    class Revision(models.TextChoices):
        """What is asked of an answer beyond its question; the sentences for the model are in prompts.py."""

        NONE = "", _("none")
        SHORTER = "shorter", _("Shorter")
        LONGER = "longer", _("Longer")
        SIMPLER = "simpler", _("Simpler")
        CONTINUE = "continue", _("Continue")

    class Search(models.TextChoices):
        """Whether the web is searched for an answer."""

        AUTO = "", _("when it helps")
        ALWAYS = "always", _("always")
        NEVER = "never", _("never")

    class Harder(models.TextChoices):
        """Whether the person asked for the best model, and what came of it."""

        NO = "", _("no")
        YES = "yes", _("yes")
        SPENT = "spent", _("they had used up theirs")
        AWAY = "away", _("it did not answer")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="runs")
    answer = models.OneToOneField(Message, models.CASCADE, related_name="run")
    # Who asked: quotas count by them, and what is drawn is theirs.
    person = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="runs")
    # The call of a tool that the message asks for by a command, see tools/base.py. Null: the model answers.
    tool_call = models.JSONField(null=True)
    revision = models.CharField(max_length=16, choices=Revision, default=Revision.NONE, blank=True)
    # This and the lists below have defaults of the database, so that processes of an older version can go on.
    search = models.CharField(max_length=16, choices=Search, default=Search.AUTO, blank=True, db_default="")
    harder = models.CharField(max_length=8, choices=Harder, default=Harder.NO, blank=True, db_default="")
    # Made by the browser for each retry, so that a repeat changes nothing. A new message has it in its own row.
    client_id = models.UUIDField(null=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    # The code of the error that ended it, one of those in assistant/errors.py or imagine/errors.py.
    problem = models.CharField(max_length=40, blank=True)
    # The number of the last event that `answer.text` contains.
    saved_number = models.PositiveIntegerField(default=0)
    # What the model thought before it answered, and for how long; bounded by runs/log.py.
    reasoning = models.TextField(blank=True, default="", db_default="")
    reasoned_seconds = models.FloatField(null=True)
    model = models.CharField(max_length=200, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    answer_tokens = models.PositiveIntegerField(null=True)
    # What our estimate of the prompt's tokens must be multiplied by, as the server's count showed.
    token_factor = models.FloatField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    first_token_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # The attached files that the model was not given whole, as `CutFile` of llama/files.py has them.
    cut_files = models.JSONField(null=True)
    # What was done for the answer, and what it cites: each a Step or a Source of sources.py.
    steps = models.JSONField(null=True)
    sources = models.JSONField(null=True)
    # What the person may want to say next, a list of lines, see follow_ups.py. Null: none were made.
    follow_ups = models.JSONField(null=True)
    # What Code Shield found in the answer's code, each an Issue of code/issues.py. Null: nothing, or it was not asked.
    code_issues = models.JSONField(null=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status="running"),
                name="one_running_run_per_conversation",
            )
        ]
        indexes = [models.Index(fields=["status", "created_at"])]

    def __str__(self) -> str:
        return str(self.id)


class Usage(models.Model):
    """What a model read and wrote on one day, in tokens, for one kind of asker; see usage.py."""

    class Payer(models.TextChoices):
        GUESTS = "guests", _("guests")
        ACCOUNTS = "accounts", _("accounts")
        ROOMS = "rooms", _("rooms and groups")
        CHANNELS = "channels", _("apps")
        SITE = "site", _("the site itself")

    day = models.DateField(_("day"))
    role = models.CharField(_("role"), max_length=16)
    model = models.CharField(_("model"), max_length=200, blank=True)
    payer = models.CharField(_("for"), max_length=16, choices=Payer)
    requests = models.PositiveBigIntegerField(_("requests"), default=0)
    read = models.PositiveBigIntegerField(_("tokens read"), default=0)
    written = models.PositiveBigIntegerField(_("tokens written"), default=0)

    class Meta:
        verbose_name = _("use of a model")
        verbose_name_plural = _("use of models")
        ordering = ["-day", "role", "model", "payer"]
        constraints = [models.UniqueConstraint(fields=["day", "role", "model", "payer"], name="one_usage_per_line")]

    def __str__(self) -> str:
        return f"{self.day} {self.role}"


class Attachment(models.Model):
    """A text file, or a picture, that somebody sent us. Without a conversation it waits for the message that it comes
    with.

    An edited message and the one in its place may share it. It goes with its conversation.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="attachments")
    conversation = models.ForeignKey(Conversation, models.CASCADE, null=True, related_name="attachments")
    messages = models.ManyToManyField(Message, related_name="attachments")
    # Empty for a text that was pasted.
    name = models.CharField(_("name"), max_length=120, blank=True)
    text = models.TextField()
    # In bytes as UTF-8, and in characters.
    size = models.PositiveIntegerField(_("bytes"))
    length = models.PositiveIntegerField()
    # In pixels; 0 of a text.
    width = models.PositiveIntegerField(default=0, db_default=0)
    height = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["created_at"], condition=Q(conversation=None), name="unclaimed_attachments")]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture, and has no text."""
        return self.width > 0


class AttachedPicture(models.Model):
    """The picture of an attachment, as JPEG: in a table of its own, so that lists never load it."""

    attachment = models.OneToOneField(Attachment, models.CASCADE, primary_key=True, related_name="picture")
    data = models.BinaryField()

    def __str__(self) -> str:
        return str(self.attachment_id)


class Memory(models.Model):
    """One thing that a person asked the assistant to remember, in their own words. See memories.py."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="memories")
    text = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("memory")
        verbose_name_plural = _("memories")
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return str(self.id)


class ApiKey(models.Model):
    """A key by which programs of a person speak for them, see api_keys.py."""

    class Scope(models.TextChoices):
        CHAT = "chat", _("conversations")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=60)
    scope = models.CharField(max_length=16, choices=Scope, default=Scope.CHAT)
    # What finds the row, and is no secret; of the secret, what our own key makes of it.
    public_id = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_expired(self) -> bool:
        """Whether it opens nothing any more."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Feedback(models.Model):
    """A thumb up or down for an answer, with a word if the person gave one. In a room each member may give one."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="ratings")
    person = models.ForeignKey(Person, models.CASCADE, related_name="feedback")
    good = models.BooleanField(_("good answer"))
    word = models.CharField(_("comment"), max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [models.UniqueConstraint(fields=["message", "person"], name="one_rating_per_member")]

    def __str__(self) -> str:
        return "👍" if self.good else "👎"


class ConversationShare(models.Model):
    """A link to a fixed copy of a conversation. Everybody who has it reads the copy, until it expires or is revoked."""

    token = models.CharField(max_length=40, primary_key=True, default=new_token, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="shares")
    person = models.ForeignKey(Person, models.CASCADE, related_name="conversation_shares")
    shows_name = models.BooleanField(default=False)
    # The copy: its title, its number of messages, the position of the last one in the conversation.
    title = models.CharField(_("title"), max_length=120, blank=True)
    length = models.PositiveIntegerField(_("messages"))
    until = models.PositiveIntegerField()
    # Grows with each new copy behind the link.
    edition = models.PositiveIntegerField(default=1)
    copied_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(db_index=True)
    reported_at = models.DateTimeField(null=True)
    report = models.TextField(blank=True)

    messages: "RelatedManager[SharedMessage]"

    class Meta:
        verbose_name = _("shared conversation")
        verbose_name_plural = _("shared conversations")

    def __str__(self) -> str:
        return str(self.conversation_id)


class SharedMessage(models.Model):
    """A message of a copy, as it was when it was shared. It names nobody."""

    share = models.ForeignKey(ConversationShare, models.CASCADE, related_name="messages")
    # From 1 on, in the copy.
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=16, choices=Message.Role)
    text = models.TextField(blank=True)
    # The ids of its pictures. One that is deleted is missing here too, as its files are.
    pictures = models.JSONField(default=list)
    # What it cites, each a Source of sources.py, and the issues of its code, each an Issue of code/issues.py.
    sources = models.JSONField(null=True)
    code_issues = models.JSONField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["share", "position"], name="one_shared_message_per_position"),
        ]

    def __str__(self) -> str:
        return str(self.position)


class GuardCount(models.Model):
    """How often the guard model decided so on one day: numbers for the operator, and nobody's words. See guard/."""

    class Side(models.TextChoices):
        QUESTION = "question", _("question")
        ANSWER = "answer", _("answer")
        PICTURE = "picture", _("picture")
        # What Prompt Guard judges.
        PAGE = "page", _("page")
        RESULT = "result", _("search result")
        FILE = "file", _("file")

    day = models.DateField(_("day"))
    version = models.PositiveSmallIntegerField(_("version"))
    side = models.CharField(_("judged"), max_length=16, choices=Side)
    # A Category of guard/categories.py, "injection", "safe" or "away".
    found = models.CharField(_("found"), max_length=40)
    number = models.PositiveIntegerField(_("number"), default=0)

    class Meta:
        verbose_name = _("decisions of the guard")
        verbose_name_plural = _("decisions of the guard")
        ordering = ["-day", "side", "found"]
        constraints = [
            models.UniqueConstraint(fields=["day", "version", "side", "found"], name="one_guard_count_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.side} {self.found}"


class SearchEntry(models.Model):
    """What a member may find: a message, or the title of the conversation where `message` is null. See search.py.

    The database deletes it with its member or message, by ON DELETE CASCADE, and keeps the index of the terms. Both
    stand in migration 0011 only; a migration that alters this table has to make them again.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(Member, models.DO_NOTHING, related_name="+")
    message = models.ForeignKey(Message, models.DO_NOTHING, null=True, related_name="+")
    # The title that `terms` were made of.
    title = models.CharField(max_length=120, blank=True)
    terms = TermsField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "message"], name="one_entry_per_member_and_message"),
            models.UniqueConstraint(fields=["member"], condition=Q(message=None), name="one_title_entry_per_member"),
        ]

    def __str__(self) -> str:
        return str(self.id)
