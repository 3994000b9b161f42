"""The webhooks that the emulator makes, in full: WhatsApp's, Messenger's, Instagram's, and those of posts."""

import base64
import hashlib
import re
from typing import Any

import httpx
import pytest

from integrations.emulator.deliveries import encode, signature
from tests.integrations.emulator import samples
from tests.integrations.emulator.conftest import Messenger, WhatsApp
from tests.integrations.emulator.receiver import Receiver
from tests.servers import Emulator

Json = dict[str, Any]
SECONDS = re.compile(r"\d{10}")


def test_a_body_is_signed_over_escaped_text() -> None:
    body = encode({"text": "å 😀 a/b"})
    assert body == rb'{"text":"\u00e5 \ud83d\ude00 a\/b"}'
    digest = "0a41d315f95ebd2da13953638f89c178705d157666e43adff8419dbf216db516"
    assert signature("test-app-secret", body) == f"sha256={digest}"


# WhatsApp


def whatsapp_message(receiver: Receiver, emulator: Emulator, person: Json, id: str = "", **fits: object) -> Json:
    """The one message of its kind, once its whole body was found to be right."""

    def wanted(item: Json) -> bool:
        return ((item.get("id") == id) if id else True) and all(item.get(name) == fits[name] for name in fits)

    delivered = receiver.delivery_of(wanted)
    told = emulator.configuration["whatsapp"]
    profile = {"name": person["name"]} | ({"username": f"@{person['username']}"} if person["username"] else {})
    number = {"wa_id": person["phone"]} if person["phone"] else {}
    message = delivered.items[0]
    assert delivered.body == {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": told["account_id"],
                "changes": [
                    {
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {"display_phone_number": "15550001111", "phone_number_id": told["phone_id"]},
                            "contacts": [{"profile": profile, **number, "user_id": person["user_id"]}],
                            "messages": [message],
                        },
                        "field": "messages",
                    }
                ],
            }
        ],
    }
    assert delivered.signed_with(emulator.configuration["app_secret"])
    assert delivered.raw.isascii()
    assert SECONDS.fullmatch(message["timestamp"])
    sender = {"from": person["phone"]} if person["phone"] else {}
    assert {name: message.get(name) for name in ("from", "from_user_id")} == {
        "from": sender.get("from"),
        "from_user_id": person["user_id"],
    }
    assert ("from" in message) == bool(person["phone"])
    return {name: value for name, value in message.items() if name not in ("from", "from_user_id", "timestamp", "id")}


@pytest.mark.parametrize("name", ["Ada Brandt", "Bo Larsen"])
def test_words_on_whatsapp_with_and_without_a_phone_number(
    emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp, name: str
) -> None:
    person = whatsapp.person(name)
    first = emulator.write("whatsapp", "Grüße 😀 a/b", person=name)["id"]
    told = whatsapp_message(receiver, emulator, person, first)
    assert told == {"type": "text", "text": {"body": "Grüße 😀 a/b"}}
    second = emulator.write("whatsapp", "And this?", person=name, reply_to=first)["id"]
    quoted = {"from": person["phone"], "id": first} if person["phone"] else {"id": first}
    assert whatsapp_message(receiver, emulator, person, second)["context"] == quoted


def test_a_reply_to_the_assistant_names_our_number(emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp) -> None:
    sent = whatsapp.send("text", {"body": "Hello"}).json()["messages"][0]["id"]
    reply = emulator.write("whatsapp", "To that", reply_to=sent)["id"]
    told = whatsapp_message(receiver, emulator, whatsapp.person(), reply)
    assert told["context"] == {"from": "15550001111", "id": sent}


@pytest.mark.parametrize(
    ("kind", "data", "mime", "more"),
    [
        ("image", samples.jpeg(), "image/jpeg", {"caption": "what is this?"}),
        ("video", samples.video(), "video/mp4", {"caption": "look"}),
        ("audio", samples.ogg(), "audio/ogg; codecs=opus", {"voice": True}),
        ("audio", samples.mp3(), "audio/mpeg", {"voice": False}),
        ("document", samples.pdf(), "application/pdf", {"filename": "a.pdf"}),
        ("sticker", samples.webp(), "image/webp", {"animated": False}),
        ("sticker", samples.animated_webp(), "image/webp", {"animated": True}),
    ],
)
def test_media_on_whatsapp(
    emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp, kind: str, data: bytes, mime: str, more: Json
) -> None:
    sent = emulator.send_media(
        "whatsapp",
        kind,
        data,
        mime,
        name=more.get("filename", ""),
        caption=more.get("caption", ""),
        voice=more.get("voice", False),
    )
    told = whatsapp_message(receiver, emulator, whatsapp.person(), sent["id"])
    url = told[kind].pop("url")
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert told == {"type": kind, kind: {"id": sent["media_id"], "mime_type": mime, "sha256": digest, **more}}
    downloaded = whatsapp.http.get(url)
    assert (downloaded.content, downloaded.headers["Content-Type"]) == (data, mime.partition(";")[0])
    traffic = emulator.traffic(sent["id"])
    assert [(exchange["direction"], exchange["method"]) for exchange in traffic] == [
        ("webhook", "POST"),
        ("call", "GET"),
    ]


def test_other_things_on_whatsapp(emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp) -> None:
    person = whatsapp.person()

    def told(id: str) -> Json:
        return whatsapp_message(receiver, emulator, person, id)

    place = emulator.act("send_place", app="whatsapp", latitude=52.5, longitude=13.4, name="Berlin")["id"]
    assert told(place) == {"type": "location", "location": {"latitude": 52.5, "longitude": 13.4, "name": "Berlin"}}
    contact = emulator.act("send_contact", app="whatsapp", name="Cy Doe", phone="+49 1", email="cy@example.org")["id"]
    assert told(contact)["contacts"] == [
        {
            "name": {"formatted_name": "Cy Doe", "first_name": "Cy"},
            "phones": [{"phone": "+49 1", "type": "CELL", "wa_id": "491"}],
            "emails": [{"email": "cy@example.org", "type": "HOME"}],
        }
    ]
    poll = told(emulator.act("send_unsupported", app="whatsapp", what="poll")["id"])
    assert (poll["type"], poll["unsupported"], poll["errors"][0]["code"]) == ("unsupported", {"type": "poll"}, 131051)
    assert "context" not in poll


def test_reactions_edits_and_unsending_on_whatsapp(emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp) -> None:
    person = whatsapp.person()
    sent = whatsapp.send("text", {"body": "Hello"}).json()["messages"][0]["id"]
    emulator.act("react", app="whatsapp", bubble=sent, emoji="👍")
    told = whatsapp_message(receiver, emulator, person, type="reaction")
    assert told == {"type": "reaction", "reaction": {"message_id": sent, "emoji": "👍"}}
    receiver.clear()
    emulator.act("unreact", app="whatsapp", bubble=sent)
    told = whatsapp_message(receiver, emulator, person, type="reaction")
    assert told == {"type": "reaction", "reaction": {"message_id": sent}}
    written = emulator.write("whatsapp", "Helo")["id"]
    emulator.act("edit", app="whatsapp", bubble=written, text="Hello")
    told = whatsapp_message(receiver, emulator, person, type="edit")
    message = {"type": "text", "text": {"body": "Hello"}}
    assert told == {"type": "edit", "edit": {"original_message_id": written, "message": message}}
    emulator.act("unsend", app="whatsapp", bubble=written)
    told = whatsapp_message(receiver, emulator, person, type="revoke")
    assert told == {"type": "revoke", "revoke": {"original_message_id": written}}


def test_taps_on_whatsapp(emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp) -> None:
    person = whatsapp.person()
    reply = {"type": "reply", "reply": {"id": "more:1", "title": "More"}}
    content: Json = {"type": "button", "body": {"text": "Go on?"}, "action": {"buttons": [reply]}}
    asked = whatsapp.send("interactive", content).json()["messages"][0]["id"]
    tap = emulator.tap("whatsapp", asked, "more:1")["id"]
    assert whatsapp_message(receiver, emulator, person, tap) == {
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": "more:1", "title": "More"}},
        "context": {"from": "15550001111", "id": asked},
    }
    row = {"id": "style:1", "title": "Watercolour", "description": "soft"}
    sections = [{"title": "Art", "rows": [row]}]
    content = {"type": "list", "body": {"text": "Pick"}, "action": {"button": "Styles", "sections": sections}}
    listed = whatsapp.send("interactive", content).json()["messages"][0]["id"]
    picked = emulator.tap("whatsapp", listed, "style:1")["id"]
    told = whatsapp_message(receiver, emulator, person, picked)["interactive"]
    assert told == {"type": "list_reply", "list_reply": row}
    parameters = [{"type": "payload", "payload": "yes"}]
    component = {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": parameters}
    template = {"name": "hello_world", "language": {"code": "en_US"}, "components": [component]}
    sent = whatsapp.send("template", template).json()["messages"][0]["id"]
    pressed = emulator.tap("whatsapp", sent, "yes")["id"]
    assert whatsapp_message(receiver, emulator, person, pressed)["button"] == {"payload": "yes", "text": "Button 0"}


def test_statuses_on_whatsapp_follow_each_other(emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp) -> None:
    person = whatsapp.person()
    sent = whatsapp.send("text", {"body": "Hello"}, biz_opaque_callback_data="turn-42").json()["messages"][0]["id"]
    receiver.wait(lambda item: item.get("status") == "read" and item["id"] == sent)
    told = [item for item in receiver.items if item.get("status") and item["id"] == sent]
    assert {item["status"] for item in told} == {"sent", "delivered", "read"}
    first = next(item for item in told if item["status"] == "sent")
    assert first | {"timestamp": ""} == {
        "id": sent,
        "status": "sent",
        "timestamp": "",
        "recipient_id": person["phone"],
        "recipient_user_id": person["user_id"],
        "biz_opaque_callback_data": "turn-42",
        "pricing": {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        },
    }
    delivery = receiver.delivery_of(lambda item: item.get("status") == "sent" and item["id"] == sent)
    contacts = delivery.body["entry"][0]["changes"][0]["value"]["contacts"]
    assert contacts == [{"wa_id": person["phone"], "user_id": person["user_id"]}]


def test_what_arrives_on_a_closed_phone_is_read_when_it_is_opened(
    emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp
) -> None:
    emulator.act("open", app="whatsapp", open=False)
    voice = whatsapp.upload(samples.ogg(), "audio/ogg").json()["id"]
    sent = whatsapp.send("audio", {"id": voice, "voice": True}).json()["messages"][0]["id"]
    receiver.wait(lambda item: item.get("status") == "delivered" and item["id"] == sent)
    assert emulator.bubbles("whatsapp")[-1]["status"] == "delivered"
    emulator.act("open", app="whatsapp", open=True)
    receiver.wait(lambda item: item.get("status") == "read" and item["id"] == sent)
    emulator.act("play", app="whatsapp", bubble=sent)
    receiver.wait(lambda item: item.get("status") == "played" and item["id"] == sent)


def test_a_person_who_moves_on_whatsapp(emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp) -> None:
    before = whatsapp.person()
    emulator.act("change_number", person=before["name"], phone="4917604069055")
    told = receiver.wait(lambda item: item.get("type") == "system")
    emulator.act("change_number", person=before["name"], phone=before["phone"])
    assert (told["from"], told["system"]["type"], told["system"]["wa_id"]) == (
        before["phone"],
        "user_changed_number",
        "4917604069055",
    )
    after = emulator.act("change_user_id", person=before["name"])
    told = receiver.wait(lambda item: item.get("system", {}).get("type") == "user_changed_user_id")
    assert "from" not in told
    assert told["system"]["user_id"] == after["user_id"]
    update = receiver.wait(lambda item: "user_id_update" in item)["user_id_update"][0]
    assert update["user_id"] == {"previous": before["user_id"], "current": after["user_id"]}


# Messenger and Instagram


def item_of(receiver: Receiver, emulator: Emulator, person: Json, app: str, name: str, **fits: object) -> Json:
    """What `name` holds in the first such item, once its envelope was found to be right."""

    def wanted(item: Json) -> bool:
        return name in item and all(item[name].get(key) == fits[key] for key in fits)

    delivered = receiver.delivery_of(wanted)
    ours = emulator.configuration[app]["page_id" if app == "messenger" else "id"]
    theirs = person["psid" if app == "messenger" else "igsid"]
    secret = "app_secret" if app == "messenger" else "instagram_app_secret"
    assert delivered.signed_with(emulator.configuration[secret])
    assert delivered.raw.isascii()
    body = delivered.body
    assert body["object"] == ("page" if app == "messenger" else "instagram")
    assert set(body) == {"object", "entry"}
    (entry,) = body["entry"]
    assert (entry["id"], len(str(entry["time"])), set(entry)) == (ours, 13, {"id", "time", "messaging"})
    (item,) = entry["messaging"]
    sender, recipient = (ours, theirs) if item[name].get("is_echo") else (theirs, ours)
    assert (item["sender"], item["recipient"]) == ({"id": sender}, {"id": recipient})
    assert len(str(item["timestamp"])) == 13
    assert set(item) == {"sender", "recipient", "timestamp", name}
    return item[name]  # type: ignore[no-any-return]


@pytest.mark.parametrize("app", ["messenger", "instagram"])
def test_words_and_media_of_a_person(
    emulator: Emulator, receiver: Receiver, messenger: Messenger, instagram: Messenger, app: str
) -> None:
    person = messenger.person()

    def told(mid: str) -> Json:
        return item_of(receiver, emulator, person, app, "message", mid=mid)

    first = emulator.write(app, "Grüße 😀")["id"]
    assert told(first) == {"mid": first, "text": "Grüße 😀"}
    second = emulator.write(app, "And this?", reply_to=first)["id"]
    assert told(second) == {"mid": second, "text": "And this?", "reply_to": {"mid": first}}
    for kind, named, data, mime in (
        ("image", "image", samples.gif(), "image/gif"),
        ("video", "video", samples.video(), "video/mp4"),
        ("audio", "audio", samples.mp3(), "audio/mpeg"),
        ("document", "file", samples.pdf(), "application/pdf"),
    ):
        sent = emulator.send_media(app, kind, data, mime)["id"]
        (attachment,) = told(sent)["attachments"]
        assert attachment["type"] == named
        downloaded = httpx.get(attachment["payload"]["url"])
        assert (downloaded.content, downloaded.headers["Content-Type"]) == (data, mime)
        assert downloaded.headers["Content-Security-Policy"].startswith("sandbox")
    link = told(emulator.act("send_link", app=app, link="https://example.org/a", title="A page")["id"])
    assert link["attachments"][0]["type"] == ("fallback" if app == "messenger" else "share")
    assert told(emulator.act("send_unsupported", app=app)["id"])["is_unsupported"] is True


@pytest.mark.parametrize("app", ["messenger", "instagram"])
def test_what_happens_to_messages(
    emulator: Emulator, receiver: Receiver, messenger: Messenger, instagram: Messenger, app: str
) -> None:
    caller = messenger if app == "messenger" else instagram
    person = caller.person()
    quick = [{"content_type": "text", "title": "More", "payload": "more:1"}]
    message = {"text": "Hello", "quick_replies": quick, "metadata": "turn-7"}
    sent = caller.send(message).json()["message_id"]
    echo = item_of(receiver, emulator, person, app, "message", mid=sent)
    assert echo == {"mid": sent, "is_echo": True, "app_id": 990000000000001, "metadata": "turn-7", "text": "Hello"}
    read = item_of(receiver, emulator, person, app, "read")
    if app == "messenger":
        assert item_of(receiver, emulator, person, app, "delivery", mids=[sent])["watermark"] > 10**12
        assert read["watermark"] > 10**12
    else:
        assert read == {"mid": sent}
        assert not [item for item in receiver.items if "delivery" in item]
    tapped = emulator.tap(app, sent, "more:1")["id"]
    told = item_of(receiver, emulator, person, app, "message", mid=tapped)
    assert told == {"mid": tapped, "text": "More", "quick_reply": {"payload": "more:1"}}
    emulator.act("react", app=app, bubble=sent, emoji="❤")
    told = item_of(receiver, emulator, person, app, "reaction")
    assert told == {"mid": sent, "action": "react", "reaction": "love", "emoji": "❤"}
    emulator.act("unreact", app=app, bubble=sent)
    assert item_of(receiver, emulator, person, app, "reaction", action="unreact") == {"mid": sent, "action": "unreact"}
    written = emulator.write(app, "Helo")["id"]
    emulator.act("edit", app=app, bubble=written, text="Hello")
    told = item_of(receiver, emulator, person, app, "message_edit")
    assert told == {"mid": written, "text": "Hello", "num_edit": 1}
    emulator.act("unsend", app=app, bubble=written)
    told = item_of(receiver, emulator, person, app, "message", is_deleted=True)
    assert told == {"mid": written, "is_deleted": True}


def test_postbacks_referrals_and_thumbs_on_messenger(
    emulator: Emulator, receiver: Receiver, messenger: Messenger
) -> None:
    person = messenger.person()
    button = {"type": "postback", "title": "More", "payload": "more:1"}
    payload = {"template_type": "button", "text": "Go on?", "buttons": [button]}
    sent = messenger.send({"attachment": {"type": "template", "payload": payload}}).json()["message_id"]
    tapped = emulator.tap("messenger", sent, "more:1")["id"]
    told = item_of(receiver, emulator, person, "messenger", "postback")
    assert told == {"mid": tapped, "title": "More", "payload": "more:1"}
    emulator.act("open_chat", app="messenger", ref="room_1-x=")
    told = item_of(receiver, emulator, person, "messenger", "referral")
    assert told == {"ref": "room_1-x=", "source": "SHORTLINK", "type": "OPEN_THREAD"}
    emulator.act("rate", app="messenger", bubble=sent, good=False)
    told = item_of(receiver, emulator, person, "messenger", "response_feedback")
    assert told == {"mid": sent, "feedback": "Bad response"}
    messenger.post("messenger_profile", {"get_started": {"payload": "start"}})
    emulator.act("open_chat", app="messenger", person="Bo Larsen", ref="room_2")
    bo = messenger.person("Bo Larsen")
    told = item_of(receiver, emulator, bo, "messenger", "postback", payload="start")
    assert told["referral"] == {"ref": "room_2", "source": "SHORTLINK", "type": "OPEN_THREAD"}


def test_a_story_on_instagram_and_a_place_on_messenger(
    emulator: Emulator, receiver: Receiver, messenger: Messenger
) -> None:
    person = messenger.person()
    sent = emulator.act("reply_to_story", app="instagram", text="nice")["id"]
    story = item_of(receiver, emulator, person, "instagram", "message", mid=sent)["reply_to"]["story"]
    assert set(story) == {"id", "url"}
    place = emulator.act("send_place", app="messenger", latitude=52.5, longitude=13.4)["id"]
    (attachment,) = item_of(receiver, emulator, person, "messenger", "message", mid=place)["attachments"]
    assert attachment["payload"] == {"coordinates": {"lat": 52.5, "long": 13.4}}


# Under posts


def post_of(emulator: Emulator, app: str, own: bool = True) -> Json:
    return next(post for post in emulator.act("posts") if post["app"] == app and (post["by"] == "") == own)


def test_comments_on_the_page(emulator: Emulator, receiver: Receiver, messenger: Messenger) -> None:
    person = messenger.person()
    post = post_of(emulator, "messenger")
    words = "@Chaski when is the best time to see this?"
    comment = emulator.act("comment", post=post["id"], person=person["name"], text=words)
    told = receiver.delivery_of(lambda item: item.get("comment_id") == comment["id"] and "verb" in item)
    (change,) = told.body["entry"][0]["changes"]
    assert told.body["object"] == "page"
    assert change["field"] == "feed"
    value = change["value"]
    assert value | {"created_time": 0, "post": {}} == {
        "from": {"id": person["psid"], "name": person["name"]},
        "item": "comment",
        "verb": "add",
        "post_id": post["id"],
        "comment_id": comment["id"],
        "parent_id": post["id"],
        "created_time": 0,
        "post": {},
        "message": words,
    }
    mention = receiver.wait(lambda item: item.get("sender_id") == person["psid"])
    assert (mention["comment_id"], mention["message"]) == (comment["id"], words)
    shown = messenger.get(post["id"], fields="message,full_picture").json()
    assert shown["message"] == post["text"]
    assert httpx.get(shown["full_picture"]).content.startswith(b"\x89PNG")
    told_back = messenger.get(comment["id"], fields="message,from,is_hidden").json()
    assert (told_back["message"], told_back["is_hidden"]) == (words, False)
    answer = messenger.post_to(comment["id"], "comments", {"message": "In winter."}).json()["id"]
    echoed = receiver.wait(lambda item: item.get("comment_id") == answer)
    assert (echoed["from"]["id"], echoed["parent_id"]) == (messenger.node, comment["id"])
    emulator.act("hide_comment", post=post["id"], comment=comment["id"])
    receiver.wait(lambda item: item.get("verb") == "hide")
    emulator.act("edit_comment", post=post["id"], comment=comment["id"], text="@Chaski when?")
    assert receiver.wait(lambda item: item.get("verb") == "edited")["message"] == "@Chaski when?"
    emulator.act("delete_comment", post=post["id"], comment=comment["id"])
    assert "message" not in receiver.wait(lambda item: item.get("verb") == "remove")
    assert messenger.get(comment["id"]).json()["error"]["error_subcode"] == 33
    assert messenger.post_to(comment["id"], "comments", {"message": "Too late"}).status_code == 400


def test_one_private_reply_to_a_comment_within_a_week(
    emulator: Emulator, receiver: Receiver, messenger: Messenger
) -> None:
    post = post_of(emulator, "messenger")["id"]
    comment = emulator.act("comment", post=post, person="Bo Larsen", text="@Chaski how much is it?")["id"]
    private = {"recipient": {"comment_id": comment}, "message": {"text": "Here is the price."}}
    answer = messenger.post("messages", private).json()
    assert answer["recipient_id"] == messenger.person("Bo Larsen")["psid"]
    shown = emulator.answers_on("messenger", person="Bo Larsen")[-1]
    assert (shown["text"], shown["private_reply_to"]) == ("Here is the price.", comment)
    again = messenger.post("messages", private).json()["error"]
    assert (again["code"], again["message"]) == (10900, "(#10900) Activity already replied to")
    late = emulator.act("comment", post=post, person="Bo Larsen", text="@Chaski and now?")["id"]
    emulator.switch(ahead=emulator.switch()["ahead"] + 7 * 24 * 3600 + 60)
    private["recipient"] = {"comment_id": late}
    assert messenger.post("messages", private).json()["error"]["error_subcode"] == 2018278


def test_comments_and_mentions_on_instagram(emulator: Emulator, receiver: Receiver, instagram: Messenger) -> None:
    person = instagram.person("Bo Larsen")
    post = post_of(emulator, "instagram")
    comment = emulator.act("comment", post=post["id"], person="Bo Larsen", text="@chaski when?")["id"]
    told = receiver.delivery_of(lambda item: item.get("id") == comment)
    assert told.signed_with(emulator.configuration["instagram_app_secret"])
    (change,) = told.body["entry"][0]["changes"]
    assert (change["field"], change["value"]) == (
        "comments",
        {
            "from": {"id": person["igsid"], "username": "bo.larsen"},
            "media": {"id": post["id"], "media_product_type": "FEED"},
            "id": comment,
            "text": "@chaski when?",
        },
    )
    shown = instagram.get(post["id"], fields="caption,media_url").json()
    assert shown["caption"] == post["text"]
    answer = instagram.post_to(comment, "replies", {"message": "In winter."}).json()["id"]
    echoed = receiver.wait(lambda item: item.get("id") == answer)
    assert (echoed["from"]["id"], echoed["parent_id"]) == (instagram.node, comment)
    elsewhere = post_of(emulator, "instagram", own=False)["id"]
    emulator.act("comment", post=elsewhere, person="Ada Brandt", text="nobody is named")
    named = emulator.act("comment", post=elsewhere, person="Ada Brandt", text="what is this, @chaski")["id"]
    told_item = receiver.wait(lambda item: "media_id" in item)
    assert told_item == {"media_id": elsewhere, "comment_id": named}
    query = f"mentioned_comment.comment_id({named}){{text,username}}"
    assert instagram.get("me", fields=query).json()["mentioned_comment"]["text"] == "what is this, @chaski"
    body = {"media_id": elsewhere, "comment_id": named, "message": "A train."}
    assert instagram.post("mentions", body).status_code == 200
    assert emulator.act("posts")[-1]["comments"][-1]["text"] == "A train."
