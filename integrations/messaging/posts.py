"""What is said under posts of a Page and of an Instagram account, asked of the Graph API. All of it is hostile text.

https://developers.facebook.com/docs/graph-api/reference/comment
https://developers.facebook.com/docs/instagram-platform/reference/ig-comment
"""

import re
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from integrations.base import Posts, mapping
from integrations.errors import PermissionMissingError, RefusedError
from integrations.graph import Graph
from integrations.inbound import Comment, InboundComment, Post, Sender, identifier, label, words

# A name changes rarely, and each comment asks for it.
NAMES_SECONDS = 3600
COMMENT_CHARACTERS = 2_000
POST_CHARACTERS = 1_500
PLAIN = re.compile(r"[\w-]+", re.ASCII)


class MessagingPosts(Posts):
    """See Posts. `node` is what our account is called in addresses."""

    text_field: str
    fields: str
    post_text_field: str
    post_fields: str

    def __init__(self, graph: Graph, node: str) -> None:
        self._graph = graph
        self._node = node
        self._names: tuple[str, ...] = ()
        self._names_until = 0.0

    async def names(self) -> tuple[str, ...]:
        """See Posts."""
        if time.monotonic() > self._names_until:
            try:
                found = await self._graph.get(self._node, fields="id,name,username")
            except (PermissionMissingError, RefusedError):
                found = {}
            self.username = label(found.get("username"))
            self._names = tuple(filter(None, (label(found.get("name")), self.username)))
            self._names_until = time.monotonic() + NAMES_SECONDS
        return self._names

    async def comment(self, comment: InboundComment) -> Comment:
        """See Posts."""
        return self._comment(await self._get(comment.id, self._fields_of(comment)), comment.sender)

    async def parent(self, comment_id: str) -> Comment:
        """See Posts."""
        return self._comment(await self._get(comment_id, self.fields), Sender())

    async def post(self, comment: InboundComment) -> Post:
        """See Posts."""
        return self._post(await self._get(comment.post, self.post_fields))

    async def delete(self, comment_id: str) -> None:
        """See Posts."""
        await self._graph.delete(_path(comment_id))

    async def _get(self, id: str, fields: str) -> Mapping[str, Any]:
        return await self._graph.get(_path(id), fields=fields)

    def _fields_of(self, comment: InboundComment) -> str:
        """What is asked: a post that names us is no comment."""
        return self.post_fields if comment.id == comment.post else self.fields

    def _comment(self, found: Mapping[str, Any], known: Sender) -> Comment:
        """A comment, or a post that names us. `known` is who wrote it, where the app does not say."""
        author = mapping(found.get("from"))
        name = label(author.get("name"))
        username = label(found.get("username") or author.get("username"))
        sender = Sender(identifier(author.get("id")) or known.user_id, "", name or known.name, username)
        return Comment(
            words(found.get(self.text_field) or found.get(self.post_text_field), COMMENT_CHARACTERS),
            sender,
            identifier(found.get("parent_id")) or identifier(mapping(found.get("parent")).get("id")),
            hidden=found.get("is_hidden") is True or found.get("hidden") is True,
        )

    @abstractmethod
    def _post(self, found: Mapping[str, Any]) -> Post:
        """A post as the app describes it."""


class PagePosts(MessagingPosts):
    """Of a Facebook Page."""

    limit = 600
    text_field = post_text_field = "message"
    fields = "id,message,from,parent,is_hidden"
    post_fields = "id,message,from,full_picture"

    def is_own(self, comment: InboundComment) -> bool:
        """See Posts. A Page's posts begin with its id."""
        return comment.id != comment.post and comment.post.startswith(f"{self._node}_")

    def _post(self, found: Mapping[str, Any]) -> Post:
        return Post(words(found.get("message"), POST_CHARACTERS), pictured=bool(found.get("full_picture")))


class InstagramPosts(MessagingPosts):
    """Of an Instagram account, and of others where they name it."""

    # It takes 300 characters, four tags and one address.
    limit = 300
    text_field, post_text_field = "text", "caption"
    fields = "id,text,from,username,parent_id,hidden"
    post_fields = "id,caption,media_type,username"

    def is_own(self, comment: InboundComment) -> bool:
        """See Posts. Elsewhere only mentions reach us."""
        return not comment.named

    async def comment(self, comment: InboundComment) -> Comment:
        """See Posts. What others say elsewhere is asked by way of our own account."""
        if self.is_own(comment):
            return await super().comment(comment)
        if comment.id == comment.post:
            return self._comment(await self._mentioned_media(comment), comment.sender)
        # Who wrote it is not documented: it is read where it comes.
        asked = f"mentioned_comment.comment_id({_plain(comment.id)}){{id,text,timestamp}}"
        found = await self._graph.get(self._node, fields=asked)
        return self._comment(mapping(found.get("mentioned_comment")), comment.sender)

    async def post(self, comment: InboundComment) -> Post:
        """See Posts."""
        if self.is_own(comment):
            return await super().post(comment)
        return self._post(await self._mentioned_media(comment))

    async def _mentioned_media(self, comment: InboundComment) -> Mapping[str, Any]:
        asked = f"mentioned_media.media_id({_plain(comment.post)}){{{self.post_fields}}}"
        return mapping((await self._graph.get(self._node, fields=asked)).get("mentioned_media"))

    def _post(self, found: Mapping[str, Any]) -> Post:
        return Post(words(found.get("caption"), POST_CHARACTERS), pictured=bool(found.get("media_type")))


def _path(id: str) -> str:
    return quote(id, safe="")


def _plain(id: str) -> str:
    """An id that can stand among fields. Raises RefusedError for one that would be more than that."""
    if not PLAIN.fullmatch(id):
        raise RefusedError("an id is none")
    return id
