"""Memory of an instance's processes, and how much of it they may keep after a fault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from instance import Instance

BOUNDS: Final = {"supervisor": 256 << 20, "receiver": 448 << 20, "server": 1536 << 20, "worker": 1024 << 20}
"""Limit in bytes of each process after a load: its idle memory plus what a load leaves in its heap."""


def resident(pid: int) -> int:
    """Return the memory of a process in bytes."""
    return _field(pid, "VmRSS:")


def peaks(instance: Instance) -> dict[str, int]:
    """Return the peak memory of each process since its start, in MB."""
    return {role: _field(pid, "VmHWM:") // 10**6 for role, pid in instance.by_role().items()}


def assert_memory_is_bounded(instance: Instance) -> None:
    """Wait until every process is below its limit."""
    instance.wait(lambda: not _over(instance), "memory to be given back")


def _over(instance: Instance) -> dict[str, int]:
    held = {role: resident(pid) for role, pid in instance.by_role().items()}
    return {role: size for role, size in held.items() if size > BOUNDS[role]}


def _field(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(name))) * 1024
