"""Messenger: a Facebook Page that answers whoever writes to it."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.conf import settings

from integrations.base import Takes
from integrations.graph import Graph
from integrations.inbound import Parsed
from integrations.messaging.channel import MessagingChannel
from integrations.messaging.posts import PagePosts
from integrations.messaging.problems import judge
from integrations.messenger import payloads
from integrations.text.dialect import MESSENGER


class Messenger(MessagingChannel):
    """See Channel and MessagingChannel."""

    name = "messenger"
    title = "Messenger"
    object = "page"
    dialect = MESSENGER
    # It shows GIF as pictures that move.
    loop = "gif"
    reactions = True
    takes = {
        "audio": Takes(frozenset(("audio/aac", "audio/mp4", "audio/mpeg", "audio/wav", "audio/ogg")), 25_000_000),
        "video": Takes(frozenset(("video/mp4",)), 25_000_000),
        "document": Takes(frozenset(), 25_000_000),
    }
    replies = "comments"

    def __init__(self) -> None:
        self._token = settings.MESSENGER_TOKEN
        self.node = settings.MESSENGER_PAGE_ID

    @property
    def account(self) -> str:
        """The id of the Page."""
        return self.node

    @cached_property
    def graph(self) -> Graph:
        """See Channel."""
        return Graph(f"{settings.GRAPH_URL}/{settings.GRAPH_VERSION}", self._token, judge)

    @cached_property
    def posts(self) -> PagePosts:
        """See Channel."""
        return PagePosts(self.graph, self.node)

    def parse(self, entries: Sequence[Any]) -> Parsed:
        """See Channel."""
        return payloads.parse(entries, self.account, settings.META_APP_ID)

    def envelope(self, content: dict[str, Any], key: str) -> dict[str, Any]:
        """See MessagingChannel. Echoes have the key as their `metadata`."""
        return {"messaging_type": "RESPONSE", "message": {**content, "metadata": key}}
