"""Errors that stop the product or its start. The text of each is one sentence for the operator."""

# The exit code of the embedded model server when its model cannot be loaded. A code and not a last line of the log,
# as llama.cpp writes to the log after ours.
CANNOT_LOAD = 65


class LocalError(Exception):
    """The root."""


class AlreadyRunningError(LocalError):
    """Another start holds the lock of the data folder."""


class AddressTakenError(LocalError):
    """The address to listen on is taken, not allowed, or not of this machine."""


class OneProcessError(LocalError):
    """This system does not let several processes share a port."""


class MissingPackageError(LocalError):
    """The `local` extra, or the demonstration model, is not installed."""


class UnreachableError(LocalError):
    """A server that the environment names does not answer."""


class ChildError(LocalError):
    """An embedded server could not be started, died, or was not ready in time."""


class ModelFileError(LocalError):
    """The file of the model is missing or is not a GGUF file."""


class UnknownModelError(ModelFileError):
    """No model goes by that name."""


class DownloadError(ModelFileError):
    """The file of the model could not be downloaded."""
