"""The names of everything about pictures in Redis. `{live}` keeps what one script touches on one node of a cluster."""

from uuid import UUID

QUEUE = "imagine:{live}:queue"  # sorted set: the people who wait for a preview, by when they came


def slot(person: UUID | str) -> str:
    """The newest live prompt of a person, as JSON."""
    return f"imagine:{{live}}:prompt:{person}"


def lock(person: UUID | str) -> str:
    """Set while a preview is being drawn for a person."""
    return f"imagine:{{live}}:lock:{person}"


def history(person: UUID | str) -> str:
    """Stream: the previews that appeared while a person typed."""
    return f"imagine:history:{person}"


def person(person: UUID | str) -> str:
    """Channel: previews, and the events of a person's pictures."""
    return f"imagine:person:{person}"


def alive(picture: UUID | str) -> str:
    """The heartbeat of a picture: set while some process works on it."""
    return f"imagine:alive:{picture}"


def stop(picture: UUID | str) -> str:
    """The stop flag of a picture."""
    return f"imagine:stop:{picture}"


def sent(picture: UUID | str) -> str:
    """Set while a picture that waits need not be sent once more."""
    return f"imagine:sent:{picture}"


def progress(picture: UUID | str) -> str:
    """How far a picture is, as `done/of`."""
    return f"imagine:progress:{picture}"


def painter(role: str) -> str:
    """The status of a role, as its process reports it."""
    return f"imagine:painter:{role}"
