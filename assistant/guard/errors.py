"""What ends a turn where a guard model is set. No sentence names a category: who is refused learns no codes."""

from django.utils.translation import gettext_lazy as _

from assistant.errors import AssistantError


class GuardError(AssistantError):
    """The root. The turn of a run that ended with one is never sent to a model again."""

    code = "guard"
    retry = False
    sentence = _("I would rather not go on with this. Ask me something else, and I am glad to help.")


class RefusedQuestionError(GuardError):
    """The guard model found the question unsafe."""

    code = "guard_question"
    sentence = _("I cannot help with that. Ask me something else, and I am glad to.")


class TakenBackError(GuardError):
    """The guard model found the answer unsafe."""

    code = "guard_answer"
    sentence = _("I took this answer back: it was going where I do not want to go. Ask me in another way, if you like.")


class SelfHarmError(GuardError):
    """The guard model found that somebody may be about to harm themselves."""

    code = "guard_self_harm"
    sentence = _(
        "This sounds heavy, and you need not carry it alone. Please talk to somebody now: call your emergency number "
        "if you are in danger, 988 in the USA and Canada, 116 123 in the United Kingdom and Ireland. "
        "Elsewhere findahelpline.com knows a number near you."
    )


class RefusedPromptError(GuardError):
    """The guard model found the prompt of a picture unsafe."""

    code = "guard_picture"
    sentence = _("I would rather not draw this. Please try other words.")


class GuardAwayError(GuardError):
    """The guard model does not answer, or nothing that could be read."""

    code = "guard_away"
    retry = True
    sentence = _("I cannot check right now whether this is safe to answer. Please try again in a minute.")


class VerdictError(GuardAwayError):
    """What the guard model said is no verdict."""


ERRORS: dict[str, type[GuardError]] = {
    error.code: error
    for error in (GuardError, RefusedQuestionError, TakenBackError, SelfHarmError, RefusedPromptError, GuardAwayError)
}
