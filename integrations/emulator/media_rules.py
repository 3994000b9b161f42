"""Which files each app takes, by their bytes, and how large."""

from dataclasses import dataclass

from integrations.emulator.formats import Format, format_of
from integrations.emulator.things import App, Kind

KB = 1024
MB = 1024 * 1024
OFFICE = (
    "application/vnd.ms-powerpoint",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
)
# What bytes alone do not tell: the name that came with them is taken for it.
VAGUE = {"application/zip", "application/msword", None}


@dataclass(frozen=True)
class Rule:
    mimes: tuple[str, ...]
    size: int


WHATSAPP: dict[str, Rule] = {
    "image": Rule(("image/jpeg", "image/png"), 5 * MB),
    "sticker": Rule(("image/webp",), 100 * KB),
    "video": Rule(("video/mp4", "video/3gpp"), 16 * MB),
    "audio": Rule(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * MB),
    "document": Rule(("text/plain", "application/pdf", *OFFICE), 100 * MB),
}
ANIMATED_STICKER = 500 * KB
STICKER_PIXELS = 512

MESSENGER: dict[str, Rule] = {
    "image": Rule(("image/jpeg", "image/png", "image/gif", "image/webp"), 8 * MB),
    "audio": Rule(("audio/aac", "audio/mp4", "audio/mpeg", "audio/wav", "audio/ogg", "video/mp4"), 25 * MB),
    "video": Rule(("video/mp4", "video/3gpp", "video/quicktime", "video/webm"), 25 * MB),
    "file": Rule((), 25 * MB),
}
INSTAGRAM: dict[str, Rule] = {
    "image": Rule(("image/jpeg", "image/png", "image/gif"), 8 * MB),
    "audio": Rule(("audio/aac", "audio/mp4", "audio/wav", "video/mp4"), 25 * MB),
    "video": Rule(("video/mp4", "audio/ogg", "video/quicktime", "video/webm", "video/x-msvideo"), 25 * MB),
    "file": Rule(("application/pdf",), 25 * MB),
}
RULES: dict[App, dict[str, Rule]] = {"whatsapp": WHATSAPP, "messenger": MESSENGER, "instagram": INSTAGRAM}


def mime_of(data: bytes, claimed: str) -> str:
    """The type of a file by its bytes, or the claimed one where bytes do not tell."""
    claimed = claimed.partition(";")[0].strip().lower()
    known = format_of(data)
    if known is None or known.mime in VAGUE:
        return claimed or "application/octet-stream"
    # Sound in an MP4 may call itself either.
    if known.mime == "audio/mp4" and claimed == "video/mp4":
        return "audio/mp4"
    return known.mime


def whatsapp_upload_refused(data: bytes, claimed: str) -> str | None:
    """Why WhatsApp does not take an upload, or None."""
    mime = mime_of(data, claimed)
    allowed = [mime for rule in WHATSAPP.values() for mime in rule.mimes]
    if mime not in allowed:
        return (
            f"Param file must be a file with one of the following types: {', '.join(allowed)}. "
            f"Received file of type '{mime}'."
        )
    limit = max(rule.size for rule in WHATSAPP.values() if mime in rule.mimes)
    if mime == "image/webp":
        limit = ANIMATED_STICKER
    if len(data) > limit:
        return f"Param file is too large: {len(data)} bytes, at most {limit}."
    return None


def whatsapp_refuses(kind: Kind, data: bytes, claimed: str) -> str | None:
    """Why WhatsApp cannot send these bytes as this kind, or None."""
    rule = WHATSAPP[kind]
    mime = mime_of(data, claimed)
    if mime not in rule.mimes:
        return f"Media file of type {mime} is not supported for {kind} messages. Supported: {', '.join(rule.mimes)}."
    known = format_of(data) or Format(mime)
    limit = ANIMATED_STICKER if kind == "sticker" and known.animated else rule.size
    if len(data) > limit:
        return f"Media file is too large for {kind} messages: {len(data)} bytes, at most {limit}."
    if kind == "sticker" and (known.width, known.height) != (STICKER_PIXELS, STICKER_PIXELS):
        return f"Stickers must have 512x512 pixels, this one has {known.width}x{known.height}."
    if kind == "video":
        return _video_fault(known)
    if kind == "image" and known.depth > 8:
        return "Images must have 8 bits per channel."
    if kind == "audio" and mime == "audio/ogg" and (known.audio != "opus" or not known.mono):
        return "OGG audio must be Opus with one channel."
    return None


def _video_fault(known: Format) -> str | None:
    if known.video != "h264":
        return f"Video must be H.264, this is {known.video or 'without a video track'}."
    if known.audio_streams > 1 or known.audio not in ("aac", ""):
        return "Video may have one AAC audio stream or none."
    return None


def messenger_refuses(app: App, kind: str, data: bytes, claimed: str) -> tuple[int, str] | None:
    """Why Messenger or Instagram cannot send these bytes as this kind: subcode and words, or None."""
    rule = RULES[app][kind]
    mime = mime_of(data, claimed)
    if rule.mimes and mime not in rule.mimes:
        return 2018047, f"Upload attachment failure. {mime} is not supported for {kind}."
    if len(data) > rule.size:
        return 2018109, f"The attachment size exceeds the allowable limit of {rule.size} bytes."
    return None
