"""The addresses that programs call with an API key."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from functools import wraps
from time import time
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from assistant import unstored
from assistant.errors import AssistantError
from assistant.events import Event
from assistant.models import ApiKey
from assistant.runtime import Runtime
from imagine.errors import ImagineError
from web.addresses import address_block
from web.api import access
from web.api.completion import MODEL, Completion
from web.api.errors import ApiError, told
from web.api.relay import PAUSE_SECONDS, Relay
from web.api.requests import CompletionRequest, read_request
from web.api.stream import EventStream, begin
from web.process import current_process

logger = logging.getLogger(__name__)

BODY_BYTES = 1024 * 1024
# A larger body is read beside the loop.
LARGE_BYTES = 64 * 1024

View: TypeAlias = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]
KeyView: TypeAlias = Callable[[HttpRequest, ApiKey], Awaitable[HttpResponseBase]]


def with_key(*methods: str) -> Callable[[KeyView], View]:
    """A view for whoever has a key; its errors are answered in OpenAI's form."""

    def decorated(view: KeyView) -> View:
        @csrf_exempt
        @wraps(view)
        async def answered(request: HttpRequest) -> HttpResponseBase:
            try:
                if request.method not in methods:
                    return not_allowed(*methods).response()
                return await view(request, await access.key_of(request))
            except (ApiError, AssistantError, ImagineError) as error:
                logger.info("a program was refused: %s: %s", getattr(error, "code", "api"), error)
                return told(error).response()
            except Exception as error:
                logger.exception("a request of a program failed")
                return told(error).response()

        return answered

    return decorated


@with_key("GET", "HEAD")
async def models(request: HttpRequest, key: ApiKey) -> HttpResponseBase:
    """The models that people may use."""
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": settings.SITE_NAME}
    return JsonResponse({"object": "list", "data": [model]})


@with_key("POST")
async def completions(request: HttpRequest, key: ApiKey) -> HttpResponseBase:
    """The answer to a conversation that comes along, and is stored nowhere."""
    runtime = current_process().runtime
    with runtime.limits.key_request(key.person):
        await runtime.limits.count_key_message(key.id, key.person, address_block(request))
        body = request.read(BODY_BYTES + 1)
        asked = await asyncio.to_thread(read_request, body) if len(body) > LARGE_BYTES else read_request(body)
    if asked.model != MODEL:
        # Without its name, which may be anything, as this stands in the log too.
        message = "There is no such model here. /v1/models names those there are."
        raise ApiError(message, 404, code="model_not_found", param="model")
    answer_id = uuid4()
    completion = Completion(answer_id, int(time()))
    relay = Relay(events_of(runtime, key, asked, answer_id), key)
    if asked.stream:
        return EventStream(await begin(relay, completion, include_usage=asked.include_usage), relay)
    try:
        while not completion.end:
            for event in await relay.take(PAUSE_SECONDS):
                completion.take(event)
    finally:
        await relay.close()
    return JsonResponse(completion.whole())


async def events_of(
    runtime: Runtime, key: ApiKey, asked: CompletionRequest, answer_id: UUID
) -> AsyncGenerator[Event, None]:
    """The events of an answer, which takes one of the places that the key's person has."""
    answer = unstored.answer(runtime, key.person, answer_id, asked.messages, asked.instructions, asked.most_tokens)
    async with runtime.limits.key_answer(key.person), aclosing(answer) as events:
        async for event in events:
            yield event


@csrf_exempt
async def nothing(request: HttpRequest) -> HttpResponseBase:
    """All other addresses of the API."""
    if request.method not in ("GET", "HEAD", "POST"):
        return not_allowed("GET", "HEAD", "POST").response()
    return ApiError("There is no such address here.", 404, code="not_found").response()


def not_allowed(*methods: str) -> ApiError:
    """The error for a method that an address does not have."""
    return ApiError("This address has no such method.", 405, headers={"Allow": ", ".join(methods)})
