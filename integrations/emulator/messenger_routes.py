"""What the Graph API answers at a Page or an Instagram account: sends, uploads, profile, conversations."""

from datetime import UTC, datetime

from integrations.emulator import errors
from integrations.emulator.calls import Call
from integrations.emulator.fields import Json
from integrations.emulator.messenger_sends import MessengerSends, Taken, Upload, profile_of
from integrations.emulator.messenger_webhooks import APP_ID
from integrations.emulator.progress import Progress
from integrations.emulator.state import World
from integrations.emulator.things import App, Bubble, Person, Thread

MESSENGER_FIELDS = [
    "messages",
    "messaging_postbacks",
    "messaging_referrals",
    "message_deliveries",
    "message_echoes",
    "message_reads",
    "message_reactions",
    "message_edits",
    "response_feedback",
    "feed",
    "mention",
]
INSTAGRAM_FIELDS = [
    "messages",
    "messaging_postbacks",
    "messaging_seen",
    "messaging_referral",
    "message_reactions",
    "message_edit",
    "comments",
    "mentions",
]
# These can be subscribed to, and nothing of them happens here.
UNUSED = {
    "messenger": ["messaging_handovers", "messaging_policy_enforcement", "standby"],
    "instagram": ["messaging_handover", "standby"],
}
FIELDS: dict[App, list[str]] = {
    "messenger": [*MESSENGER_FIELDS, *UNUSED["messenger"]],
    "instagram": [*INSTAGRAM_FIELDS, *UNUSED["instagram"]],
}
LISTED = 25


def time_of(at: float) -> str:
    """A time as the Graph API writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


class MessengerRoutes:
    """One app's account: the Page of Messenger, or the account of Instagram."""

    def __init__(self, app: App, world: World, sends: MessengerSends, progress: Progress) -> None:
        self._app = app
        self._world = world
        self._sends = sends
        self._progress = progress

    async def account(self, call: Call) -> Json:
        """A call to `/{PAGE}/...` or `/{IG}/...`. Raises GraphError."""
        account = self._world.accounts[self._app]
        match call.method, call.edge:
            case "POST", "messages":
                return await self._message(call)
            case "POST", "message_attachments":
                attachment_id = await self._sends.upload(call.params, _upload_of(call))
                call.about.append(attachment_id)
                return {"attachment_id": attachment_id}
            case "GET", "messenger_profile":
                names = [name for name in call.text("fields").split(",") if name]
                profile = {name: value for name, value in account.profile.items() if name in names}
                return {"data": [profile] if profile else []}
            case "POST", "messenger_profile":
                values = profile_of(call.params, self._app)
                has_button = "get_started" in values or "get_started" in account.profile
                # Instagram has no such button.
                if "persistent_menu" in values and self._app == "messenger" and not has_button:
                    raise errors.messenger(100, message="You must set a Get Started button to use a menu")
                self._world.set_profile(self._app, values)
                return {"result": "success"}
            case "DELETE", "messenger_profile":
                given = call.params.get("fields")
                given = given if isinstance(given, list) else str(given or "").strip("[]").replace('"', "").split(",")
                self._world.set_profile(self._app, {str(name).strip(): None for name in given})
                return {"result": "success"}
            case "GET", "subscribed_apps":
                app = {"id": str(APP_ID), "name": "Emulated app", "subscribed_fields": account.subscribed}
                return {"data": [app] if account.subscribed else []}
            case "POST", "subscribed_apps":
                return self._subscribe(call)
            case "DELETE", "subscribed_apps":
                account.subscribed = []
                return {"success": True}
            case "GET", "conversations":
                return self._conversations(call)
            case "POST", "pass_thread_control" | "take_thread_control":
                return {"success": True}
            case "GET", "":
                return call.asked().of(self._account(), ("name",))
            case _:
                raise errors.NoObject(call.node, call.method)

    def person(self, call: Call, person: Person) -> Json:
        """`GET /{PSID}` or `/{IGSID}`: the person's public profile."""
        if call.method != "GET" or call.edge:
            raise errors.NoObject(call.node, call.method)
        first, _, last = person.name.partition(" ")
        values: Json = {"id": call.node, "name": person.name, "first_name": first, "last_name": last, "locale": "en_US"}
        if self._app == "instagram":
            values = {"id": call.node, "name": person.name, "username": person.handle}
        return call.asked().of(values)

    def conversation(self, call: Call, thread: Thread) -> Json:
        """`GET /t_{PSID}` and its messages."""
        if call.method != "GET" or call.edge not in ("", "messages"):
            raise errors.NoObject(call.node, call.method)
        messages = self._messages(thread)
        return messages if call.edge else {"id": call.node, "messages": messages}

    def message(self, call: Call, thread: Thread, bubble: Bubble) -> Json:
        """`GET /{MID}`: a message, to see whether it arrived."""
        if call.method != "GET" or call.edge or bubble.deleted:
            raise errors.NoObject(call.node, call.method)
        return call.asked().of(self._shown(thread, bubble))

    def subscribe_all(self) -> None:
        """As after a good set-up."""
        self._world.accounts[self._app].subscribed = list(FIELDS[self._app])

    # Calls

    async def _message(self, call: Call) -> Json:
        taken = await self._sends.read(call.params, _upload_of(call))
        person = taken.thread.person
        recipient = person.psid if self._app == "messenger" else person.igsid
        if taken.bubble is None:
            self._act(taken)
            call.about.append(taken.reacts_to or taken.thread.id)
            return {"recipient_id": recipient}
        call.about += [taken.bubble.id, taken.comment.id if taken.comment else ""]
        if taken.comment:
            taken.comment.private_replies += 1
            taken.thread.started = True
        late = self._late_failure()
        self._progress.start(taken.thread, taken.bubble, late.fault if late else None)
        answer = {"recipient_id": recipient, "message_id": taken.bubble.id}
        return answer | ({"attachment_id": taken.attachment_id} if taken.attachment_id else {})

    def _act(self, taken: Taken) -> None:
        thread = taken.thread
        target = thread.bubble(taken.reacts_to) if taken.reacts_to else None
        if target:
            self._world.react_from_bot(thread, target, taken.emoji if taken.action == "react" else "")
        elif taken.action == "mark_seen":
            theirs = [bubble.id for bubble in thread.bubbles if bubble.by == "person"]
            self._world.mark_read_by_bot(thread, theirs[-1] if theirs else "")
        else:
            self._world.show_typing(thread, taken.action == "typing_on")

    def _late_failure(self) -> errors.GraphError | None:
        """Messenger has no status that says so: the message is simply never delivered."""
        switches = self._world.switches
        if not switches.late_failures:
            return None
        self._world.switch(late_failures=switches.late_failures - 1)
        return errors.named(self._app, switches.failure) or errors.messenger(2)

    def _subscribe(self, call: Call) -> Json:
        wanted = call.params.get("subscribed_fields")
        names = wanted if isinstance(wanted, list) else str(wanted or "").split(",")
        names = [str(name).strip() for name in names if str(name).strip()]
        if not names:
            raise errors.messenger(100, message="The parameter subscribed_fields is required.")
        unknown = set(names) - set(FIELDS[self._app])
        if unknown:
            known = ", ".join(FIELDS[self._app])
            raise errors.messenger(100, message=f"Param subscribed_fields[0] must be one of {{{known}}}")
        self._world.accounts[self._app].subscribed = names
        return {"success": True}

    def _account(self) -> Json:
        account = self._world.accounts[self._app]
        values: Json = {"id": account.id, "name": account.name, "username": account.username}
        if self._app == "instagram":
            return values | {"user_id": account.id, "account_type": "BUSINESS"}
        return values | {"link": f"{self._world.url}/", "category": "Emulated"}

    # Conversations, so that a sender can ask what arrived

    def _conversations(self, call: Call) -> Json:
        user = call.text("user_id")
        threads = [
            thread
            for thread in self._world.threads.values()
            if thread.app == self._app and thread.started and (not user or user in (_scoped(thread)))
        ]
        data = []
        for thread in threads[:LISTED]:
            known: Json = {
                "id": f"t_{_scoped(thread)}",
                "updated_time": time_of(thread.bubbles[-1].at if thread.bubbles else self._world.now()),
                "participants": {"data": [{"id": _scoped(thread), "name": thread.person.name}]},
                "messages": self._messages(thread),
            }
            data.append(call.asked().of(known, ("id", "updated_time")))
        return {"data": data}

    def _messages(self, thread: Thread) -> Json:
        """The newest first."""
        shown = [bubble for bubble in reversed(thread.bubbles) if not bubble.deleted][:LISTED]
        return {"data": [self._shown(thread, bubble) for bubble in shown]}

    def _shown(self, thread: Thread, bubble: Bubble) -> Json:
        account = self._world.accounts[self._app]
        person = {"id": _scoped(thread), "name": thread.person.name}
        ours = {"id": account.id, "name": account.name}
        sender, recipient = (person, ours) if bubble.by == "person" else (ours, person)
        values: Json = {
            "id": bubble.id,
            "created_time": time_of(bubble.at),
            "from": sender,
            "to": {"data": [recipient]},
            "message": bubble.text or bubble.caption,
        }
        if bubble.media_id:
            values["attachments"] = {"data": [{"id": bubble.media_id, "name": self._name(bubble.media_id)}]}
        return values

    def _name(self, media_id: str) -> str:
        media = self._world.media.get(media_id)
        return media.name if media else ""


def _scoped(thread: Thread) -> str:
    return thread.person.psid if thread.app == "messenger" else thread.person.igsid


def _upload_of(call: Call) -> Upload | None:
    return call.files.get("filedata")
