"""An answer as a stream of chunks, while it is made."""

import logging
from collections.abc import AsyncIterator
from time import monotonic

from django.http import StreamingHttpResponse

from assistant.errors import AssistantError
from imagine.errors import ImagineError
from web.api.completion import KEEP_ALIVE, Completion, data
from web.api.errors import told
from web.api.relay import PAUSE_SECONDS, Relay

logger = logging.getLogger(__name__)


class EventStream(StreamingHttpResponse):
    """Server-sent events. Who goes before they begin ends them too."""

    def __init__(self, chunks: AsyncIterator[bytes], relay: Relay) -> None:
        # Proxies shall pass each chunk on as it comes.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(chunks, content_type="text/event-stream", headers=headers)
        self._relay = relay

    def close(self) -> None:
        super().close()
        self._relay.close_soon()


async def begin(relay: Relay, completion: Completion, *, include_usage: bool) -> AsyncIterator[bytes]:
    """The chunks, once there are words or PAUSE_SECONDS have passed. Raises what ends the answer before that."""
    text, until = "", monotonic() + PAUSE_SECONDS
    try:
        while not (text or completion.end) and (left := until - monotonic()) > 0:
            text = "".join(map(completion.take, await relay.take(left)))
    except BaseException:
        await relay.close()
        raise
    return chunks(relay, completion, text, include_usage)


async def chunks(relay: Relay, completion: Completion, text: str, include_usage: bool) -> AsyncIterator[bytes]:
    """What is sent, after `text`, to the end or to an error."""
    try:
        yield completion.first_chunk() + (completion.text_chunk(text) if text else b"")
        sent_at = monotonic()
        while not completion.end:
            left = sent_at + PAUSE_SECONDS - monotonic()
            if text := "".join(map(completion.take, await relay.take(max(0.0, left)))):
                yield completion.text_chunk(text)
            elif monotonic() - sent_at < PAUSE_SECONDS:
                continue
            else:
                yield KEEP_ALIVE
            sent_at = monotonic()
        yield completion.last_chunks(include_usage=include_usage)
    except (AssistantError, ImagineError) as error:
        logger.warning("an answer to a program failed: %s: %s", error.code, error)
        yield data(told(error).body, "error")
    except Exception as error:
        logger.exception("an answer to a program failed")
        yield data(told(error).body, "error")
    finally:
        await relay.close()
