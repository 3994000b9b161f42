"""What can go wrong in a web search.

EngineError stays inside this room: one engine failed, and another is asked. People meet a SearchError.
"""

from django.utils.translation import gettext_lazy as _

from assistant.errors import AssistantError

# An engine whose key, plan or setting is wrong is not asked again so soon: only its operator can change that.
OPERATOR_SECONDS = 600.0


class SearchError(AssistantError):
    """No engine could be asked with success."""

    code = "search_failed"
    sentence = _("The web cannot be searched right now. Please try again in a moment.")


class SearchOffError(SearchError):
    """No engine is switched on, see SEARCH_ENGINES."""

    code = "search_off"
    retry = False
    sentence = _("This site does not search the web.")


class EmptyQueryError(SearchError):
    """There is nothing that can be read in the query."""

    code = "search_empty"
    retry = False
    sentence = _("There is nothing to search for yet.")


class EngineError(Exception):
    """One engine failed. Its text is for the operator, and has neither keys nor what was searched for.

    `rest` is for how many seconds the engine is not to be asked, where that is known at once.
    """

    rest: float | None = None


class EngineSetupError(EngineError):
    """The engine refuses us until its operator changes something: a key, a plan, a setting."""

    rest = OPERATOR_SECONDS


class EngineLimitedError(EngineError):
    """We asked too much (429). `rest` is the delay that was asked for, or a usual one."""

    def __init__(self, text: str, rest: float) -> None:
        super().__init__(text)
        self.rest = rest


ERRORS: dict[str, type[SearchError]] = {error.code: error for error in (SearchError, SearchOffError, EmptyQueryError)}
