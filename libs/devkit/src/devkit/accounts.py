"""The unprivileged account that PostgreSQL runs as when devkit itself is started by root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Whether a process of this account can work in ``folder``, asked by really trying."""
        return self.runs(["test", "-x", str(folder)])

    def runs(self, command: list[str]) -> bool:
        """Whether ``command`` succeeds as this account."""
        try:
            finished = subprocess.run(
                command,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=False,
            )
        except OSError:
            return False
        return finished.returncode == 0


def unprivileged_account() -> Account | None:
    """An existing account to drop to, or None where this process is not root and need not drop."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise RuntimeError(
        "PostgreSQL does not run as root: create a user 'postgres', or start devkit as another user"
    )
