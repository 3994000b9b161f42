"""The names of everything about pictures in Redis. `{live}` keeps what one script touches on one node of a cluster."""

from uuid import UUID

LINE = "imagine:{live}:line"  # sorted set: who waits for a frame, by when they came


def slot(person: UUID | str) -> str:
    """Hash: the newest prompt that a person has typed."""
    return f"imagine:{{live}}:slot:{person}"


def lock(person: UUID | str) -> str:
    """Set while a frame is being drawn for a person."""
    return f"imagine:{{live}}:lock:{person}"


def film(person: UUID | str) -> str:
    """Stream: the frames that appeared while a person typed."""
    return f"imagine:film:{person}"


def person(person: UUID | str) -> str:
    """Channel: frames, and what happens to a person's pictures."""
    return f"imagine:person:{person}"


def alive(picture: UUID | str) -> str:
    """Set while some process works on a picture."""
    return f"imagine:alive:{picture}"


def stop(picture: UUID | str) -> str:
    """Set when a person wants a picture no more."""
    return f"imagine:stop:{picture}"


def sent(picture: UUID | str) -> str:
    """Set while a picture that nobody has begun need not be sent once more."""
    return f"imagine:sent:{picture}"


def progress(picture: UUID | str) -> str:
    """How far a picture is, as `done/of`."""
    return f"imagine:progress:{picture}"


def painter(role: str) -> str:
    """What the painters of a role say about themselves."""
    return f"imagine:painter:{role}"
