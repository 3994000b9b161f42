"""Sentences as sound, over real HTTP: a scripted server answers as those of voices do."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from assistant import synthesis
from assistant.errors import VoiceError, VoiceOffError, VoiceSetupError
from assistant.synthesis import MOST_BYTES, say
from tests.ports import free_port
from tests.recordings import recording
from tests.scripted_http import Reply, ScriptedHTTP

PATH = "/v1/audio/speech"
KEY = "sk-of-the-voice"
SOUND = recording("mp3")


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedHTTP]:
    """The server of a voice, which the settings name."""
    with ScriptedHTTP() as server:
        settings.VOICE_URL, settings.VOICE_MODEL = f"{server.url}/v1", "tts-1"
        settings.VOICE_NAME, settings.VOICE_KEY = "alloy", KEY
        yield server


async def test_a_sentence_becomes_sound(server: ScriptedHTTP) -> None:
    # What it is called is not believed.
    server.script(PATH, Reply(SOUND, headers={"content-type": "text/html"}))
    audio = await say("Llamas hum.")
    assert (audio.data, audio.content_type) == (SOUND, "audio/mpeg")
    [asked] = server.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body == {"input": "Llamas hum.", "response_format": "mp3", "model": "tts-1", "voice": "alloy"}


async def test_what_is_not_set_is_not_sent(server: ScriptedHTTP, settings: Settings) -> None:
    settings.VOICE_MODEL = settings.VOICE_NAME = settings.VOICE_KEY = ""
    server.script(PATH, Reply(recording("wav")))
    assert (await say("Hi")).content_type == "audio/wav"
    [asked] = server.asked
    assert asked.body == {"input": "Hi", "response_format": "mp3"}
    assert "authorization" not in asked.headers


async def test_without_a_server_it_is_off(settings: Settings) -> None:
    settings.VOICE_URL = ""
    assert not synthesis.is_on()
    with pytest.raises(VoiceOffError):
        await say("Hi")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"error": {"message": f"Incorrect key {KEY}"}}, 401), VoiceSetupError),
        (Reply({"detail": "no such voice"}, 422), VoiceSetupError),
        (Reply("", 301, {"location": "http://127.0.0.1:9/"}), VoiceError),
        (Reply("busy", 503), VoiceError),
        (Reply("<script>alert(1)</script>", headers={"content-type": "audio/mpeg"}), VoiceError),
        (Reply(""), VoiceError),
        (Reply(SOUND + bytes(MOST_BYTES)), VoiceError),
        (Reply(drops=True), VoiceError),
    ],
)
async def test_each_refusal_is_an_error_of_ours(server: ScriptedHTTP, reply: Reply, error: type[VoiceError]) -> None:
    server.script(PATH, reply)
    with pytest.raises(VoiceError) as caught:
        await say("My secret is 5")
    assert type(caught.value) is error
    assert KEY not in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_server_that_is_away_or_silent_is_told(server: ScriptedHTTP, settings: Settings, monkeypatch) -> None:
    server.script(PATH, Reply(hangs=True))
    monkeypatch.setattr(synthesis, "SECONDS", 0.3)
    with pytest.raises(VoiceError, match=r"more than 0 s|cannot be reached"):
        await say("Hi")
    settings.VOICE_URL = f"http://user:password@127.0.0.1:{free_port()}/v1"
    with pytest.raises(VoiceError) as caught:
        await say("Hi")
    assert "cannot be reached" in str(caught.value)
    assert "password" not in str(caught.value)
