"""Why the product cannot start, or cannot go on. The text of each error is one sentence for the operator."""

# The exit code of the embedded model server when its model cannot be loaded. A code, as llama.cpp writes to the log
# after our own last words.
CANNOT_LOAD = 65


class LocalError(Exception):
    """The root."""


class AlreadyRunningError(LocalError):
    """Another start holds the data folder."""


class AddressTakenError(LocalError):
    """The address to listen on is taken, not allowed, or not of this machine."""


class MissingPackageError(LocalError):
    """The `local` extra, or the demonstration model, is not installed."""


class UnreachableError(LocalError):
    """A server that the environment names does not answer."""


class ChildError(LocalError):
    """A server of ours could not be started, died, or does not answer in time."""


class ModelFileError(LocalError):
    """The file of the model is missing, or is not one."""


class DownloadError(ModelFileError):
    """The file of the model could not be fetched."""
