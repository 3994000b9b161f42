"""How webhooks travel: again until they are taken, doubled, late, in another order, together."""

import time
from typing import Any

import httpx

from tests.integrations.emulator import samples
from tests.integrations.emulator.conftest import Messenger, WhatsApp
from tests.integrations.emulator.receiver import Receiver
from tests.servers import Emulator, eventually

Json = dict[str, Any]


def words(item: Json) -> str:
    text = item.get("text") or item.get("message", {}).get("text", "")
    return str(text.get("body", "") if isinstance(text, dict) else text)


def heard(receiver: Receiver) -> list[str]:
    return [text for item in receiver.items if (text := words(item))]


def test_a_webhook_comes_again_until_it_gets_200(emulator: Emulator, receiver: Receiver) -> None:
    receiver.statuses = [500, 302, 503]
    sent = emulator.write("whatsapp", "Take this")
    eventually(lambda: heard(receiver) == ["Take this"] * 4)
    assert len({delivered.raw for delivered in receiver.got}) == 1
    eventually(lambda: emulator.bubbles("whatsapp")[-1]["status"] == "delivered")
    assert [exchange["status"] for exchange in emulator.traffic(sent["id"])] == [500, 302, 503, 200]


def test_what_is_written_while_nobody_listens_comes_later(emulator: Emulator, receiver: Receiver) -> None:
    emulator.switch(unreachable=True)
    sent = emulator.write("messenger", "Are you there?")
    eventually(lambda: emulator.traffic(sent["id"]))
    assert (receiver.got, emulator.bubbles("messenger")[-1]["status"]) == ([], "sent")
    emulator.switch(unreachable=False)
    eventually(lambda: "Are you there?" in heard(receiver))
    eventually(lambda: emulator.bubbles("messenger")[-1]["status"] == "delivered")


def test_some_webhooks_get_lost_on_their_way(emulator: Emulator, receiver: Receiver) -> None:
    emulator.switch(refused_webhooks=2)
    sent = emulator.write("instagram", "Third time lucky")
    eventually(lambda: heard(receiver) == ["Third time lucky"])
    assert [exchange["status"] for exchange in emulator.traffic(sent["id"])] == [0, 0, 200]
    assert emulator.switch()["refused_webhooks"] == 0


def test_duplicates_are_the_same_bytes(emulator: Emulator, receiver: Receiver) -> None:
    emulator.switch(duplicates=9)
    emulator.write("whatsapp", "Ten times")
    eventually(lambda: heard(receiver) == ["Ten times"] * 10)
    assert len({delivered.raw for delivered in receiver.got}) == 1


def test_the_second_overtakes_the_first(emulator: Emulator, receiver: Receiver) -> None:
    emulator.switch(reorder=True)
    emulator.write("messenger", "One")
    emulator.write("messenger", "Two")
    eventually(lambda: heard(receiver) == ["Two", "One"])
    # What nothing overtakes comes all the same.
    emulator.write("messenger", "Three")
    eventually(lambda: heard(receiver) == ["Two", "One", "Three"])


def test_a_batch_is_one_body(emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp, messenger: Messenger) -> None:
    eventually(lambda: heard(receiver).count("Hello") == 2)
    receiver.clear()
    emulator.switch(batch=True)
    for app in ("whatsapp", "messenger"):
        for text in ("One", "Two", "Three"):
            emulator.write(app, text)
    emulator.write("whatsapp", "From Bo", person="Bo Larsen")
    whatsapp.send("text", {"body": "An answer"})
    eventually(lambda: sorted(heard(receiver)) == sorted(["One", "Two", "Three"] * 2 + ["From Bo"]))
    page = next(delivered for delivered in receiver.got if delivered.body["object"] == "page")
    assert [words(item) for item in page.items] == ["One", "Two", "Three"]
    numbers = next(delivered for delivered in receiver.got if delivered.body["object"] != "page")
    value = numbers.body["entry"][0]["changes"][0]["value"]
    assert [words(item) for item in value["messages"]] == ["One", "Two", "Three", "From Bo"]
    assert len(value["contacts"]) == 2
    receiver.wait(lambda item: item.get("status") == "read")


def test_a_delay_holds_it_back(emulator: Emulator, receiver: Receiver) -> None:
    emulator.switch(delay=1)
    started = time.monotonic()
    emulator.write("whatsapp", "Slowly")
    eventually(lambda: heard(receiver) == ["Slowly"])
    assert time.monotonic() - started >= 1


def test_the_handshake_is_made_on_request(emulator: Emulator, receiver: Receiver) -> None:
    receiver.verify_token = "another"
    answer = emulator.act("handshake")
    receiver.verify_token = "the verify token"
    assert (answer["status"], answer["good"]) == (403, False)
    assert emulator.act("handshake")["good"]


def test_the_address_of_webhooks_is_set_over_the_api(emulator: Emulator, receiver: Receiver) -> None:
    other = Receiver("the verify token")
    token = f"990000000000001|{emulator.configuration['app_secret']}"

    def move(url: str, with_token: str = token) -> int:
        query = {
            "object": "page",
            "callback_url": url,
            "verify_token": "the verify token",
            "fields": "messages",
            "access_token": with_token,
        }
        return client.post("/990000000000001/subscriptions", params=query).status_code

    with httpx.Client(base_url=f"{emulator.url}/v25.0") as client:
        try:
            assert move(other.url, "990000000000001|wrong") == 401
            assert move("https://example.org/webhooks/meta") == 400
            assert move(other.url) == 200
            told = client.get("/990000000000001/subscriptions", params={"access_token": token}).json()["data"]
            page = next(row for row in told if row["object"] == "page")
            assert (page["callback_url"], [field["name"] for field in page["fields"]]) == (other.url, ["messages"])
            assert client.get("/990000000000001", params={"access_token": token}).json()["name"] == "Emulated app"
            emulator.write("whatsapp", "Over here")
            eventually(lambda: "Over here" in heard(other))
        finally:
            assert move(receiver.url) == 200
            other.close()
    assert "Over here" not in heard(receiver)


def test_a_message_that_is_taken_may_fail_later(emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp) -> None:
    emulator.switch(late_failures=1, failure="131026")
    sent = whatsapp.send("text", {"body": "Hello"}).json()["messages"][0]["id"]
    told = receiver.wait(lambda item: item.get("status") == "failed")
    assert (told["id"], told["errors"][0]["code"]) == (sent, 131026)
    shown = emulator.answers_on("whatsapp")[-1]
    assert (shown["status"], shown["fault"]["title"]) == ("failed", "Message undeliverable")


def test_traffic_of_an_answer_holds_upload_send_and_statuses(
    emulator: Emulator, receiver: Receiver, whatsapp: WhatsApp
) -> None:
    media = whatsapp.upload(samples.png(), "image/png").json()["id"]
    sent = whatsapp.send("image", {"id": media}).json()["messages"][0]["id"]
    receiver.wait(lambda item: item.get("status") == "read" and item["id"] == sent)
    eventually(lambda: len(emulator.traffic(sent)) == 5)
    traffic = emulator.traffic(sent)
    told = [(exchange["direction"], exchange["url"].rpartition("/")[2], exchange["status"]) for exchange in traffic]
    assert told[:2] == [("call", "media", 200), ("call", "messages", 200)]
    assert told[2:] == [("webhook", "meta", 200)] * 3
    assert emulator.configuration["whatsapp"]["token"] not in str(traffic)
