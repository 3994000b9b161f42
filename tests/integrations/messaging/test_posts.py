"""What is asked of the Graph API about comments and posts, and what is made of its answers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.errors import RefusedError
from integrations.graph import Graph
from integrations.inbound import Comment, InboundComment, Post, Sender
from integrations.messaging.posts import InstagramPosts, MessagingPosts, PagePosts
from integrations.messaging.problems import judge
from tests.scripted_http import Reply, ScriptedHTTP

ADA = Sender("17", name="Ada")


@pytest.fixture
def meta() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        yield server


def posts(kind: type[MessagingPosts], meta: ScriptedHTTP, node: str = "2000") -> MessagingPosts:
    return kind(Graph(f"{meta.url}/v25.0", "token", judge), node)


def about(**fields: Any) -> InboundComment:
    values = {"id": "77_1", "post": "2000_77", "text": "@Chaski hi"} | fields
    return InboundComment("2000", ADA, datetime(2026, 11, 1, tzinfo=UTC), **values)


async def test_a_comment_on_facebook(meta: ScriptedHTTP) -> None:
    found = {"id": "77_1", "message": "@Chaski hi", "parent": {"id": "77_0"}, "is_hidden": True}
    meta.script("/v25.0/77_1", Reply({**found, "from": {"id": "18", "name": "Bo"}}), Reply({"id": "77_1"}))
    page = posts(PagePosts, meta)
    assert await page.comment(about()) == Comment("@Chaski hi", Sender("18", name="Bo"), "77_0", hidden=True)
    # Without a permission the app says neither words nor author: who wrote it was told with the delivery.
    assert await page.comment(about()) == Comment("", ADA)


@pytest.mark.parametrize(
    ("found", "post"),
    [
        ({"message": "Hello", "full_picture": "https://cdn.example/1"}, Post("Hello", pictured=True)),
        ({"message": ["Hello"]}, Post()),
        ({"message": "x" * 9_000}, Post("x" * 1_500)),
    ],
)
async def test_a_post_on_facebook(meta: ScriptedHTTP, found: Any, post: Post) -> None:
    meta.script("/v25.0/2000_77", Reply({"id": "2000_77", **found}))
    assert await posts(PagePosts, meta).post(about()) == post


async def test_a_comment_on_instagram_elsewhere_is_asked_by_our_account(meta: ScriptedHTTP) -> None:
    meta.script("/v25.0/2000", Reply({"mentioned_comment": {"id": "5", "text": "@chaski hi"}, "id": "2000"}))
    asked = about(id="5", post="6", named=True)
    assert await posts(InstagramPosts, meta).comment(asked) == Comment("@chaski hi", ADA)
    assert meta.asked[-1].params["fields"].startswith("mentioned_comment.comment_id(5){")


@pytest.mark.parametrize("id", ["5){access_token}", "5/../6", "", "5 6"])
async def test_an_odd_id_never_stands_among_fields(meta: ScriptedHTTP, id: str) -> None:
    with pytest.raises(RefusedError):
        await posts(InstagramPosts, meta).comment(about(id=id, post="6", named=True))
    assert not meta.asked


async def test_our_names_are_asked_once(meta: ScriptedHTTP) -> None:
    meta.script("/v25.0/2000", Reply({"id": "2000", "name": "Ada's Bakery", "username": "adas.bakery"}))
    page = posts(PagePosts, meta)
    assert await page.names() == await page.names() == ("Ada's Bakery", "adas.bakery")
    assert page.username == "adas.bakery"
    assert len(meta.asked) == 1
