"""Where an embedded PostgreSQL keeps its data."""

import hashlib
import os
from pathlib import Path

from devkit.accounts import Account

_LASTING = Path("/var/tmp")  # noqa: S108 -- the folder in it is checked for its owner


def postgres_home(folder: Path, *, account: Account | None) -> Path:
    """``folder``, made and given to ``account``.

    Where the account cannot enter it, for instance below root's home folder, a folder below
    /var/tmp stands in, the same one every time, and ``folder`` becomes a link to it.
    """
    if account is None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    if not folder.is_symlink() and _can_reach(folder, account):
        return folder
    return _stand_in(folder, account)


def _can_reach(folder: Path, account: Account) -> bool:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(folder, account.uid, account.gid)
    return account.can_enter(folder)


def _stand_in(folder: Path, account: Account) -> Path:
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    home = _LASTING / f"longship-{digest}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid not in (0, account.uid):
        raise RuntimeError(f"{home} belongs to somebody else: remove it and start again")
    os.chown(home, account.uid, account.gid)
    if not folder.is_symlink():
        folder.rmdir()
        folder.symlink_to(home)
    return home
