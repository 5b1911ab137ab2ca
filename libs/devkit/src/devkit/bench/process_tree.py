"""CPU time of whole process trees, from the operating system."""

from collections.abc import Mapping

import psutil


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its descendants so far, those that have ended included."""
    root = psutil.Process(pid)
    return sum(_of(process) for process in (root, *root.children(recursive=True)))


def cpu_seconds_by_name(pids: Mapping[str, int]) -> dict[str, float]:
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def _of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # its parent's times include it now
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
