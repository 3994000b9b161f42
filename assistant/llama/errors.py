"""Errors of the model server and of the connection to it.

The sentence is for the person. The exception's own text is for the operator: it names the server and its status, with
the server's own message as far as that holds no key and nothing that people or the model wrote, see redaction.py.
"""

from django.utils.translation import gettext_lazy as _

from assistant.errors import AssistantError


class LlamaError(AssistantError):
    """The root of the tree. `retry`: the same model may be asked again; `elsewhere`: another one may answer."""

    code = "model_trouble"
    elsewhere = True
    sentence = _("The model could not answer. Please try again.")


class UnreachableError(LlamaError):
    """No server listens at LLAMA_URL, or the connection broke before an answer began.

    `waited`: a gateway on the way waited for the server in vain. It would do so again, so nothing is retried at once.
    """

    code = "model_unreachable"
    sentence = _("The model cannot be reached right now. Your words are safe; please try again in a moment.")

    def __init__(self, text: str, waited: bool = False) -> None:
        super().__init__(text)
        self.waited = waited


class ModelLoadingError(LlamaError):
    """The server was still loading its model when the first token was due."""

    code = "model_loading"
    sentence = _("The model is still waking up. Please try again in a minute.")


class ModelNotFoundError(LlamaError):
    """The server does not have LLAMA_MODEL, or no longer."""

    code = "model_not_found"
    retry = False
    sentence = _("The model of this site is missing. The people who run it need to look at its settings.")


class NotAllowedError(LlamaError):
    """The server does not accept LLAMA_KEY, or its account has no credit left."""

    code = "model_not_allowed"
    retry = False
    sentence = _("The model does not let this site in. The people who run it need to look at its settings.")


class ContextTooLongError(LlamaError):
    """The prompt exceeds the context window. The attributes are the server's counts, where it gave them."""

    code = "context_too_long"
    retry = False
    sentence = _("This is more than the model can read at once. Please send less, or start a new conversation.")

    def __init__(self, text: str, prompt_tokens: int | None = None, context: int | None = None) -> None:
        super().__init__(text)
        self.prompt_tokens = prompt_tokens
        self.context = context


class RateLimitedError(LlamaError):
    """The server is overloaded (429 or 503). `retry_after` is the delay it asked for, in seconds."""

    code = "model_busy"
    sentence = _("The model is very busy right now. Please try again in a moment.")

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class ReadTimeout(LlamaError):
    """No text arrived for too long in mid-answer."""

    code = "model_silent"
    sentence = _("The model went quiet. Please try again.")


class FirstTokenTimeout(ReadTimeout):
    """The first token did not arrive in time."""

    code = "model_slow"
    sentence = _("The model did not begin in time. Please try again.")


class AnswerTimeout(LlamaError):
    """The whole answer took too long."""

    code = "answer_too_long"
    sentence = _("This answer took too long and was ended here.")


class DecodingError(LlamaError):
    """The response cannot be decoded: a web page, broken JSON, an event or answer without end."""

    code = "model_nonsense"
    sentence = _("The model sent something that cannot be read. Please try again.")


class EmptyAnswerError(LlamaError):
    """The stream ended in order without any text."""

    code = "model_empty"
    sentence = _("No answer came this time. Please try again.")


class NoAnswerError(EmptyAnswerError):
    """The model thought until its end, and said nothing."""

    code = "model_only_thought"
    sentence = _("The model thought about it and came to no answer. Please try again.")


class CutOffError(LlamaError):
    """The connection broke in the middle of the answer."""

    code = "answer_cut_off"
    sentence = _("The answer was cut off. What had arrived is kept.")


class LlamaServerError(LlamaError):
    """The server reported a fault of its own."""

    code = "model_fault"
    sentence = _("The model stumbled. Please try again.")


class RefusalError(LlamaServerError):
    """A filter of the server's stopped the question or the answer."""

    code = "model_refused"
    retry = False
    elsewhere = False
    sentence = _("A filter before the model stopped this question or its answer. Please try it in other words.")


ERRORS: dict[str, type[LlamaError]] = {
    error.code: error
    for error in (
        LlamaError,
        UnreachableError,
        ModelLoadingError,
        ModelNotFoundError,
        NotAllowedError,
        ContextTooLongError,
        RateLimitedError,
        ReadTimeout,
        FirstTokenTimeout,
        AnswerTimeout,
        DecodingError,
        EmptyAnswerError,
        NoAnswerError,
        CutOffError,
        LlamaServerError,
        RefusalError,
    )
}
