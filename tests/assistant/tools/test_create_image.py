"""Pictures inside a conversation, with a painter who draws when the test says so."""

import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings
from redis.asyncio import Redis

from assistant import conversations, people
from assistant.commands import imagine_prompt
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.errors import AccountNeededError
from assistant.events import Waiting
from assistant.models import Conversation, Message, Run
from assistant.tools import create_image
from assistant.tools.picture_watch import PictureWatch
from imagine import keys
from imagine.errors import (
    AwayError,
    CheckpointError,
    NoCheckpointError,
    RefusedPixelsError,
    RefusedWordsError,
    StoppedError,
    TooSlowError,
)
from imagine.events import PictureProgress
from imagine.models import Picture
from imagine.status import RoleStatus
from tests.assistant.imagine_commands import IMAGINE_COMMANDS
from tests.easel import Easel, drawn
from tests.fake_llama import FakeLlama, says
from tests.people import Visitor, next_address
from tests.servers import Site, Valkey, eventually


class Studio:
    """A site and a painter, with a Valkey of their own: elsewhere nobody draws."""

    def __init__(self, site: Site, easel: Easel, llama: FakeLlama) -> None:
        self.site = site
        self.easel = easel
        self.llama = llama


@pytest.fixture(scope="module")
def shared_studio(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    valkey = Valkey(folder / "valkey")
    valkey.start()
    with FakeLlama() as llama:
        environment = {
            "REDIS_URL": valkey.url,
            "LLAMA_URL": llama.url,
            "LLAMA_DEMO": "1",
            "IMAGINE_MODEL": "easel",
            "LIMIT_GUEST_PICTURES": "2/hour",
        }
        site = Site(folder / "site", environment)
        try:
            site.start()
            yield Studio(site, Easel(valkey.url), llama)
        finally:
            site.kill()
            valkey.kill()


@pytest.fixture
def studio(shared_studio: Studio) -> Iterator[Studio]:
    shared_studio.llama.reset()
    shared_studio.easel.open()
    yield shared_studio
    shared_studio.easel.close()


@pytest.fixture
def easel(studio: Studio) -> Easel:
    return studio.easel


@pytest.fixture
def ada(studio: Studio) -> Iterator[Visitor]:
    with Visitor(studio.site, next_address()) as visitor:
        yield visitor


def over(conversation: Conversation) -> bool:
    return not conversation.runs.filter(status=Run.Status.RUNNING).exists()


def page_of(visitor: Visitor, conversation: Conversation) -> str:
    eventually(lambda: over(conversation))
    return visitor.get(f"/c/{conversation.id}/").text


def last_run(conversation: Conversation) -> Run:
    return conversation.runs.select_related("answer").latest("created_at")


@pytest.mark.parametrize(("text", "prompt"), IMAGINE_COMMANDS)
def test_a_message_asks_for_a_picture_or_for_words(text: str, prompt: str | None) -> None:
    assert imagine_prompt(text) == prompt


def test_a_person_gets_a_picture_as_the_answer(ada: Visitor, studio: Studio) -> None:
    conversation = ada.begin("imagine a red fox in the snow")
    work = studio.easel.take(ada.person.id)
    with ada.socket() as socket:
        socket.say("watch", run=conversation.runs.get().id, after=0)
        assert socket.hear_until("waiting")["sentence"] == "Drawing"
        studio.easel.step(work, 2, 4)
        assert socket.hear_until("waiting")["sentence"] == "Drawing, step 2 of 4"
        studio.easel.finish(work)
        finished = socket.hear_until("finished")
    assert finished["status"] == "done"
    assert f"/p/{work.picture.id}/" in finished["pictures"]
    page = page_of(ada, conversation)
    assert "Here is your picture." in page
    assert finished["pictures"] in page
    shown = re.search(r'<img src="([^"]+)" width="64" height="64" alt="a red fox in the snow"', page)
    assert shown
    assert ada.get(shown[1]).headers["content-type"] == "image/webp"
    assert work.picture.prompt == "a red fox in the snow"
    # The sentence is put in when it is shown, in the viewer's language.
    assert last_run(conversation).answer.text == ""
    assert last_run(conversation).first_token_at
    assert studio.llama.requests == []


def test_a_drawn_answer_is_short_text_in_the_history_that_the_model_gets(ada: Visitor, studio: Studio) -> None:
    conversation = ada.begin("imagine a red fox")
    studio.easel.finish(studio.easel.take(ada.person.id))
    eventually(lambda: over(conversation))
    studio.llama.script(says("A vixen."))
    ada.post(f"/c/{conversation.id}/messages", {"text": "What is a female one called?", "id": str(uuid4())})
    assert "A vixen." in page_of(ada, conversation)
    sent = [(message["role"], message["content"]) for message in studio.llama.requests[0]["messages"][1:3]]
    assert sent == [("user", "imagine a red fox"), ("assistant", "Here is your picture.")]


def test_the_command_is_read_from_the_text_that_is_stored(ada: Visitor, easel: Easel) -> None:
    conversation = ada.begin("\x00/imagine\x00 a red fox\r\n")
    work = easel.take(ada.person.id)
    easel.finish(work)
    assert work.picture.prompt == "a red fox"
    assert last_run(conversation).tool_call == {"name": "create_image", "arguments": {"prompt": "a red fox"}}


def test_answering_again_draws_again_from_another_seed(ada: Visitor, easel: Easel) -> None:
    conversation = ada.begin("imagine a red fox")
    first = easel.take(ada.person.id)
    easel.finish(first)
    eventually(lambda: over(conversation))
    ada.post(f"/m/{last_run(conversation).answer_id}/retry")
    second = easel.take(ada.person.id)
    easel.finish(second)
    page = page_of(ada, conversation)
    assert second.picture.prompt == first.picture.prompt
    assert second.picture.seed != first.picture.seed
    assert str(second.picture.id) in page
    assert str(first.picture.id) not in page


def test_stopping_the_answer_stops_the_picture_before_and_after_it_is_begun(ada: Visitor, easel: Easel) -> None:
    conversation = ada.begin("imagine a red fox")
    mine = Picture.objects.filter(person=ada.person)
    eventually(mine.exists)
    ada.post(f"/r/{last_run(conversation).id}/stop")
    assert "You stopped this answer." in page_of(ada, conversation)
    eventually(lambda: mine.get().status == Picture.Status.STOPPED)
    ada.post(f"/m/{last_run(conversation).answer_id}/retry")
    work = easel.take(ada.person.id)
    ada.post(f"/r/{last_run(conversation).id}/stop")
    eventually(lambda: easel.redis.exists(keys.stop(work.picture.id)))
    with pytest.raises(StoppedError):
        work.check()
    assert str(work.picture.id) not in page_of(ada, conversation)


def test_a_picture_that_the_person_deletes_ends_its_answer(ada: Visitor, easel: Easel) -> None:
    conversation = ada.begin("imagine a red fox")
    work = easel.take(ada.person.id)
    assert ada.post(f"/p/{work.picture.id}/delete").status_code == 302
    assert "You stopped this answer." in page_of(ada, conversation)


def test_an_end_that_nobody_told_is_found(ada: Visitor, easel: Easel) -> None:
    conversation = ada.begin("imagine a red fox")
    work = easel.take(ada.person.id)
    Picture.objects.filter(id=work.picture.id).update(status=Picture.Status.DONE)
    assert f"/p/{work.picture.id}/" in page_of(ada, conversation)


def test_what_the_painter_cannot_do_is_said_plainly(ada: Visitor, easel: Easel) -> None:
    conversation = ada.begin("imagine a red fox")
    easel.fail(easel.take(ada.person.id), RefusedPixelsError())
    page = page_of(ada, conversation)
    assert str(RefusedPixelsError.sentence) in page
    assert "Try again" not in re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)
    assert last_run(conversation).status == Run.Status.FAILED


def test_refused_words_are_refused_kindly_and_nothing_is_kept(ada: Visitor, easel: Easel) -> None:
    conversation = ada.begin("/imagine a nude portrait")
    assert str(RefusedWordsError.sentence) in page_of(ada, conversation)
    assert not Picture.objects.filter(person=ada.person).exists()


def test_what_is_asked_for_while_the_painter_is_away_comes_when_it_is_back(ada: Visitor, easel: Easel) -> None:
    """As on the page for pictures, which takes the same request."""
    easel.close()
    conversation = ada.begin("imagine a red fox")
    with ada.socket() as socket:
        socket.say("watch", run=last_run(conversation).id, after=0)
        assert "is away for a moment" in socket.hear_until("waiting")["sentence"]
        easel.open()
        work = easel.take(ada.person.id)
        easel.step(work, 1, 4)
        assert socket.hear_until("waiting")["sentence"] == "Drawing, step 1 of 4"
        easel.finish(work)
        assert socket.hear_until("finished")["status"] == "done"
    assert f"/p/{work.picture.id}/" in page_of(ada, conversation)
    assert ada.post("/imagine/draw", {"prompt": "a red fox"}).status_code == 302


def test_pictures_in_conversations_count_as_pictures(ada: Visitor, easel: Easel) -> None:
    for prompt in ("a fox", "an owl"):
        conversation = ada.begin(f"imagine {prompt}")
        easel.finish(easel.take(ada.person.id))
        eventually(lambda: over(conversation))  # noqa: B023 - asked for at once
    refused = ada.post("/", {"text": "imagine a bear", "id": str(uuid4())})
    assert refused.status_code == 429
    assert ada.post(f"/m/{last_run(conversation).answer_id}/retry").status_code == 429
    assert page_of(ada, ada.begin("Tell me of bears"))


def test_hostile_words_stay_words_on_the_page(ada: Visitor, studio: Studio) -> None:
    conversation = ada.begin('imagine a fox"><script>alert(1)</script>')
    studio.easel.finish(studio.easel.take(ada.person.id))
    page = page_of(ada, conversation)
    assert 'alt="a fox&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page
    assert "<script>alert" not in page


def test_somebody_else_cannot_look_at_the_picture(ada: Visitor, studio: Studio) -> None:
    ada.begin("imagine a red fox")
    work = studio.easel.take(ada.person.id)
    studio.easel.finish(work)
    with Visitor(studio.site, next_address()) as eve:
        eve.begin("Hello")
        for name in ("", "picture.webp", "picture.jpg"):
            assert eve.get(f"/p/{work.picture.id}/{name}").status_code == 404


# Without a site


async def turn(text: str = "imagine a fox") -> Turn:
    person = await in_thread(people.make_guest)()
    return await in_thread(conversations.say)(person, None, text, uuid4())


async def test_guests_are_asked_to_sign_in_where_only_accounts_draw(settings: Settings) -> None:
    settings.IMAGINE_ACCOUNT = True
    asked = await turn()
    with pytest.raises(AccountNeededError):
        await create_image.request(asked.run.id, "a fox")
    assert not await asked.answer.pictures.aexists()


async def test_nothing_is_drawn_for_an_answer_that_has_ended() -> None:
    asked = await turn()
    await Run.objects.filter(id=asked.run.id).aupdate(status=Run.Status.STOPPED)
    with pytest.raises(StoppedError):
        await create_image.request(asked.run.id, "a fox")
    assert not await asked.answer.pictures.aexists()


async def test_who_cannot_draw_says_why(settings: Settings, shared_studio: Studio) -> None:
    easel = shared_studio.easel
    async with Redis.from_url(shared_studio.site.environment["REDIS_URL"]) as redis:
        settings.IMAGINE_MODEL = settings.IMAGINE_FINAL_MODEL = ""
        with pytest.raises(NoCheckpointError):
            (await create_image.painter_status(redis)).check()
        settings.IMAGINE_MODEL = "easel"
        away = await create_image.painter_status(redis)
        away.check()
        assert isinstance(away.error(), AwayError)
        await redis.set(keys.painter("final"), RoleStatus("final", "broken", problem="no such folder").to_bytes())
        with pytest.raises(CheckpointError, match="no such folder"):
            (await create_image.painter_status(redis)).check()
        await redis.set(keys.painter("final"), RoleStatus("final", "loading").to_bytes())
        (await create_image.painter_status(redis)).check()
    easel.close()
    async with Redis.from_url("redis://127.0.0.1:9/0") as redis:
        with pytest.raises(AwayError):
            await create_image.painter_status(redis)


@in_thread
def in_the_making() -> Picture:
    picture = drawn(people.make_guest().id)
    Picture.objects.filter(id=picture.id).update(status=Picture.Status.DRAWING)
    return picture


def word(picture: UUID, done: int, status: str = "drawing") -> bytes:
    """What is published of a picture."""
    return PictureProgress(str(picture), status, done, 4).to_bytes()


async def test_of_all_that_is_told_to_a_person_an_answer_hears_what_concerns_it() -> None:
    picture = await in_the_making()
    watch = PictureWatch(picture.id)
    steps = watch.steps()
    watch.notify(word(picture.id, 1))
    assert await anext(steps) == Waiting("drawing", done=1, of=4)
    watch.notify(b"\x01 a live frame {")
    watch.notify(word(uuid4(), 3))
    watch.notify(word(picture.id, 2))
    assert await anext(steps) == Waiting("drawing", done=2, of=4)
    await Picture.objects.filter(id=picture.id).aupdate(status=Picture.Status.DONE)
    watch.notify(None)
    assert [step async for step in steps] == []


async def test_nobody_waits_for_ever() -> None:
    picture = await in_the_making()
    with pytest.raises(TooSlowError):
        await anext(PictureWatch(picture.id).steps(seconds=0))


def test_a_message_and_its_picture_can_go_without_each_other() -> None:
    person = people.make_guest()
    conversation = conversations.begin(person, "")
    answer = conversation.messages.create(position=1, role=Message.Role.ASSISTANT, text="Here is your picture.")
    first, second = drawn(person.id), drawn(person.id)
    answer.pictures.add(first, second)
    first.delete()
    assert list(answer.pictures.all()) == [second]
    conversation.delete()
    assert Picture.objects.filter(id=second.id).exists()
