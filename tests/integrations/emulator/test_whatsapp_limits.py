"""What the Cloud API refuses, at the edge of each limit, with the body of its error."""

from typing import Any

import httpx
import pytest

from tests.integrations.emulator import samples
from tests.integrations.emulator.conftest import WhatsApp
from tests.integrations.emulator.receiver import Receiver
from tests.servers import Emulator, eventually

Json = dict[str, Any]
MB = 1024 * 1024


def fault(response: httpx.Response) -> tuple[int, int, str, str]:
    """HTTP status, code, message and details of an error."""
    error = response.json()["error"]
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"].startswith("Aemulated")
    assert error.get("error_data", {}).get("messaging_product", "whatsapp") == "whatsapp"
    return response.status_code, error["code"], error["message"], error.get("error_data", {}).get("details", "")


def invalid(details: str) -> tuple[int, int, str, str]:
    return 400, 131009, "(#131009) Parameter value is not valid", details


def parameter(message: str) -> tuple[int, int, str, str]:
    return 400, 100, f"(#100) {message}", ""


def missing(path: str) -> tuple[int, int, str, str]:
    return 400, 131008, "(#131008) Required parameter is missing", f"Parameter {path} is missing or empty."


def buttons(*pairs: tuple[str, str]) -> Json:
    return {"buttons": [{"type": "reply", "reply": {"id": id, "title": title}} for id, title in pairs]}


def interactive(kind: str = "button", action: Json | None = None, text: str = "Go on?", **more: object) -> Json:
    return {"type": kind, "body": {"text": text}, "action": action or buttons(("a", "A")), **more}


def rows(count: int, **more: str) -> list[Json]:
    return [{"id": f"row:{number}", "title": f"Row {number}"} | more for number in range(count)]


def listed(*sections: list[Json], button: str = "Styles", title: str = "Art", text: str = "Pick") -> Json:
    action = {"button": button, "sections": [{"title": title, "rows": inner} for inner in sections]}
    return interactive("list", action, text)


FOOTER = {"footer": {"text": "f" * 60}}
HEADER = {"header": {"type": "text", "text": "h" * 60}}
GOOD: list[tuple[str, Json]] = [
    ("text", {"body": "x" * 4096}),
    ("text", {"body": "😀" * 4096}),
    ("interactive", interactive(text="x" * 1024, **FOOTER, **HEADER)),
    ("interactive", interactive(action=buttons(("a", "A"), ("b", "B"), ("c", "C")))),
    ("interactive", interactive(action=buttons(("i" * 256, "t" * 20)))),
    ("interactive", listed(rows(10), text="x" * 4096, button="b" * 20)),
    ("interactive", listed(*[[row] for row in rows(10)], title="t" * 24)),
    ("interactive", listed([{"id": "i" * 200, "title": "t" * 24, "description": "d" * 72}])),
    ("location", {"latitude": -90, "longitude": 180}),
]
BAD: list[tuple[str, Json, tuple[int, int, str, str]]] = [
    ("text", {"body": "x" * 4097}, parameter("Param text['body'] must be at most 4096 characters long.")),
    ("text", {"body": ""}, missing("text['body']")),
    ("text", {}, missing("text['body']")),
    ("interactive", interactive(text="x" * 1025), invalid("Body text length invalid. Min length: 1, Max length: 1024")),
    (
        "interactive",
        interactive(footer={"text": "f" * 61}),
        invalid("Footer text length invalid. Min length: 1, Max length: 60"),
    ),
    (
        "interactive",
        interactive(header={"type": "text", "text": "h" * 61}),
        invalid("Header text length invalid. Min length: 1, Max length: 60"),
    ),
    (
        "interactive",
        interactive(action=buttons(*[(str(number), f"B{number}") for number in range(4)])),
        invalid("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"),
    ),
    (
        "interactive",
        interactive(action={"buttons": []}),
        invalid("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"),
    ),
    (
        "interactive",
        interactive(action=buttons(("a", "t" * 21))),
        invalid("Button title length invalid. Min length: 1, Max length: 20"),
    ),
    (
        "interactive",
        interactive(action=buttons(("i" * 257, "A"))),
        invalid("Button id length invalid. Min length: 1, Max length: 256"),
    ),
    ("interactive", interactive(action=buttons(("a", "A"), ("a", "B"))), invalid("Duplicated button id")),
    ("interactive", interactive(action=buttons(("a", "A"), ("b", "A"))), invalid("Duplicated title")),
    ("interactive", listed(rows(11)), invalid("Total row count exceed max allowed count: 10")),
    ("interactive", listed(rows(6), rows(5)), invalid("Total row count exceed max allowed count: 10")),
    ("interactive", listed(rows(1), title="t" * 25), invalid("Section title is too long. Max length is 24")),
    ("interactive", listed(rows(1), rows(1), title=""), invalid("Section title is required where there are several.")),
    ("interactive", listed(rows(1), rows(1)), invalid("Duplicated row id")),
    (
        "interactive",
        listed(rows(1), button="b" * 21),
        invalid("Button text length invalid. Min length: 1, Max length: 20"),
    ),
    ("interactive", listed([{"id": "a", "title": "t" * 25}]), invalid("Row title is too long. Max length is 24")),
    ("interactive", listed([{"id": "i" * 201, "title": "A"}]), invalid("Row id is too long. Max length is 200")),
    (
        "interactive",
        listed(rows(1, description="d" * 73)),
        invalid("Row description is too long. Max length is 72"),
    ),
    (
        "interactive",
        listed(rows(1), text="x" * 4097),
        invalid("Body text length invalid. Min length: 1, Max length: 4096"),
    ),
    ("interactive", interactive("poll"), invalid("Interactive message of type poll is not supported.")),
    ("interactive", {"type": "button", "action": buttons(("a", "A"))}, missing("interactive['body']['text']")),
    ("location", {"latitude": 91, "longitude": 0}, invalid("Location is not on the globe.")),
    ("location", {"longitude": 0}, missing("location['latitude']")),
    (
        "image",
        {"id": "12345"},
        invalid("Param image['id'] is not a valid whatsapp business account media"),
    ),
    (
        "image",
        {"link": "http://127.0.0.1:1/a.png", "caption": "c" * 1025},
        parameter("Param image['caption'] must be at most 1024 characters long."),
    ),
    ("audio", {"id": "1", "caption": "c"}, parameter("Param audio has no caption.")),
    (
        "reaction",
        {"message_id": "wamid.unknown", "emoji": "👍"},
        invalid("Message to react to was not found, or is older than 30 days."),
    ),
    (
        "template",
        {"name": "unknown", "language": {"code": "en_US"}},
        (
            400,
            132001,
            "(#132001) Template name does not exist in the translation",
            "template name (unknown) does not exist in en_US",
        ),
    ),
    (
        "template",
        {"name": "resume_chat", "language": {"code": "en_US"}},
        (
            400,
            132000,
            "(#132000) Number of parameters does not match the expected number of params",
            "body: number of localizable_params (0) does not match the expected (1)",
        ),
    ),
]


@pytest.mark.parametrize(("kind", "content"), GOOD)
def test_what_is_just_within_the_limit_is_taken(whatsapp: WhatsApp, kind: str, content: Json) -> None:
    response = whatsapp.send(kind, content)
    assert response.status_code == 200, response.text
    assert response.json()["messages"][0]["id"].startswith("wamid.emulated")


@pytest.mark.parametrize(("kind", "content", "error"), BAD)
def test_what_is_over_the_limit_is_refused(
    whatsapp: WhatsApp, emulator: Emulator, kind: str, content: Json, error: tuple[int, int, str, str]
) -> None:
    before = len(emulator.answers_on("whatsapp"))
    assert fault(whatsapp.send(kind, content)) == error
    assert len(emulator.answers_on("whatsapp")) == before


def test_the_answer_to_a_send_is_metas(whatsapp: WhatsApp) -> None:
    person = whatsapp.person()
    answer = whatsapp.send("text", {"body": "Hello"}).json()
    assert answer == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": f"+{person['phone']}", "wa_id": person["phone"], "user_id": person["user_id"]}],
        "messages": [{"id": answer["messages"][0]["id"]}],
    }


def test_somebody_without_a_number_is_reached_by_user_id_and_the_answer_has_none(
    whatsapp: WhatsApp, emulator: Emulator
) -> None:
    emulator.write("whatsapp", "Hello", person="Bo Larsen")
    person = whatsapp.person("Bo Larsen")
    answer = whatsapp.send("text", {"body": "Hello"}, to=None, recipient=person["user_id"]).json()
    assert answer["contacts"] == [{"input": person["user_id"], "user_id": person["user_id"]}]
    # Where both are there, `to` wins.
    whatsapp.send("text", {"body": "For Ada"}, recipient=person["user_id"])
    assert emulator.answers_on("whatsapp")[-1]["text"] == "For Ada"


def test_what_the_envelope_lacks_is_named(whatsapp: WhatsApp, emulator: Emulator) -> None:
    to = f"+{whatsapp.person()['phone']}"
    text = {"type": "text", "text": {"body": "Hello"}}
    product = {"messaging_product": "whatsapp"}
    post = whatsapp.post
    assert fault(post("messages", {"to": to} | text)) == parameter("The parameter messaging_product is required.")
    assert fault(post("messages", product | text)) == parameter("The parameter to is required.")
    assert fault(post("messages", product | {"to": to, "type": "text"})) == parameter("The parameter text is required.")
    assert fault(post("messages", product | {"to": "nobody"} | text)) == invalid("Recipient phone number is not valid.")
    ours = emulator.configuration["whatsapp"]["number"]
    assert fault(post("messages", product | {"to": ours} | text))[1] == 131021
    group = product | {"to": "Y2Fwa", "recipient_type": "group"}
    assert fault(post("messages", group | text))[1] == 131041
    too_long = whatsapp.send("text", {"body": "Hello"}, biz_opaque_callback_data="x" * 513)
    assert fault(too_long) == parameter("Param biz_opaque_callback_data must be at most 512 characters long.")
    assert whatsapp.send("text", {"body": "Hello"}, biz_opaque_callback_data="x" * 512).status_code == 200
    assert fault(post("messages", product | {"to": to, "type": "poll", "poll": {}}))[1] == 100
    assert fault(whatsapp.http.post(f"/{whatsapp.node}/messages", content=b"{"))[:2] == (400, 100)


def test_a_bad_token_gets_401(whatsapp: WhatsApp, emulator: Emulator) -> None:
    url = f"{emulator.url}/v25.0/{whatsapp.node}/messages"
    bad = httpx.post(url, json={}, headers={"Authorization": "Bearer of-somebody-else"})
    assert (bad.status_code, bad.json()["error"]["code"], bad.json()["error"]["message"]) == (
        401,
        190,
        "Invalid OAuth access token - Cannot parse access token",
    )
    assert httpx.post(url, json={}).json()["error"]["code"] == 190
    other = emulator.configuration["messenger"]["token"]
    foreign = httpx.post(url, json={}, headers={"Authorization": f"Bearer {other}"}).json()["error"]
    assert (foreign["code"], foreign["error_subcode"], foreign["type"]) == (100, 33, "GraphMethodException")


def test_every_error_of_the_table_can_be_had_by_a_switch(whatsapp: WhatsApp, emulator: Emulator) -> None:
    codes = "0 190 3 10 200 4 80007 100 130429 131048 131056 131000 131005 131016 133004 2 131008 131009 131021 131026"
    codes += " 131030 131031 368 131042 131045 131047 131049 130472 131050 131051 131052 131053 131057 131062 132000"
    for code in codes.split():
        emulator.switch(failures=1, failure=code)
        response = whatsapp.send("text", {"body": "Hello"})
        assert response.json()["error"]["code"] == int(code)
        assert response.status_code >= 400
        emulator.switch(ahead=emulator.switch()["ahead"] + 60)
    assert whatsapp.send("text", {"body": "Hello"}).status_code == 200


def test_a_send_may_be_lost_or_be_taken_without_an_answer(whatsapp: WhatsApp, emulator: Emulator) -> None:
    before = len(emulator.answers_on("whatsapp"))
    for failure, shown in (("lost", 0), ("cut", 1)):
        emulator.switch(failures=1, failure=failure)
        with pytest.raises(httpx.RemoteProtocolError):
            whatsapp.send("text", {"body": failure})
        assert len(emulator.answers_on("whatsapp")) == before + shown


# Windows and rates


def status_of(receiver: Receiver, response: httpx.Response, status: str = "failed") -> Json:
    message = response.json()["messages"][0]["id"]
    return receiver.wait(lambda item: item.get("status") == status and item["id"] == message)


def test_a_day_after_the_last_message_only_a_template_is_delivered(
    whatsapp: WhatsApp, emulator: Emulator, receiver: Receiver
) -> None:
    ahead = emulator.switch()["ahead"]
    emulator.switch(ahead=ahead + 24 * 3600 - 60)
    assert status_of(receiver, whatsapp.send("text", {"body": "In time"}), "delivered")
    emulator.switch(ahead=ahead + 24 * 3600 + 60)
    told = status_of(receiver, whatsapp.send("text", {"body": "Too late"}))
    assert told["errors"][0] == {
        "code": 131047,
        "title": "Re-engagement message",
        "message": "Re-engagement message",
        "error_data": {
            "details": "Message failed to send because more than 24 hours have passed since the customer last "
            "replied to this number."
        },
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }
    assert emulator.answers_on("whatsapp")[-1]["fault"]["code"] == 131047
    template = {"name": "hello_world", "language": {"code": "en_US"}}
    assert status_of(receiver, whatsapp.send("template", template), "delivered")
    emulator.write("whatsapp", "Here again")
    assert status_of(receiver, whatsapp.send("text", {"body": "Open again"}), "delivered")


def test_who_is_not_there_or_has_blocked_us_gets_nothing(
    whatsapp: WhatsApp, emulator: Emulator, receiver: Receiver
) -> None:
    told = status_of(receiver, whatsapp.send("text", {"body": "Hello"}, to="+4917604069099"))
    assert (told["errors"][0]["code"], told["recipient_id"]) == (131026, "4917604069099")
    emulator.act("block", app="whatsapp", blocked=True)
    assert status_of(receiver, whatsapp.send("text", {"body": "Hello"}))["errors"][0]["code"] == 131026
    emulator.act("block", app="whatsapp", blocked=False)


def test_forty_five_messages_at_once_to_one_person_are_taken_then_one_in_six_seconds(
    whatsapp: WhatsApp, emulator: Emulator
) -> None:
    for number in range(45):
        assert whatsapp.send("text", {"body": f"{number}"}).status_code == 200
    error = fault(whatsapp.send("text", {"body": "One more"}))
    assert error[:3] == (429, 131056, "(#131056) (Business Account, Consumer Account) pair rate limit hit")
    emulator.switch(ahead=emulator.switch()["ahead"] + 7)
    assert whatsapp.send("text", {"body": "Later"}).status_code == 200
    assert fault(whatsapp.send("text", {"body": "Too soon"}))[1] == 131056


def test_eighty_messages_a_second_are_taken() -> None:
    from integrations.emulator.rates import Rates

    rates = Rates(80)
    assert all(rates.number_allows(100 + number / 100) for number in range(80))
    assert not rates.number_allows(100.9)
    assert rates.number_allows(101.01)


# Media


def test_an_upload_is_read_by_its_bytes(whatsapp: WhatsApp) -> None:
    assert whatsapp.upload(samples.png(), "image/png").status_code == 200
    assert whatsapp.upload(b"some words", "text/plain").status_code == 200
    for data, mime, received in (
        (samples.gif(), "image/gif", "image/gif"),
        (samples.gif(), "image/png", "image/gif"),
        (b"<html></html>", "text/html", "text/html"),
        (b"\0\1\2", "", "application/octet-stream"),
    ):
        error = fault(whatsapp.upload(data, mime))
        assert error[:2] == (400, 100)
        assert error[2].startswith("(#100) Param file must be a file with one of the following types: image/jpeg, ")
        assert error[2].endswith(f"Received file of type '{received}'.")
    no_file = whatsapp.http.post(f"/{whatsapp.node}/media", data={"messaging_product": "whatsapp"})
    assert fault(no_file) == parameter("The parameter file is required.")


@pytest.mark.parametrize(
    ("kind", "data", "mime", "refused"),
    [
        ("image", samples.padded(samples.jpeg(), 5 * MB), "image/jpeg", ""),
        ("sticker", samples.padded(samples.webp(), 100 * 1024), "image/webp", ""),
        ("sticker", samples.padded(samples.animated_webp(), 500 * 1024), "image/webp", ""),
        ("sticker", samples.padded(samples.webp(), 100 * 1024 + 1), "image/webp", "too large for sticker"),
        ("sticker", samples.webp(256, 512), "image/webp", "this one has 256x512"),
        ("sticker", samples.png(512, 512), "image/png", "type image/png is not supported for sticker"),
        ("image", samples.webp(), "image/webp", "type image/webp is not supported for image"),
        ("video", samples.mp4(b"avc1", b"mp4a"), "video/mp4", ""),
        ("video", samples.mp4(b"avc1"), "video/mp4", ""),
        ("video", samples.mp4(b"avc1", brand=b"3gp4"), "video/3gpp", ""),
        ("video", samples.mp4(b"mp4v", b"mp4a"), "video/mp4", "must be H.264, this is mpeg4"),
        ("video", samples.mp4(b"hvc1"), "video/mp4", "must be H.264, this is hevc"),
        ("video", samples.mp4(b"avc1", b"mp4a", b"mp4a"), "video/mp4", "one AAC audio stream or none"),
        ("audio", samples.ogg(), "audio/ogg", ""),
        ("audio", samples.ogg(2), "audio/ogg", "Opus with one channel"),
        ("audio", samples.mp4(b"mp4a", brand=b"M4A "), "audio/mp4", ""),
        ("audio", samples.mp3(), "audio/mpeg", ""),
        ("document", samples.pdf(), "application/pdf", ""),
        ("document", samples.png(), "image/png", "type image/png is not supported for document"),
    ],
)
def test_a_file_of_the_wrong_kind_fails_by_a_status(
    whatsapp: WhatsApp, receiver: Receiver, kind: str, data: bytes, mime: str, refused: str
) -> None:
    uploaded = whatsapp.upload(data, mime)
    assert uploaded.status_code == 200, uploaded.text
    sent = whatsapp.send(kind, {"id": uploaded.json()["id"]})
    told = status_of(receiver, sent, "failed" if refused else "delivered")
    if refused:
        assert told["errors"][0]["code"] == 131053
        assert refused in told["errors"][0]["error_data"]["details"]


def test_too_large_a_picture_is_refused_at_the_upload(whatsapp: WhatsApp) -> None:
    error = fault(whatsapp.upload(samples.padded(samples.png(), 5 * MB + 1), "image/png"))
    assert error[2] == f"(#100) Param file is too large: {5 * MB + 1} bytes, at most {5 * MB}."
    assert fault(whatsapp.upload(samples.padded(samples.video(), 16 * MB + 1), "video/mp4"))[1] == 100
    assert whatsapp.upload(samples.padded(samples.video(), 16 * MB), "video/mp4").status_code == 200


def test_a_link_is_fetched_from_this_machine_only(whatsapp: WhatsApp, emulator: Emulator, receiver: Receiver) -> None:
    good = receiver.serve("/a.png", samples.png(), "image/png")
    assert status_of(receiver, whatsapp.send("image", {"link": good, "caption": "c" * 1024}), "delivered")
    for link in (
        "http://example.org/a.png",
        "http://127.0.0.1@example.org/a.png",
        "http://127.0.0.1.example.org/a.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f000001/",
        "gopher://127.0.0.1/",
    ):
        told = status_of(receiver, whatsapp.send("image", {"link": link}))
        assert told["errors"][0]["error_data"]["details"] == "The emulator fetches only from this machine."
    gone = f"http://127.0.0.1:{receiver.port}/gone"
    details = status_of(receiver, whatsapp.send("image", {"link": gone}))["errors"][0]["error_data"]["details"]
    assert details.startswith("Downloading media from weblink failed with http code 403")


def test_a_download_wants_the_token_and_dies_after_five_minutes(whatsapp: WhatsApp, emulator: Emulator) -> None:
    media = whatsapp.upload(samples.png(), "image/png").json()["id"]
    told = whatsapp.get(media).json()
    assert (told["id"], told["mime_type"], told["messaging_product"]) == (media, "image/png", "whatsapp")
    assert (told["file_size"], len(told["sha256"])) == (len(samples.png()), 64)
    assert whatsapp.http.get(told["url"]).content == samples.png()
    assert httpx.get(told["url"]).status_code == 401
    assert httpx.get(told["url"], headers={"Authorization": "Bearer other"}).status_code == 401
    ahead = emulator.switch()["ahead"]
    emulator.switch(ahead=ahead + 290)
    assert whatsapp.http.get(told["url"]).status_code == 200
    emulator.switch(ahead=ahead + 310)
    assert whatsapp.http.get(told["url"]).status_code == 404
    assert whatsapp.http.get(whatsapp.get(media).json()["url"]).status_code == 200
    emulator.switch(ahead=ahead + 31 * 24 * 3600)
    assert whatsapp.get(media).json()["error"]["error_subcode"] == 33
    emulator.switch(ahead=0)


# Marks and reactions


def test_reading_marks_earlier_messages_too_and_typing_ends_with_the_answer(
    whatsapp: WhatsApp, emulator: Emulator
) -> None:
    first, second = emulator.write("whatsapp", "One"), emulator.write("whatsapp", "Two")
    eventually(lambda: emulator.bubbles("whatsapp")[-1]["status"] == "delivered")
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": second["id"]}
    assert whatsapp.post("messages", mark | {"typing_indicator": {"type": "text"}}).json() == {"success": True}
    shown = {bubble["id"]: bubble["status"] for bubble in emulator.bubbles("whatsapp")}
    assert (shown[first["id"]], shown[second["id"]]) == ("read", "read")
    assert emulator.act("thread", app="whatsapp")["typing_until"] > 0
    whatsapp.send("text", {"body": "An answer"})
    assert emulator.act("thread", app="whatsapp")["typing_until"] == 0
    assert fault(whatsapp.post("messages", mark | {"message_id": "wamid.other"})) == invalid("Message ID is invalid.")
    assert fault(whatsapp.post("messages", mark | {"typing_indicator": {"type": "audio"}}))[1] == 100


def test_a_reaction_shows_and_goes(whatsapp: WhatsApp, emulator: Emulator) -> None:
    written = emulator.write("whatsapp", "Hello")["id"]
    for emoji, shown in (("👍", {"bot": "👍"}), ("", {})):
        assert whatsapp.send("reaction", {"message_id": written, "emoji": emoji}).status_code == 200
        assert emulator.bubbles("whatsapp")[-1]["reactions"] == shown
    assert fault(whatsapp.send("reaction", {"message_id": written})) == missing("reaction['emoji']")


# The account


def test_the_account_tells_what_a_set_up_looks_at(whatsapp: WhatsApp, emulator: Emulator) -> None:
    account = emulator.configuration["whatsapp"]["account_id"]
    number = whatsapp.get(whatsapp.node, fields="display_phone_number,quality_rating,platform_type").json()
    assert number == {
        "id": whatsapp.node,
        "display_phone_number": "+15550001111",
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
    }
    assert [found["id"] for found in whatsapp.get(f"{account}/phone_numbers").json()["data"]] == [whatsapp.node]
    assert len(whatsapp.get(f"{account}/subscribed_apps").json()["data"]) == 1
    assert whatsapp.http.delete(f"/{account}/subscribed_apps").json() == {"success": True}
    assert whatsapp.get(f"{account}/subscribed_apps").json()["data"] == []
    assert whatsapp.http.post(f"/{account}/subscribed_apps").json() == {"success": True}
    token = emulator.configuration["whatsapp"]["token"]
    told = whatsapp.get("debug_token", input_token=token).json()["data"]
    assert (told["is_valid"], told["expires_at"], told["scopes"]) == (
        True,
        0,
        ["whatsapp_business_management", "whatsapp_business_messaging"],
    )
    assert whatsapp.get("debug_token", input_token="wrong").json()["data"]["is_valid"] is False
    assert whatsapp.get("me").json()["name"] == "Emulated system user"
    assert whatsapp.get("999").json()["error"]["error_subcode"] == 33


def test_without_a_subscription_no_message_comes(whatsapp: WhatsApp, emulator: Emulator, receiver: Receiver) -> None:
    account = emulator.configuration["whatsapp"]["account_id"]
    whatsapp.http.delete(f"/{account}/subscribed_apps")
    emulator.write("whatsapp", "Nobody hears this")
    whatsapp.http.post(f"/{account}/subscribed_apps")
    emulator.write("whatsapp", "This is heard")
    receiver.wait(lambda item: item.get("text", {}).get("body") == "This is heard")
    assert not [item for item in receiver.items if item.get("text", {}).get("body") == "Nobody hears this"]


def test_versions_may_be_named_or_not(whatsapp: WhatsApp, emulator: Emulator) -> None:
    for path in ("v21.0/", "v26.0/", ""):
        answer = whatsapp.http.get(f"{emulator.url}/{path}{whatsapp.node}")
        assert (answer.status_code, answer.headers["X-Chaski-Emulator"]) == (200, "1")


def test_the_public_profile_has_its_limits(whatsapp: WhatsApp) -> None:
    product = {"messaging_product": "whatsapp"}
    limits = {"about": 139, "address": 256, "description": 512, "email": 128}
    full: Json = {name: "x" * limit for name, limit in limits.items()} | {"websites": ["https://example.org/"] * 2}
    assert whatsapp.post("whatsapp_business_profile", product | full).json() == {"success": True}
    told = whatsapp.get(f"{whatsapp.node}/whatsapp_business_profile", fields=",".join(full)).json()["data"][0]
    assert told == product | full
    for name, limit in limits.items():
        over = whatsapp.post("whatsapp_business_profile", product | {name: "x" * (limit + 1)})
        assert fault(over) == parameter(f"Param {name} must be at most {limit} characters long.")
    sites = whatsapp.post("whatsapp_business_profile", product | {"websites": ["https://example.org/"] * 3})
    assert fault(sites)[:2] == (400, 100)
