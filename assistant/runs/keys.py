"""The names that runs have in Redis. They are built from ids that the server made, never from what a client sent."""

from uuid import UUID


def log(run: UUID) -> str:
    """The stream of the run's events; also the channel on which each new one is published."""
    return f"run:{run}:log"


def alive(run: UUID) -> str:
    """The heartbeat of the run: exists while the process that answers is alive."""
    return f"run:{run}:alive"


def stop(run: UUID) -> str:
    """The stop flag of the run."""
    return f"run:{run}:stop"


def suggested(run: UUID) -> str:
    """A mark that suggestions after the run were requested."""
    return f"run:{run}:suggested"


def conversation(conversation: UUID) -> str:
    """The channel of a conversation: a message on it means that it changed."""
    return f"conversation:{conversation}"
