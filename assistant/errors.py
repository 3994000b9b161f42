"""What can go wrong in a conversation. Each error has a sentence for the person and one for the operator."""

from django.utils.translation import gettext_lazy as _


class AssistantError(Exception):
    """The root. `code` is what is stored and logged; `retry` says whether trying again can help.

    `sentence` is shown to the person; the exception's own text (`str(error)`) is for the operator's log.
    """

    code = "trouble"
    retry = True
    sentence = _("Something went wrong here. Please try again.")


class NotFoundError(AssistantError):
    """It does not exist, or it belongs to somebody else: the two look the same."""

    code = "not_found"
    retry = False
    sentence = _("This is not here, or not yours.")


class BusyError(AssistantError):
    """An answer is being written in this conversation, or the person has as many at once as allowed."""

    code = "busy"
    sentence = _("An answer is still being written. Wait for it, or stop it first.")


class RefusedInputError(AssistantError):
    """What was sent cannot be taken: empty, too long, or of the wrong form."""

    code = "refused_input"
    retry = False
    sentence = _("This could not be read. Please change it and send it again.")


class EmptyTextError(RefusedInputError):
    code = "empty"
    sentence = _("There is nothing to send yet.")


class TextTooLongError(RefusedInputError):
    code = "text_too_long"
    sentence = _("This message is too long. Please send it in parts.")


class InstructionsTooLongError(RefusedInputError):
    code = "instructions_too_long"
    sentence = _("This is too long to be kept in mind. Please shorten it.")


class MemoryRefusedError(RefusedInputError):
    """Something cannot be remembered or forgotten."""

    code = "memory_refused"
    sentence = _("This could not be remembered.")


class EmptyMemoryError(MemoryRefusedError):
    code = "memory_empty"
    sentence = _("Please say what it is: “I am vegetarian”, for instance.")


class MemoryTooLongError(MemoryRefusedError):
    code = "memory_too_long"
    sentence = _("This is too long to be remembered. Please shorten it.")


class MemoriesFullError(MemoryRefusedError):
    code = "memories_full"
    sentence = _("As much is remembered as can be kept. Please erase something first, under “Your data”.")


class MemoryOffError(MemoryRefusedError):
    """The person has switched it off."""

    code = "memory_off"
    sentence = _("The memory is switched off. You can switch it on under “Your data”.")


class MemoryAccountError(MemoryRefusedError):
    """Guests have no memory here."""

    code = "memory_account"
    sentence = _("Things are remembered for people with an account. Please sign in, or create one.")


class MemoryTemporaryError(MemoryRefusedError):
    code = "memory_temporary"
    sentence = _("Nothing is remembered in a temporary chat.")


class UnknownMemoryError(MemoryRefusedError):
    code = "memory_unknown"
    sentence = _("Nothing like that is remembered.")


class UnclearMemoryError(MemoryRefusedError):
    """Several memories are like what is to be forgotten."""

    code = "memory_unclear"
    sentence = _("Several things that are remembered may be meant. You can erase each under “Your data”.")


MEMORY_ERRORS = (
    MemoryRefusedError,
    EmptyMemoryError,
    MemoryTooLongError,
    MemoriesFullError,
    MemoryOffError,
    MemoryAccountError,
    MemoryTemporaryError,
    UnknownMemoryError,
    UnclearMemoryError,
)


class FileError(RefusedInputError):
    """A file cannot be attached."""

    code = "file"
    sentence = _("This file could not be read.")


class NotTextError(FileError):
    code = "not_text"
    sentence = _("This is not a text file.")


class PictureFileError(FileError):
    code = "picture_file"
    sentence = _(
        "This is not a text file, and pictures cannot be looked at here. "
        "Under Imagine they can be changed and animated."
    )


class UnreadablePictureError(FileError):
    code = "unreadable_picture"
    sentence = _("This is not a picture that can be read here. JPEG, PNG, WebP, GIF, HEIC and AVIF work.")


class LargePictureError(FileError):
    """Decoding it takes more work or memory than one picture may."""

    code = "large_picture"
    sentence = _("This picture is too large to be read here. Please choose a smaller one.")


class HeavyPictureError(LargePictureError):
    code = "heavy_picture"
    sentence = _("This picture is too large: it may have 12 MB at most.")


class PicturePixelsError(LargePictureError):
    code = "picture_pixels"
    sentence = _(
        "This picture has too many pixels: it may have 50 million at most, as a PNG, WebP or GIF 25 million. "
        "Please choose a smaller one."
    )


class PdfFileError(FileError):
    code = "pdf_file"
    sentence = _("This is not a text file, and PDFs cannot be read here yet. You can copy its text and paste it.")


class EmptyFileError(FileError):
    code = "empty_file"
    sentence = _("This file is empty.")


class FileTooLargeError(FileError):
    code = "file_too_large"
    sentence = _("This is too long to attach.")


class TooManyAttachmentsError(FileError):
    code = "too_many_attachments"
    sentence = _("These are too many files for one message. Please send some with the next.")


class AttachmentQuotaError(FileError):
    code = "attachment_quota"
    sentence = _("You have as many files here as can be kept. Please delete a conversation with files first.")


class UnknownFileError(FileError):
    code = "unknown_file"
    sentence = _(
        "The others do not get files of this kind: send a picture, a voice note, a video, a PDF, text or a document."
    )


class AttachmentGoneError(FileError):
    """An attachment does not exist, came with another message, or is somebody else's: all look the same."""

    code = "attachment_gone"
    sentence = _("A file of this message is no longer here. Please attach it again.")


class KeyNameError(RefusedInputError):
    code = "key_name"
    sentence = _("Please give the key a name by which you will know it again.")


class TooManyKeysError(RefusedInputError):
    code = "too_many_keys"
    sentence = _("You have as many keys as can be kept. Please revoke one first.")


class InvalidKeyError(AssistantError):
    """There is no such API key: it was mistyped, revoked, or has expired. All look the same."""

    code = "invalid_api_key"
    retry = False
    sentence = _("This API key is not valid. It may be mistyped, revoked or expired.")


class SuspendedError(AssistantError):
    """An operator has suspended the account."""

    code = "account_suspended"
    retry = False
    sentence = _("This account is suspended.")


class SpeechError(AssistantError):
    """A recording was not understood: the speech model's server cannot be reached, or sent what cannot be read."""

    code = "speech_failed"
    sentence = _("Your recording could not be understood right now. Please try again, or write it.")


class SpeechOffError(SpeechError):
    """SPEECH_URL is not set."""

    code = "speech_off"
    retry = False
    sentence = _("Voice notes cannot be heard here yet. Please write it.")


class SpeechSetupError(SpeechError):
    """The server refuses the key, or has no such model or address."""

    code = "speech_setup"
    retry = False
    sentence = _(
        "Recordings cannot be understood here at the moment: the people who run this need to look at its settings. "
        "Please write it."
    )


class UnreadableAudioError(SpeechError):
    """The file is no recording of a known kind, or is broken."""

    code = "audio_unreadable"
    retry = False
    sentence = _("This recording could not be played here. Please record it again, or write it.")


class LongAudioError(SpeechError):
    code = "audio_too_long"
    retry = False
    sentence = _("This recording is too long for me. Please keep it under ten minutes.")


class LongDictationError(LongAudioError):
    """More than a browser records for one message."""

    code = "dictation_too_long"
    sentence = _("This is too long to be written down at once. Please say it in parts of two minutes at most.")


class NoSpeechError(SpeechError):
    code = "no_speech"
    retry = False
    sentence = _("I could hear no words in this. Please record it again, or write it.")


SPEECH_ERRORS = (
    SpeechError,
    SpeechOffError,
    SpeechSetupError,
    UnreadableAudioError,
    LongAudioError,
    LongDictationError,
    NoSpeechError,
)


class VoiceError(AssistantError):
    """An answer was not read aloud: the voice's server cannot be reached, or sent what is no sound."""

    code = "voice_failed"
    sentence = _("This could not be read aloud right now. Please try again.")


class VoiceOffError(VoiceError):
    """VOICE_URL is not set."""

    code = "voice_off"
    retry = False
    sentence = _("There is no voice here yet.")


class VoiceSetupError(VoiceError):
    """The server refuses the key, or has no such model, voice or address."""

    code = "voice_setup"
    retry = False
    sentence = _(
        "Nothing can be read aloud here at the moment: the people who run this need to look at the settings of the "
        "voice."
    )


class ConversationFullError(RefusedInputError):
    code = "conversation_full"
    sentence = _("This conversation is as long as it can get. Please start a new one.")


class TooManyConversationsError(RefusedInputError):
    code = "too_many_conversations"
    sentence = _("You have as many conversations as can be kept. Please delete one first.")


class WholeAnswerError(AssistantError):
    """The answer did not end early, so it cannot go on."""

    code = "whole_answer"
    retry = False
    sentence = _("This answer is complete. Ask for more in a message of your own.")


class AccountNeededError(AssistantError):
    """Pictures are drawn for accounts only here."""

    code = "account_needed"
    retry = False
    sentence = _("Pictures are drawn for people with an account here. Please sign in, or create one.")


class AgreementNeededError(AssistantError):
    """The person has not agreed to the terms of the site, or to those of now."""

    code = "agreement_needed"
    retry = False
    sentence = _("Please agree first to how this site may be used.")


class CrowdedError(AssistantError):
    """The queue before the model is as long as it may get."""

    code = "crowded"
    sentence = _("Too many people are asking right now. Please try again in a minute.")


class BudgetSpentError(AssistantError):
    """What the site may use of its models in a day is used up, for this kind of asker or for all."""

    code = "budget_spent"
    retry = False
    sentence = _("This site has answered as much as it can today. It goes on tomorrow.")


class LimitedError(AssistantError):
    """More was asked for than a limit allows. Nothing was taken. `retry_after`: in so many seconds there is room."""

    code = "limited"
    sentence = _("That was a lot in a short time. Please wait a little before you go on.")

    def __init__(self, text: str = "", retry_after: int | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class LogUnavailableError(AssistantError):
    """Redis cannot be reached, so no answer can be followed."""

    code = "log_unavailable"
    sentence = _("The service is catching its breath. Your words are safe; please try again in a moment.")


class InterruptedRunError(AssistantError):
    """The process that wrote the answer is gone."""

    code = "interrupted"
    sentence = _("The answer was cut off. What had arrived is kept.")


class NotHostError(AssistantError):
    """Only the host of a room may do that."""

    code = "not_host"
    retry = False
    sentence = _("Only the host of this room can do that.")


class NotAskedError(NotHostError):
    """Somebody who neither asked for an answer nor is the host wants to stop it."""

    sentence = _("Only who asked and the host can stop this answer.")


class InvitationEndedError(AssistantError):
    """The invitation leads nowhere: it was taken back, the room is locked, or there is none."""

    code = "invitation_ended"
    retry = False
    sentence = _("This invitation has ended. Ask somebody in the room for a new one.")


class BlockedError(InvitationEndedError):
    """The host has removed this person for good; they are told no more than others."""

    code = "blocked"


class RoomFullError(AssistantError):
    code = "room_full"
    retry = False
    sentence = _("This room is full.")


class BadNameError(RefusedInputError):
    """A name without a letter, or one that looks like the assistant's."""

    code = "bad_name"
    sentence = _("Please choose another name: one that can be read, and that is not the assistant’s.")


class NameTakenError(BadNameError):
    code = "name_taken"
    sentence = _("Somebody here is called like that, or nearly. Please choose another name.")


class BadPollError(RefusedInputError):
    """A vote without a question, with too few or too many options, or one that is over."""

    code = "bad_poll"
    sentence = _("A vote needs a question and two to ten different options: /poll Which day? | Friday | Saturday")


class TooManyPollsError(BadPollError):
    code = "too_many_polls"
    sentence = _("As many votes are open here as can be. Please end one first.")


class NothingToShareError(RefusedInputError):
    """The conversation has no finished answer yet."""

    code = "nothing_to_share"
    sentence = _("There is no finished answer to share yet.")


class TooManySharesError(RefusedInputError):
    code = "too_many_shares"
    sentence = _("You share as many conversations as can be shared at once. Please take a link back first.")


class SharedAgainError(AssistantError):
    """Another copy stands behind the link than the one that was read."""

    code = "shared_again"
    sentence = _("It was shared again meanwhile. Please look at it once more before you go on.")
