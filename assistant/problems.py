"""The errors that can end an answer, or what one sent in its place, by their codes, which are what rows keep."""

from assistant import errors
from assistant.errors import AssistantError
from assistant.fetch.errors import ERRORS as FETCH_ERRORS
from assistant.guard.errors import ERRORS as GUARD_ERRORS
from assistant.llama.errors import ERRORS as LLAMA_ERRORS
from assistant.weather import ERRORS as WEATHER_ERRORS
from assistant.websearch.errors import ERRORS as SEARCH_ERRORS
from imagine.errors import ERRORS as PICTURE_ERRORS
from imagine.errors import ImagineError

ERRORS: dict[str, type[AssistantError] | type[ImagineError]] = {
    error.code: error
    for error in (
        errors.AccountNeededError,
        errors.AssistantError,
        errors.CrowdedError,
        errors.InterruptedRunError,
        errors.LogUnavailableError,
        *errors.MEMORY_ERRORS,
        *errors.SPEECH_ERRORS,
    )
}
ERRORS.update(FETCH_ERRORS)
ERRORS.update(GUARD_ERRORS)
ERRORS.update(LLAMA_ERRORS)
ERRORS.update(SEARCH_ERRORS)
ERRORS.update(WEATHER_ERRORS)
ERRORS.update(PICTURE_ERRORS)


def error_of(code: str) -> type[AssistantError] | type[ImagineError]:
    """The error with this code, with its sentence and whether trying again can help; AssistantError for an unknown."""
    return ERRORS.get(code, AssistantError)
