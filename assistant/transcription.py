"""Voice notes and dictation as text, by a speech model: any server with OpenAI's `/v1/audio/transcriptions`.

https://platform.openai.com/docs/api-reference/audio/createTranscription, which whisper.cpp, vLLM, speaches and others
have too.
"""

import asyncio
import re
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from assistant.audio import Audio, read_audio
from assistant.errors import (
    LongAudioError,
    LongDictationError,
    NoSpeechError,
    SpeechError,
    SpeechOffError,
    SpeechSetupError,
    UnreadableAudioError,
)
from assistant.llama.redaction import Redaction
from assistant.pages.cleaning import clean_text, cut
from assistant.responses import cause_name, read_json, tls

CONNECT_SECONDS = 5.0
# A small machine takes half as long as the recording lasts, which is ten minutes at most.
SECONDS = 300.0
# Who dictates looks at the page meanwhile, and says two minutes at most. What is larger Django would write to a file.
DICTATED_SECONDS, DICTATION_SECONDS = 90.0, 125
DICTATION_BYTES = 2_000_000
# What browsers record.
DICTATION_TYPES = {"audio/webm", "audio/ogg", "audio/mp4", "audio/wav"}
ANSWER_BYTES = 1024 * 1024
# Ten minutes are some 9,000 characters. A message may have more, see MESSAGE_CHARACTERS.
MOST_CHARACTERS = 12_000
# OpenAI, and servers like it: the key; the model or the address is not there; the recording is not liked.
SETUP_STATUSES = {401, 403, 404, 405}
UNREADABLE_STATUSES = {400, 415, 422}
TOO_LARGE = 413
LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE | re.DOTALL)
# How Whisper writes down what is no speech: [BLANK_AUDIO], (wind blowing), *music*, notes.
NO_SPEECH = re.compile(r"\[[^\]]{0,80}\]|\([^)]{0,80}\)|\*[^*]{0,80}\*|[♩-♯\U0001f3b5\U0001f3b6]")


def is_on() -> bool:
    """Whether a speech model is set."""
    return bool(settings.SPEECH_URL)


async def transcribe(data: bytes, language: str = "") -> str:
    """What is said in a recording: text of a stranger, cleaned of what nobody sees, MOST_CHARACTERS at most.

    Its kind is read from the bytes. `language` is a hint, such as "pt" or "pt-br", or empty. Raises a SpeechError:
    SpeechOffError where no server is set, LongAudioError, UnreadableAudioError, NoSpeechError, SpeechSetupError.
    """
    if not is_on():
        raise SpeechOffError("SPEECH_URL is not set")
    return await _written(read_audio(data), language, SECONDS)


async def dictated(data: bytes) -> str:
    """What somebody says to their browser for a message. The recording is kept nowhere.

    Raises as `transcribe` does, and LongDictationError.
    """
    if not is_on():
        raise SpeechOffError("SPEECH_URL is not set")
    if len(data) > DICTATION_BYTES:
        raise LongDictationError(f"{len(data)} bytes, {DICTATION_BYTES} are allowed")
    audio = read_audio(data)
    if audio.content_type not in DICTATION_TYPES:
        raise UnreadableAudioError(f"no browser records {audio.content_type}")
    if audio.seconds is not None and audio.seconds > DICTATION_SECONDS:
        raise LongDictationError(f"{audio.seconds:.0f} s, {DICTATION_SECONDS} are allowed")
    return await _written(audio, "", DICTATED_SECONDS)


async def _written(audio: Audio, language: str, seconds: float) -> str:
    """The words of a recording, if the server has them in so many seconds. Raises SpeechError."""
    try:
        async with asyncio.timeout(seconds):
            return _heard(await _ask(audio, language))
    except TimeoutError as error:
        raise SpeechError(f"{_host()} took more than {seconds:.0f} s") from error


async def _ask(audio: Audio, language: str) -> object:
    """The server's answer. Raises SpeechError."""
    hint = LANGUAGE.fullmatch(language)
    fields = {"response_format": "json"}
    fields |= {"model": settings.SPEECH_MODEL} if settings.SPEECH_MODEL else {}
    fields |= {"language": hint[1].lower()} if hint else {}
    headers = {"Authorization": f"Bearer {settings.SPEECH_KEY}"} if settings.SPEECH_KEY else {}
    url, files = f"{settings.SPEECH_URL}/audio/transcriptions", {"file": (audio.name, audio.data, audio.content_type)}
    timeout = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
    failure: SpeechError
    try:
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False, verify=tls()) as http,
            http.stream("POST", url, data=fields, files=files, headers=headers) as reply,
        ):
            answer = await read_json(reply, ANSWER_BYTES)
            if reply.is_success:
                return answer
            failure = _error(reply.status_code, answer)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        # Not chained: some of them hold the request, and with it the key and the voice.
        failure = SpeechError(f"{_host()} cannot be reached: {cause_name(error)}")
    raise failure


def _heard(answer: object) -> str:
    """The words of an answer. Raises SpeechError."""
    text = answer.get("text") if isinstance(answer, dict) else None
    if not isinstance(text, str):
        # whisper.cpp says so with a status of 200 when it could not decode a file.
        if isinstance(answer, dict) and "error" in answer:
            raise UnreadableAudioError(f"{_host()} could not read a recording{_message(answer)}")
        raise SpeechError(f"{_host()} did not answer with a text")
    # Cleaning makes it shorter, so more than is kept is looked at.
    clean = clean_text(text[: 2 * MOST_CHARACTERS]).strip()
    if not any(letter.isalnum() for letter in NO_SPEECH.sub("", clean)):
        raise NoSpeechError(f"{_host()} heard no words")
    return cut(clean, MOST_CHARACTERS)


def _error(status: int, answer: object) -> SpeechError:
    text = f"{_host()} answered with {status}{_message(answer)}"
    if status in SETUP_STATUSES:
        return SpeechSetupError(f"{text}; see SPEECH_URL, SPEECH_MODEL and SPEECH_KEY")
    if status == TOO_LARGE:
        return LongAudioError(text)
    return UnreadableAudioError(text) if status in UNREADABLE_STATUSES else SpeechError(text)


def _message(answer: object) -> str:
    """The server's own message for the operator, as far as that holds no key and no words of people; or nothing."""
    error = answer.get("error", answer.get("detail")) if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    key = tuple(filter(None, [settings.SPEECH_KEY]))
    clause = Redaction(secrets=key).first_clause(message) if isinstance(message, str) else ""
    return f": {clause}" if clause else ""


def _host() -> str:
    """Host and port for the log, without credentials that the address may hold."""
    return urlsplit(settings.SPEECH_URL).netloc.rpartition("@")[2]
