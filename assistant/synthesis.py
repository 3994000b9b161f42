"""Words read aloud, by a speech model: any server with OpenAI's `/v1/audio/speech`.

https://platform.openai.com/docs/api-reference/audio/createSpeech, which speaches, Kokoro-FastAPI, LocalAI and others
have too.
"""

import asyncio
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from assistant.audio import Audio, read_audio
from assistant.errors import UnreadableAudioError, VoiceError, VoiceOffError, VoiceSetupError
from assistant.responses import cause_name, tls

CONNECT_SECONDS = 5.0
# A sentence takes a small machine as long as it lasts.
SECONDS = 40.0
# Half a minute as WAV, in which some servers answer whatever they are asked for.
MOST_BYTES = 4_000_000
SETUP_STATUSES = {400, 401, 403, 404, 405, 422}


def is_on() -> bool:
    """Whether a voice is set."""
    return bool(settings.VOICE_URL)


async def say(text: str) -> Audio:
    """The sentence `text`, spoken. What it is is read from the bytes, not from what the server says.

    Raises VoiceError: VoiceOffError where no server is set, VoiceSetupError.
    """
    if not is_on():
        raise VoiceOffError("VOICE_URL is not set")
    try:
        async with asyncio.timeout(SECONDS):
            return read_audio(await _ask(text))
    except TimeoutError as error:
        raise VoiceError(f"{_host()} took more than {SECONDS:.0f} s") from error
    except UnreadableAudioError as error:
        raise VoiceError(f"{_host()} sent no recording of a known kind") from error


async def _ask(text: str) -> bytes:
    """The server's answer. Raises VoiceError."""
    fields = {"input": text, "response_format": "mp3"}
    fields |= {"model": settings.VOICE_MODEL} if settings.VOICE_MODEL else {}
    fields |= {"voice": settings.VOICE_NAME} if settings.VOICE_NAME else {}
    headers = {"Authorization": f"Bearer {settings.VOICE_KEY}"} if settings.VOICE_KEY else {}
    url, timeout = f"{settings.VOICE_URL}/audio/speech", httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
    failure: VoiceError
    try:
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False, verify=tls()) as http,
            http.stream("POST", url, json=fields, headers=headers) as reply,
        ):
            if reply.is_success:
                return await _bounded(reply)
            failure = _error(reply.status_code)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        # Not chained: some of them hold the request, and with it the key and the words.
        failure = VoiceError(f"{_host()} cannot be reached: {cause_name(error)}")
    raise failure


async def _bounded(reply: httpx.Response) -> bytes:
    """The body. Raises VoiceError beyond MOST_BYTES."""
    body = bytearray()
    async for chunk in reply.aiter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise VoiceError(f"{_host()} sent more than {MOST_BYTES} bytes for a sentence")
    return bytes(body)


def _error(status: int) -> VoiceError:
    text = f"{_host()} answered with {status}"
    if status in SETUP_STATUSES:
        return VoiceSetupError(f"{text}; see VOICE_URL, VOICE_MODEL, VOICE_NAME and VOICE_KEY")
    return VoiceError(text)


def _host() -> str:
    """Host and port for the log, without credentials that the address may hold."""
    return urlsplit(settings.VOICE_URL).netloc.rpartition("@")[2]
