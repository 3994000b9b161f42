"""The keys and channels of pictures in Redis. `{live}` keeps what one script touches on one node of a cluster."""

from uuid import UUID

# Sorted set: the people who wait for a preview, by the time at which they joined.
QUEUE = "imagine:{live}:queue"


def slot(person: UUID | str) -> str:
    """String: the newest live prompt of a person, as JSON."""
    return f"imagine:{{live}}:prompt:{person}"


def lock(person: UUID | str) -> str:
    """String, a flag: a preview is being drawn for a person."""
    return f"imagine:{{live}}:lock:{person}"


def history(person: UUID | str) -> str:
    """Stream: the previews of a person, each with its live prompt."""
    return f"imagine:history:{person}"


def person(person: UUID | str) -> str:
    """Channel: the previews of a person, binary, and the events of their pictures, JSON."""
    return f"imagine:person:{person}"


def alive(picture: UUID | str) -> str:
    """String, a flag: the heartbeat of a picture that a painter works on."""
    return f"imagine:alive:{picture}"


def stop(picture: UUID | str) -> str:
    """String, a flag: the picture was cancelled."""
    return f"imagine:stop:{picture}"


def sent(picture: UUID | str) -> str:
    """String, a flag: the task of a waiting picture was sent again a short while ago."""
    return f"imagine:sent:{picture}"


def progress(picture: UUID | str) -> str:
    """String: the progress of a picture, as `done/of`."""
    return f"imagine:progress:{picture}"


def painter(role: str) -> str:
    """String: the status of a role, as its painter reports it, as JSON."""
    return f"imagine:painter:{role}"
