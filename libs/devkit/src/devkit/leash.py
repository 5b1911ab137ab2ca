"""Runs between a parent and its child process: drops privileges, ties the two lives, executes.

Usage: leash.py PARENT_PID ORPHAN_SIGNAL UID:GID|- PROGRAM [ARGUMENT...]

A script and not a ``preexec_fn``: that may deadlock, and warns, in a process with threads.
Standard library only: it runs isolated, without site-packages.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, orphan_signal, account, *command = sys.argv[1:]
    if account != "-":
        _drop_to(account)
    # after the drop: a change of credentials clears the setting
    _die_with(int(parent), int(orphan_signal))
    os.execv(command[0], command)  # noqa: S606 -- to execute without a shell is the purpose


def _drop_to(account: str) -> None:
    uid, _, gid = account.partition(":")
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))


def _die_with(parent: int, orphan_signal: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, orphan_signal)
    if os.getppid() != parent:  # it died before the setting took hold
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
