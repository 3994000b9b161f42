"""The names that runs have in Redis. They are built from ids that the server made, never from what a client sent."""

from uuid import UUID


def log(run: UUID) -> str:
    """The stream of the run's events; also the channel on which each new one is published."""
    return f"run:{run}:log"


def alive(run: UUID) -> str:
    """Exists while the process that answers is alive."""
    return f"run:{run}:alive"


def stop(run: UUID) -> str:
    """Set when the person wants no more."""
    return f"run:{run}:stop"


def conversation(conversation: UUID) -> str:
    """The channel on which the pages that show a conversation hear of changes."""
    return f"conversation:{conversation}"
