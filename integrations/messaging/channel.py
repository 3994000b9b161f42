"""What Messenger and Instagram have in common where we send: one API, with other edges."""

import json
from typing import Any, ClassVar
from urllib.parse import quote

from integrations.base import Channel, File, Limits, Pace
from integrations.errors import TemporaryError, UncertainError
from integrations.inbound import Media, identifier
from integrations.messaging import files
from integrations.outbound import OutboundMessage, Recipient

# A picture is a bubble of its own, so no caption.
LIMITS = Limits(buttons=13, title=20, payload=1000)
# 300 messages a second of one account. How many one person may get is not published, only that there is a limit.
PACE = Pace(account="200/second", contact="60/minute")
# It goes after some 20 seconds; how many is not published.
TYPING_SECONDS = 15


class MessagingChannel(Channel):
    """An app of the Messenger Platform.

    One bubble is a text or a picture, never both; `send` raises ValueError for what the app cannot show. What can be
    tapped are quick replies.
    """

    limits = LIMITS
    pace = PACE
    typing_seconds = TYPING_SECONDS
    node: str
    """What sends: the id of a Page, or "me" for the account of the token."""
    replies: ClassVar[str]
    """The edge under a comment, or a post, to which an answer goes."""
    upload_fields: ClassVar[dict[str, str]] = {}

    async def send(self, to: Recipient, message: OutboundMessage, file: File | None, key: str) -> str:
        """See Channel. A file is uploaded first, which nobody sees; one request then sends, or nothing does."""
        self._check(to, message, file)
        if message.reacts is not None:
            return await self._react(to, message)
        if to.comment and not to.privately:
            path, place = self.place(to)
            answer = await self.graph.post(path, {**place, "message": message.text})
            return _sent(answer.get("id"))
        content: dict[str, Any] = await self._attachment(file) if file else {"text": message.text}
        if message.choices:
            content["quick_replies"] = [
                {"content_type": "text", "title": choice.title, "payload": choice.payload} for choice in message.choices
            ]
        recipient = {"comment_id": to.comment} if to.comment else {"id": to.user_id}
        body = {"recipient": recipient, **self.envelope(content, key)}
        if message.quotes:
            body["reply_to"] = {"mid": message.quotes}
        answer = await self.graph.post(f"{self.node}/messages", body)
        return _sent(answer.get("message_id"))

    def place(self, to: Recipient) -> tuple[str, dict[str, str]]:
        """The edge that takes an answer under a comment, and what it wants to know besides the words."""
        return f"{quote(to.comment, safe='')}/{self.replies}", {}

    def envelope(self, content: dict[str, Any], key: str) -> dict[str, Any]:
        """The body of a message, without its recipient. `key` goes along where the app gives it back."""
        return {"messaging_type": "RESPONSE", "message": content}

    async def show_typing(self, to: Recipient, seen: str) -> None:
        """See Channel. `seen` only says whether: all up to the newest message is marked."""
        if not to.user_id:
            return
        recipient = {"id": to.user_id}
        for action in ("mark_seen", "typing_on") if seen else ("typing_on",):
            await self.graph.post(f"{self.node}/messages", {"recipient": recipient, "sender_action": action})

    async def download(self, media: Media, most: int) -> bytes:
        """See Channel. No token goes along."""
        return await files.download(media, most, stand_in=self.graph.url)

    def _check(self, to: Recipient, message: OutboundMessage, file: File | None) -> None:
        if message.reacts is not None and (to.comment or not message.quotes):
            raise ValueError("a reaction is one to a message")
        if message.reacts is None and bool(message.text) == message.has_file:
            raise ValueError("a bubble is a text or a picture, never both")
        if message.has_file != bool(file):
            raise ValueError("a picture comes with its file, and no file without a picture")
        if len(message.choices) > self.limits.buttons:
            raise ValueError(f"more than {self.limits.buttons} choices")
        if to.comment and not to.privately and (message.has_file or message.choices):
            raise ValueError("an answer to a comment is a text, without choices")

    async def _react(self, to: Recipient, message: OutboundMessage) -> str:
        """React to a message of the person's, or take that back: the app has no id for it."""
        payload = {"message_id": message.quotes, **({"reaction": message.reacts} if message.reacts else {})}
        action = "react" if message.reacts else "unreact"
        body = {"recipient": {"id": to.user_id}, "sender_action": action, "payload": payload}
        await self.graph.post(f"{self.node}/messages", body)
        return ""

    async def _attachment(self, file: File) -> dict[str, Any]:
        kind = file.mime_type.partition("/")[0]
        kind = kind if kind in ("image", "video", "audio") else "file"
        # Only a reusable one gets an id; it lives for 90 days.
        about = json.dumps({"attachment": {"type": kind, "payload": {"is_reusable": True}}})
        fields = {"message": about, **self.upload_fields}
        form = file.name, file.data, file.mime_type
        answer = await self.graph.upload(f"{self.node}/message_attachments", fields, "filedata", form)
        attachment_id = identifier(answer.get("attachment_id"))
        if not attachment_id:
            raise TemporaryError("an upload was answered without an id")
        return {"attachment": {"type": kind, "payload": {"attachment_id": attachment_id}}}


def _sent(value: object) -> str:
    if not (mid := identifier(value)):
        raise UncertainError("a message was taken, but its id is missing")
    return mid
