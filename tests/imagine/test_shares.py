"""Links to pictures: made for what is done and one's own, kept while they last, gone when they end."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from assistant import people
from assistant.models import Person
from imagine import shares
from imagine.errors import PictureNotFoundError, RefusedInputError
from imagine.models import Picture, Share, new_token

Status = Picture.Status


@pytest.fixture
def owner(database: None) -> Person:
    return people.make_guest()


def draw(person: Person, status: str = Status.DONE) -> Picture:
    return Picture.objects.create(person=person, made=Picture.Made.DRAWN, prompt="A quiet llama", status=status)


def end(share: Share) -> None:
    """Let its time be over."""
    Share.objects.filter(token=share.token).update(ends_at=timezone.now() - timedelta(seconds=1))


def test_a_link_is_found_by_its_token(owner: Person) -> None:
    picture = draw(owner)
    share = shares.make(owner.id, picture.id)
    found = shares.find(share.token)
    assert found
    assert found.picture == picture
    assert share.ends_at - share.created_at == pytest.approx(
        timedelta(days=settings.SHARE_DAYS), abs=timedelta(minutes=1)
    )


def test_sharing_again_gives_the_same_link_as_one_wants_it_now(owner: Person) -> None:
    picture = draw(owner)
    first = shares.make(owner.id, picture.id, shows_prompt=True)
    second = shares.make(owner.id, picture.id, shows_prompt=False)
    assert (first.token, first.ends_at) == (second.token, second.ends_at)
    assert not Share.objects.get(picture=picture).shows_prompt


def test_sharing_again_keeps_what_was_reported(owner: Person) -> None:
    picture = draw(owner)
    share = shares.make(owner.id, picture.id)
    shares.report(share, "Not mine")
    shares.make(owner.id, picture.id, shows_prompt=False)
    kept = Share.objects.get(token=share.token)
    assert (kept.report, kept.shows_prompt) == ("Not mine", False)
    assert kept.reported_at


def test_a_link_taken_back_is_gone_and_the_next_one_is_another(owner: Person) -> None:
    picture = draw(owner)
    share = shares.make(owner.id, picture.id)
    shares.take_back(owner.id, picture.id)
    assert shares.find(share.token) is None
    assert shares.of(picture) is None
    assert shares.make(owner.id, picture.id).token != share.token
    assert shares.find(share.token) is None


def test_a_link_ends_by_itself(owner: Person) -> None:
    picture = draw(owner)
    share = shares.make(owner.id, picture.id)
    end(share)
    assert shares.find(share.token) is None
    assert shares.of(picture) is None
    assert shares.make(owner.id, picture.id).token != share.token


def test_ended_links_are_swept_away_and_others_stay(owner: Person) -> None:
    ended, lasting = (shares.make(owner.id, draw(owner).id) for _ in range(2))
    end(ended)
    assert shares.expire() >= 1
    assert not Share.objects.filter(token=ended.token).exists()
    assert shares.find(lasting.token) == lasting


@pytest.mark.parametrize("way", ["picture", "person"])
def test_a_link_goes_with_its_picture_and_its_owner(owner: Person, way: str) -> None:
    picture = draw(owner)
    share = shares.make(owner.id, picture.id)
    picture.delete() if way == "picture" else people.erase(owner)
    assert shares.find(share.token) is None
    assert not Share.objects.filter(token=share.token).exists()


def test_the_links_of_somebody_suspended_show_nothing_until_they_are_back(owner: Person) -> None:
    share = shares.make(owner.id, draw(owner).id)
    Person.objects.filter(id=owner.id).update(is_active=False)
    assert shares.find(share.token) is None
    Person.objects.filter(id=owner.id).update(is_active=True)
    assert shares.find(share.token) == share


def test_only_ones_own_pictures_are_shared_or_taken_back(owner: Person) -> None:
    picture, stranger = draw(owner), people.make_guest()
    share = shares.make(owner.id, picture.id)
    for act in (shares.make, shares.take_back):
        for named in (picture.id, uuid4()):
            with pytest.raises(PictureNotFoundError):
                act(stranger.id, named)
    assert list(picture.shares.all()) == [share]


@pytest.mark.parametrize("status", [status for status in Status if status != Status.DONE])
def test_only_what_is_done_is_shared(owner: Person, status: str) -> None:
    picture = draw(owner, status)
    with pytest.raises(RefusedInputError):
        shares.make(owner.id, picture.id)
    assert not picture.shares.exists()


def test_a_picture_that_is_drawn_again_is_not_shown_meanwhile(owner: Person) -> None:
    picture = draw(owner)
    share = shares.make(owner.id, picture.id)
    Picture.objects.filter(id=picture.id).update(status=Status.WAITING)
    assert shares.find(share.token) is None


def test_tokens_hold_more_than_128_random_bits() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(shares.TOKEN.fullmatch(token) and len(token) * 6 >= 128 for token in tokens)
    # Every place of every token varies: nothing in it counts up, or names its picture.
    assert all(len({token[place] for token in tokens}) > 32 for place in range(32))


WRONG = ["", "x", "%", "_", "*", "../..", "\x00", "a\x00b", "a" * 41, "a" * 100_000, "é" * 32, "' OR 1=1 --"]


@pytest.mark.parametrize("token", WRONG)
def test_a_wrong_token_finds_nothing(owner: Person, token: str) -> None:
    shares.make(owner.id, draw(owner).id)
    assert shares.find(token) is None


def test_a_token_is_found_whole_only(owner: Person) -> None:
    token = shares.make(owner.id, draw(owner).id).token
    for near in (token[:-1], token + "a", token.swapcase(), token + "\n", " " + token):
        assert shares.find(near) is None


def test_reports_are_kept_and_bounded(owner: Person) -> None:
    share = shares.make(owner.id, draw(owner).id)
    shares.report(share, "")
    first = Share.objects.get(token=share.token)
    assert (first.report, first.reported_at is not None) == ("", True)
    shares.report(share, "  It shows\x00 my house ")
    shares.report(share, "Mine too")
    kept = Share.objects.get(token=share.token)
    assert kept.report == "It shows my house\nMine too"
    assert kept.reported_at == first.reported_at
    for _ in range(20):
        shares.report(share, "x" * 10_000)
    assert len(Share.objects.get(token=share.token).report) == shares.REPORTS_CHARACTERS


def test_a_report_of_a_link_that_has_just_gone_brings_nothing_back(owner: Person) -> None:
    picture = draw(owner)
    share = shares.make(owner.id, picture.id)
    shares.take_back(owner.id, picture.id)
    shares.report(share, "Too late")
    assert not picture.shares.exists()
