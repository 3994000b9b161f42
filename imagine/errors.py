"""What can go wrong with a picture. Each error has a sentence for the person and one for the operator."""

from django.utils.translation import gettext_lazy as _


class ImagineError(Exception):
    """The root. `code` is what is stored and logged; `retry` says whether trying again can help.

    `sentence` is shown to the person; the exception's own text (`str(error)`) is for the operator's log.
    """

    code = "picture_trouble"
    retry = True
    sentence = _("The picture did not come out. Please try again.")


class PictureNotFoundError(ImagineError):
    """It does not exist, or it belongs to another person: the two look the same."""

    code = "picture_not_found"
    retry = False
    sentence = _("This picture is not here, or not yours.")


class CheckpointError(ImagineError):
    """The operator's checkpoint cannot be used; the exception's text says what to change."""

    code = "checkpoint"
    retry = False
    sentence = _("Pictures cannot be drawn here at the moment. The people who run this site have been told why.")


class NoCheckpointError(CheckpointError):
    """No checkpoint is set."""

    code = "no_checkpoint"
    sentence = _("Pictures are not set up here yet.")


class FormMissingError(ImagineError):
    """The picture has no file of the form that is wanted: it is not done, does not move, or lost its files."""

    code = "form_missing"
    retry = False
    sentence = _("This picture cannot be sent here.")


class UnableError(ImagineError):
    """The loaded checkpoint has no such ability."""

    code = "unable"
    retry = False
    sentence = _("The model that draws here cannot do this.")


class AwayError(ImagineError):
    """No painter has reported for a while."""

    code = "away"
    sentence = _("The part that draws is away for a moment. Please try again soon.")


class InterruptedPictureError(ImagineError):
    """Its painter died, as often as it may be tried."""

    code = "picture_interrupted"
    sentence = _("The picture was interrupted. You can draw it again.")


class TooSlowError(ImagineError):
    """It took longer than its deadline."""

    code = "too_slow"
    sentence = _("This took too long and was stopped. A smaller or shorter one may work.")


class StoppedError(ImagineError):
    """The person stopped it, or has typed something newer. Raised between steps to leave a pipeline."""

    code = "stopped"
    sentence = _("You stopped this picture.")


class RefusedInputError(ImagineError):
    """The request is invalid."""

    code = "refused_picture"
    retry = False
    sentence = _("This could not be read. Please change it and try again.")


class EmptyPromptError(RefusedInputError):
    code = "empty_prompt"
    sentence = _("Say in a few words what to draw.")


class BadUploadError(RefusedInputError):
    """The file is no picture of a supported format."""

    code = "bad_upload"
    sentence = _("This file is not a picture we can read. JPEG, PNG, WebP, GIF, HEIC and AVIF work.")


class LargeUploadError(BadUploadError):
    """Decoding it takes more work or memory than one picture may."""

    code = "large_upload"
    sentence = _("This picture is too large to be read here. Please choose a smaller one.")


class HeavyUploadError(LargeUploadError):
    """The file has more bytes than UPLOAD_BYTES."""

    code = "heavy_upload"
    sentence = _("This picture is too large: it may have 12 MB at most.")


class ManyPixelsError(LargeUploadError):
    code = "many_pixels"
    sentence = _(
        "This picture has too many pixels: it may have 50 million at most, as a PNG, WebP or GIF 25 million. "
        "Please choose a smaller one."
    )


class RefusedWordsError(ImagineError):
    """The words are refused by safety.py."""

    code = "refused_words"
    retry = False
    sentence = _("That is something I do not draw. Try describing something else.")


class RefusedPixelsError(ImagineError):
    """The picture itself is refused by safety.py, or by the checkpoint's own checker."""

    code = "refused_pixels"
    retry = False
    sentence = _("This picture came out in a way that is not shown here. Other words may help.")


class TooManyPicturesError(ImagineError):
    code = "too_many_pictures"
    retry = False
    sentence = _("You have as many pictures as can be kept. Please delete some first.")


class BusyDrawingError(ImagineError):
    """The person has as many pictures in the making as allowed."""

    code = "busy_drawing"
    sentence = _("Several of your pictures are still being drawn. Wait for one, or stop it.")


ERRORS: dict[str, type[ImagineError]] = {
    error.code: error
    for error in tuple(globals().values())
    if isinstance(error, type) and issubclass(error, ImagineError)
}
"""The errors by their codes, which are what a picture's row keeps."""
