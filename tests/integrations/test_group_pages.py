"""A WhatsApp group made on the site, by its forms."""

from uuid import UUID

from assistant.models import Room
from integrations.groups.making import CHANNEL
from integrations.models import ChannelState, Group, GroupOrder
from tests.integrations.conftest import Messengers
from tests.integrations.grouped import GroupChat
from tests.people import Visitor, next_address
from tests.security.attacks import sign_up
from tests.servers import eventually
from tests.web.rooms.rooms import text_of

FIELDS = {"name": "Ana", "title": "Ski trip", "door": CHANNEL}
CHOICE = "As a WhatsApp group"


def test_an_account_makes_a_group_and_gets_its_link_and_code(messengers: Messengers) -> None:
    eventually(lambda: ChannelState.objects.filter(channel=CHANNEL, official=True).exists())
    with Visitor(messengers.site, next_address()) as ana:
        sign_up(ana)
        assert CHOICE in text_of(ana.get("/rooms/new").text)
        made = ana.post("/rooms/new", FIELDS)
        assert made.status_code == 302
        room = Room.objects.get(pk=UUID(made.headers["location"].split("/")[2]))
        sheet = f"/rooms/{room.pk}/people"
        assert room.token is None
        eventually(lambda: Group.objects.get(room=room).state == Group.State.OPEN)
        page = ana.get(sheet).text
        link = GroupChat(messengers.emulator, room).row.link
        assert f'value="{link}"' in page
        assert 'src="data:image/svg+xml' in page
        assert "at most 8 people" in text_of(page)
        assert 'value="invite"' not in page
        # Nor by hand: what is said there is for the people of the group.
        assert ana.post(f"/rooms/{room.pk}/change", {"do": "invite"}).status_code == 400
        room.refresh_from_db()
        assert room.token is None
        chat, bo = GroupChat(messengers.emulator, room), messengers.phone("whatsapp")
        chat.join(bo)
        assert "WhatsApp group" in text_of(ana.get(sheet).text).partition("2 people")[2].partition("Who reads what")[0]
        ana.post(f"/rooms/{room.pk}/change", {"do": "lock"})
        assert link not in ana.get(sheet).text
        with Visitor(messengers.site, next_address()) as eve:
            sign_up(eve)
            assert eve.get(sheet).status_code == 404


def test_the_host_decides_about_somebody_whom_whatsapp_did_not_remove(messengers: Messengers) -> None:
    held = "Nothing more of this room goes into it until the host has decided."
    with Visitor(messengers.site, next_address()) as ana:
        sign_up(ana)
        made = ana.post("/rooms/new", FIELDS)
        room = Room.objects.get(pk=UUID(made.headers["location"].split("/")[2]))
        eventually(lambda: Group.objects.get(room=room).state == Group.State.OPEN)
        sheet, change = f"/rooms/{room.pk}/people", f"/rooms/{room.pk}/change"
        assert held not in text_of(ana.get(sheet).text)
        order = room.group.orders.create(kind="remove", state="failed", argument="")
        page = ana.get(sheet).text
        assert held in text_of(page)
        assert 'value="remove_again"' not in page, "nobody knows any more who it was"
        phone = messengers.phone("whatsapp")
        phone.write("Hello")
        phone.hear(1)
        GroupOrder.objects.filter(pk=order.pk).update(argument=GroupOrder.whom(phone.contact))
        assert 'value="remove_again"' in ana.get(sheet).text
        for do in ("remove_again", "let_stay"):
            with Visitor(messengers.site, next_address()) as eve:
                sign_up(eve)
                assert eve.post(change, {"do": do}).status_code == 404
        assert GroupOrder.objects.get(pk=order.pk).state == "failed"
        assert ana.post(change, {"do": "let_stay"}).status_code == 302
        assert held not in text_of(ana.get(sheet).text)
        assert GroupOrder.objects.get(pk=order.pk).state == "done"
        GroupOrder.objects.filter(pk=order.pk).update(state="failed")
        assert ana.post(change, {"do": "remove_again"}).status_code == 302
        # They are not in it: as it should be.
        eventually(lambda: GroupOrder.objects.get(pk=order.pk).state == "done")


def test_a_group_that_could_not_be_made_says_so_and_the_room_goes_on(messengers: Messengers) -> None:
    messengers.emulator.switch(late_failures=1)
    with Visitor(messengers.site, next_address()) as ana:
        sign_up(ana)
        made = ana.post("/rooms/new", FIELDS)
        room = Room.objects.get(pk=UUID(made.headers["location"].split("/")[2]))
        eventually(lambda: Group.objects.get(room=room).state == Group.State.GONE)
        assert "The WhatsApp group could not be made." in text_of(ana.get(f"/rooms/{room.pk}/").text)
        page = ana.get(f"/rooms/{room.pk}/people").text
        assert "could not be made" in text_of(page)
        assert 'value="invite"' in page


def test_others_read_why_they_cannot_make_one(messengers: Messengers) -> None:
    before = Room.objects.count()
    with Visitor(messengers.site, next_address()) as guest:
        page = text_of(guest.get("/rooms/new").text)
        assert CHOICE not in page
        assert "sign in first" in page
        refused = guest.post("/rooms/new", FIELDS)
        assert refused.status_code == 409
        assert "cannot be made here" in text_of(refused.text)
        sign_up(guest)
        states = ChannelState.objects.filter(channel=CHANNEL)
        states.update(official=False)
        try:
            page = text_of(guest.get("/rooms/new").text)
            assert CHOICE not in page
            assert "official business numbers only" in page
            assert guest.post("/rooms/new", FIELDS).status_code == 409
        finally:
            states.update(official=True)
    assert Room.objects.count() == before
