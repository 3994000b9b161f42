"""The name of a checkpoint on a hub, and the folder that it is kept in. Needs no package of the `images` extra."""

import re
from dataclasses import dataclass
from pathlib import Path

NAME = re.compile(r"(?P<repo>[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95})(?:@(?P<revision>[\w-][\w.-]{0,95}))?", re.ASCII)
# Written last: a folder that has it is complete. It holds the commit.
COMPLETE = ".commit"


@dataclass(frozen=True)
class HubName:
    """A checkpoint on a hub; `revision` is a commit, a tag or a branch, None for the newest.

    `variant` are the weights to prefer where there are several, "" for those that diffusers prefers.
    """

    repo: str
    revision: str | None = None
    variant: str = ""

    @classmethod
    def parse(cls, name: str) -> "HubName | None":
        """What `user/name` or `user/name@revision` means; None when `name` is written otherwise."""
        match = NAME.fullmatch(name)
        return cls(match["repo"], match["revision"]) if match else None

    def folder(self, folder: Path) -> Path:
        """Where it belongs under `folder`."""
        return folder / (f"{self.repo}@{self.revision}" if self.revision else self.repo)

    def is_fetched(self, folder: Path) -> bool:
        """Whether it is complete under `folder`."""
        return (self.folder(folder) / COMPLETE).exists()
