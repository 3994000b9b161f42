"""Instagram: a professional account that answers direct messages."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.conf import settings

from integrations.base import Takes
from integrations.graph import Graph
from integrations.inbound import Parsed
from integrations.instagram import payloads
from integrations.messaging.channel import MessagingChannel
from integrations.messaging.posts import InstagramPosts
from integrations.messaging.problems import judge
from integrations.outbound import Recipient
from integrations.text.dialect import INSTAGRAM


class Instagram(MessagingChannel):
    """See Channel and MessagingChannel.

    There are two ways in. With INSTAGRAM_APP_SECRET it is Instagram Login: a token of the account, for Instagram's own
    server. Without it is Facebook Login: the token of the Page to which the account is linked, for Facebook's server.
    """

    name = "instagram"
    title = "Instagram"
    object = "instagram"
    dialect = INSTAGRAM
    # Both of Meta's pages on what it takes name MP4; only one of them names GIF.
    loop = "video"
    takes = {
        "audio": Takes(frozenset(("audio/aac", "audio/mp4", "audio/wav")), 25_000_000),
        "video": Takes(frozenset(("video/mp4",)), 25_000_000),
        "document": Takes(frozenset(("application/pdf",)), 25_000_000),
    }
    replies = "replies"
    # The account of the token, or the one that is linked to its Page.
    node = "me"
    upload_fields = {"platform": "instagram"}

    def __init__(self) -> None:
        self._token = settings.INSTAGRAM_TOKEN
        self.has_own_login = bool(settings.INSTAGRAM_APP_SECRET)
        self._server = settings.INSTAGRAM_GRAPH_URL if self.has_own_login else settings.GRAPH_URL

    @property
    def account(self) -> str:
        """The id of the account."""
        return settings.INSTAGRAM_ID

    @cached_property
    def graph(self) -> Graph:
        """See Channel."""
        return Graph(f"{self._server}/{settings.GRAPH_VERSION}", self._token, judge)

    @property
    def _profile(self) -> str:
        """The account itself: with the token of a Page, "me" is that Page."""
        return "me" if self.has_own_login else settings.INSTAGRAM_ID

    @cached_property
    def posts(self) -> InstagramPosts:
        """See Channel."""
        return InstagramPosts(self.graph, self._profile)

    def place(self, to: Recipient) -> tuple[str, dict[str, str]]:
        """See MessagingChannel. Somewhere else than under our own posts we can answer only where we were named."""
        if not to.post:
            return super().place(to)
        comment = {} if to.comment == to.post else {"comment_id": to.comment}
        return f"{self._profile}/mentions", {"media_id": to.post, **comment}

    def parse(self, entries: Sequence[Any]) -> Parsed:
        """See Channel."""
        return payloads.parse(entries, self.account, settings.META_APP_ID)
