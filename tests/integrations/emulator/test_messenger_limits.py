"""What Messenger and Instagram refuse, at the edge of each limit, with the body of the error."""

from typing import Any

import httpx
import pytest

from tests.integrations.emulator import samples
from tests.integrations.emulator.conftest import Messenger
from tests.integrations.emulator.receiver import Receiver
from tests.servers import Emulator

Json = dict[str, Any]
MB = 1024 * 1024


def fault(response: httpx.Response) -> tuple[int, int, int, str]:
    """HTTP status, code, subcode and message of an error."""
    error = response.json()["error"]
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"]
    return response.status_code, error["code"], error.get("error_subcode", 0), error["message"]


def refused(message: str) -> tuple[int, int, int, str]:
    return 400, 100, 0, f"(#100) {message}"


def replies(count: int, title: str = "More", payload: str = "more") -> Json:
    reply = {"content_type": "text", "title": title, "payload": payload}
    return {"text": "Go on?", "quick_replies": [reply] * count}


def template(kind: str, **payload: object) -> Json:
    return {"attachment": {"type": "template", "payload": {"template_type": kind, **payload}}}


def postbacks(count: int, title: str = "More", payload: str = "more") -> list[Json]:
    return [{"type": "postback", "title": title, "payload": payload}] * count


def cards(count: int, **more: object) -> list[Json]:
    return [{"title": "Source", **more}] * count


GOOD: list[Json] = [
    {"text": "x" * 2000},
    {"text": "😀" * 2000},
    replies(13, "t" * 20, "p" * 1000),
    template("button", text="x" * 640, buttons=postbacks(3, "t" * 20, "p" * 1000)),
    template("button", text="x", buttons=[{"type": "web_url", "title": "Open", "url": "https://example.org/"}]),
    template("generic", elements=cards(10, subtitle="s" * 80, buttons=postbacks(3))),
    template("generic", elements=[{"title": "t" * 80, "default_action": {"type": "web_url", "url": "https://e.org"}}]),
    {"text": "Hello", "metadata": "m" * 1000},
]
BAD: list[tuple[Json, str]] = [
    ({"text": "x" * 2001}, "Length of param message[text] must be less than or equal to 2000"),
    ({}, "The parameter message[text] or message[attachment] is required"),
    (replies(14), "Param message[quick_replies] must have at most 13 elements"),
    (replies(1, "t" * 21), "Length of param message['quick_replies'][0]['title'] must be less than or equal to 20"),
    (
        replies(1, "t", "p" * 1001),
        "Length of param message['quick_replies'][0]['payload'] must be less than or equal to 1000",
    ),
    (
        template("button", text="x" * 641, buttons=postbacks(1)),
        "Length of param message['attachment']['payload']['text'] must be less than or equal to 640",
    ),
    (template("button", text="x", buttons=postbacks(4)), "Param buttons must have 1 to 3 elements"),
    (template("button", text="x", buttons=[]), "Param buttons must have 1 to 3 elements"),
    (
        template("button", text="x", buttons=postbacks(1, "t" * 21)),
        "Length of param message['attachment']['payload']['buttons'][0]['title'] must be less than or equal to 20",
    ),
    (template("generic", elements=cards(11)), "Param elements must have 1 to 10 elements"),
    (
        template("generic", elements=[{"title": "t" * 81}]),
        "Length of param message['attachment']['payload']['elements'][0]['title'] must be less than or equal to 80",
    ),
    (
        template("generic", elements=cards(1, subtitle="s" * 81)),
        "Length of param message['attachment']['payload']['elements'][0]['subtitle'] must be less than or equal to 80",
    ),
    (template("list"), "Param template_type must be one of {BUTTON, GENERIC, MEDIA}"),
    (
        {"attachment": {"type": "document", "payload": {}}},
        "Param attachment[type] must be one of {IMAGE, AUDIO, VIDEO, FILE, TEMPLATE}",
    ),
    (
        {"text": "x", "attachment": {"type": "image", "payload": {}}},
        "Only one of the params text and attachment can be set",
    ),
]


@pytest.mark.parametrize("message", GOOD)
def test_what_is_just_within_the_limit_is_taken(messenger: Messenger, message: Json) -> None:
    response = messenger.send(message)
    assert response.status_code == 200, response.text
    assert response.json() == {"recipient_id": messenger.recipient, "message_id": response.json()["message_id"]}


@pytest.mark.parametrize(("message", "words"), BAD)
def test_what_is_over_the_limit_is_refused(messenger: Messenger, emulator: Emulator, message: Json, words: str) -> None:
    before = len(emulator.answers_on("messenger"))
    assert fault(messenger.send(message)) == refused(words)
    assert len(emulator.answers_on("messenger")) == before


def test_instagram_counts_bytes(instagram: Messenger) -> None:
    assert instagram.send({"text": "😀" * 250}).status_code == 200
    assert instagram.send({"text": "x" * 1000}).status_code == 200
    words = "Length of param message[text] must be less than or equal to 1000"
    assert fault(instagram.send({"text": "😀" * 250 + "x"})) == refused(words)
    assert fault(instagram.send({"text": "ä" * 501})) == refused(words)


def test_the_window_closes_after_a_day_and_tags_do_not_help(messenger: Messenger, emulator: Emulator) -> None:
    ahead = emulator.switch()["ahead"]
    emulator.switch(ahead=ahead + 24 * 3600 - 60)
    assert messenger.send({"text": "In time"}).status_code == 200
    emulator.switch(ahead=ahead + 24 * 3600 + 60)
    closed = (403, 10, 2018278, "(#10) This message is sent outside of allowed window.")
    assert fault(messenger.send({"text": "Too late"})) == closed
    assert fault(messenger.send({"text": "Too late"}, messaging_type="UPDATE")) == closed
    tagged = messenger.send({"text": "Hello"}, messaging_type="MESSAGE_TAG", tag="ACCOUNT_UPDATE")
    assert fault(tagged) == refused("The tag ACCOUNT_UPDATE is not supported")
    human = messenger.send({"text": "Hello"}, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    assert human.status_code == 200
    assert fault(messenger.send({"text": "Hello"}, messaging_type="SHOUT"))[1] == 100
    written = emulator.answers_on("messenger")[0]["id"]
    # A reaction opens the window too.
    emulator.act("react", app="messenger", bubble=written, emoji="👍")
    assert messenger.send({"text": "Open again"}).status_code == 200


def test_who_is_not_known_or_has_blocked_us_gets_nothing(messenger: Messenger, emulator: Emulator) -> None:
    unknown = messenger.send({"text": "Hello"}, recipient={"id": "12345"})
    assert fault(unknown) == (400, 100, 2018001, "(#100) No matching user found")
    emulator.act("block", app="messenger", blocked=True)
    blocked = messenger.send({"text": "Hello"})
    emulator.act("block", app="messenger", blocked=False)
    assert fault(blocked) == (400, 551, 1545041, "(#551) This person isn't available right now.")
    nobody = messenger.post("messages", {"message": {"text": "x"}})
    assert fault(nobody) == refused("The parameter recipient is required")


def test_a_page_cannot_write_first(messenger: Messenger) -> None:
    never_wrote = messenger.person("Bo Larsen")["psid"]
    assert fault(messenger.send({"text": "Hello"}, recipient={"id": never_wrote}))[2] == 2018001


def test_every_error_of_the_table_can_be_had_by_a_switch(messenger: Messenger, emulator: Emulator) -> None:
    keys = "1 2 99 1200 4 613 10/2018278 10 100/2018001 100/2018008 190 200 230 551/1545041 100/2018109"
    for key in keys.split():
        emulator.switch(failures=1, failure=key)
        code, _, subcode = key.partition("/")
        assert fault(messenger.send({"text": "Hello"}))[1:3] == (int(code), int(subcode or 0))


def test_sender_actions_show_on_the_phone(messenger: Messenger, emulator: Emulator) -> None:
    written = emulator.write("messenger", "Hello")["id"]
    assert messenger.act("mark_seen").json() == {"recipient_id": messenger.recipient}
    assert emulator.bubbles("messenger")[-1]["status"] == "read"
    messenger.act("typing_on")
    assert emulator.act("thread", app="messenger")["typing_until"] > 0
    messenger.act("typing_off")
    assert emulator.act("thread", app="messenger")["typing_until"] == 0
    messenger.act("react", payload={"message_id": written, "reaction": "love"})
    assert emulator.bubbles("messenger")[-1]["reactions"] == {"bot": "❤"}
    messenger.act("unreact", payload={"message_id": written})
    assert emulator.bubbles("messenger")[-1]["reactions"] == {}
    assert fault(messenger.act("wave"))[1] == 100
    assert fault(messenger.act("typing_on", message={"text": "x"}))[1] == 100


# Attachments


def media(kind: str, **payload: object) -> Json:
    return {"attachment": {"type": kind, "payload": payload}}


def test_an_attachment_comes_by_address_by_id_or_with_the_request(
    messenger: Messenger, emulator: Emulator, receiver: Receiver
) -> None:
    url = receiver.serve("/a.gif", samples.gif(), "image/gif")
    answer = messenger.send(media("image", url=url, is_reusable=True)).json()
    assert set(answer) == {"recipient_id", "message_id", "attachment_id"}
    again = messenger.send(media("image", attachment_id=answer["attachment_id"]))
    assert again.status_code == 200, again.text
    kept = messenger.post("message_attachments", {"message": media("image", url=url, is_reusable=True)}).json()
    assert messenger.send(media("image", attachment_id=kept["attachment_id"])).status_code == 200
    form = {
        "recipient": f'{{"id": "{messenger.recipient}"}}',
        "message": '{"attachment": {"type": "video", "payload": {"is_reusable": true}}}',
    }
    files = {"filedata": ("a.mp4", samples.video(), "video/mp4")}
    sent = messenger.http.post(f"/{messenger.node}/messages", data=form, files=files)
    assert sent.status_code == 200, sent.text
    shown = [(bubble["kind"], bubble["animated"]) for bubble in emulator.answers_on("messenger")[-4:]]
    assert shown == [("image", True), ("image", True), ("image", True), ("video", False)]
    form = {"message": '{"attachment": {"type": "audio", "payload": {"is_reusable": true}}}'}
    files = {"filedata": ("a.ogg", samples.ogg(), "audio/ogg")}
    uploaded = messenger.http.post(f"/{messenger.node}/message_attachments", data=form, files=files).json()
    assert messenger.send(media("audio", attachment_id=uploaded["attachment_id"])).status_code == 200
    element = {"media_type": "image", "attachment_id": kept["attachment_id"], "buttons": postbacks(1)}
    assert messenger.send(template("media", elements=[element])).status_code == 200


def test_a_bad_attachment_is_refused_with_its_subcode(
    messenger: Messenger, instagram: Messenger, receiver: Receiver
) -> None:
    large = receiver.serve("/large.png", samples.padded(samples.png(), 8 * MB + 1), "image/png")
    just = receiver.serve("/just.png", samples.padded(samples.png(), 8 * MB), "image/png")
    html = receiver.serve("/a.html", b"<html></html>", "image/png")
    mp3 = receiver.serve("/a.mp3", samples.mp3(), "audio/mpeg")
    assert messenger.send(media("image", url=just)).status_code == 200
    assert fault(messenger.send(media("image", url=large)))[1:3] == (100, 2018109)
    assert fault(messenger.send(media("video", url=mp3)))[1:3] == (100, 2018047)
    assert messenger.send(media("audio", url=mp3)).status_code == 200
    assert fault(instagram.send(media("audio", url=mp3)))[1:3] == (100, 2018047)
    assert fault(messenger.send(media("image", url="https://example.org/a.png")))[1:3] == (100, 2018008)
    assert fault(messenger.send(media("image", url=f"http://127.0.0.1:{receiver.port}/gone")))[1:3] == (100, 2018008)
    assert fault(messenger.send(media("image", attachment_id="12")))[1:3] == (100, 2018074)
    assert fault(messenger.send(media("video", url=html)))[1] == 100


# Profile, subscriptions, conversations


def test_the_profile_is_set_read_and_deleted(messenger: Messenger, emulator: Emulator) -> None:
    breakers = [{"locale": "default", "call_to_actions": [{"question": "What can you do?", "payload": "help"}]}]
    menu = [{"locale": "default", "call_to_actions": [{"type": "postback", "title": "New chat", "payload": "new"}]}]
    assert fault(messenger.post("messenger_profile", {"persistent_menu": menu}))[1] == 100
    profile = {"get_started": {"payload": "start"}, "ice_breakers": breakers, "persistent_menu": menu}
    assert messenger.post("messenger_profile", profile).json() == {"result": "success"}
    told = messenger.get(f"{messenger.node}/messenger_profile", fields="get_started,ice_breakers").json()
    assert told == {"data": [{"get_started": {"payload": "start"}, "ice_breakers": breakers}]}
    opened = emulator.act("open_chat", app="messenger", payload="new")
    assert (opened["text"], opened["tapped"]["how"]) == ("New chat", "postback")
    first = emulator.act("open_chat", app="messenger", person="Bo Larsen", ref="room_1")
    assert (first["tapped"]["payload"], first["tapped"]["ref"]) == ("start", "room_1")
    url = f"/{messenger.node}/messenger_profile"
    deleted = messenger.http.request("DELETE", url, json={"fields": ["ice_breakers", "persistent_menu", "get_started"]})
    assert deleted.json() == {"result": "success"}
    assert messenger.get(f"{messenger.node}/messenger_profile", fields="get_started").json() == {"data": []}
    five = [{"call_to_actions": [{"question": "Q", "payload": "p"}] * 5}]
    assert fault(messenger.post("messenger_profile", {"ice_breakers": five}))[1] == 100


def test_only_subscribed_fields_come(messenger: Messenger, emulator: Emulator, receiver: Receiver) -> None:
    url = f"/{messenger.node}/subscribed_apps"
    before = messenger.get(f"{messenger.node}/subscribed_apps").json()["data"][0]["subscribed_fields"]
    assert {"messages", "message_echoes", "feed"} <= set(before)
    assert fault(messenger.http.post(url, params={"subscribed_fields": "messages,nonsense"}))[1] == 100
    assert messenger.http.post(url, params={"subscribed_fields": "messages"}).json() == {"success": True}
    sent = messenger.send({"text": "No echo of this"}).json()["message_id"]
    emulator.write("messenger", "This is heard")
    receiver.wait(lambda item: item.get("message", {}).get("text") == "This is heard")
    # Echoes of what earlier tests sent may still come.
    assert sent not in [item.get("message", {}).get("mid") for item in receiver.items]
    assert messenger.http.post(url, params={"subscribed_fields": ",".join(before)}).json() == {"success": True}


def test_a_sender_can_ask_whether_something_arrived(messenger: Messenger, instagram: Messenger) -> None:
    for caller in (messenger, instagram):
        sent = caller.send({"text": "Did it arrive?"}).json()["message_id"]
        fields = "messages{id,message,from,created_time}"
        query = {"user_id": caller.recipient, "fields": fields, "platform": caller.app}
        told = caller.get(f"{caller.node}/conversations", **query).json()["data"]
        newest = told[0]["messages"]["data"][0]
        assert (newest["id"], newest["message"], newest["from"]["id"]) == (sent, "Did it arrive?", caller.node)
        assert caller.get(f"{told[0]['id']}/messages").json()["data"][0]["id"] == sent
        assert caller.get(sent, fields="message").json() == {"id": sent, "message": "Did it arrive?"}
        assert caller.get("m_unknown").json()["error"]["error_subcode"] == 33


def test_instagrams_token_is_renewed_and_me_is_the_account(instagram: Messenger, emulator: Emulator) -> None:
    token = emulator.configuration["instagram"]["token"]
    query = {"grant_type": "ig_refresh_token", "access_token": token}
    told = httpx.get(f"{emulator.url}/refresh_access_token", params=query).json()
    assert told == {"access_token": token, "token_type": "bearer", "expires_in": 60 * 24 * 3600}
    assert httpx.get(f"{emulator.url}/refresh_access_token", params=query | {"access_token": "x"}).status_code == 401
    assert instagram.get("me", fields="user_id,username").json()["user_id"] == instagram.node
    body = {"recipient": {"id": instagram.recipient}, "message": {"text": "Hello"}}
    assert instagram.http.post("/me/messages", json=body).json()["recipient_id"] == instagram.recipient
    assert instagram.get(instagram.recipient, fields="name,username").json()["name"] == "Ada Brandt"
