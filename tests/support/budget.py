"""CPU of each test, its processes included: a test over the budget needs a line with its reason in tests/budget.txt.

It is printed after a run and fails nothing: seconds of CPU differ by half from machine to machine.
"""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

SECONDS: Final = 10.0
FILE: Final = Path(__file__).parents[1] / "budget.txt"
_NAME: Final = "cpu seconds"
_begun = pytest.StashKey[float]()


def reasons(text: str) -> dict[str, str]:
    """Return the reason of each test, file or folder that may use more. Raises ValueError for a line without one."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [line.partition(": ") for line in lines]
    if bare := [line for line, (_, _, reason) in zip(lines, pairs, strict=True) if not reason]:
        raise ValueError(f"no reason: {bare[0]}")
    return {name: reason for name, _, reason in pairs}


def unexplained(used: Iterable[tuple[str, float]], allowed: Iterable[str]) -> list[tuple[str, float]]:
    """Return the tests over the budget that no name in `allowed` is the beginning of, dearest first."""
    names = tuple(allowed)
    over = [(test, seconds) for test, seconds in used if seconds > SECONDS and not test.startswith(names)]
    return sorted(over, key=lambda one: -one[1])


def _cpu() -> float:
    """Return seconds of CPU of this process and of those of its children that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note where a test begins."""
    item.stash[_begun] = _cpu()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Leave the last test of a process out: it ends what the whole session shared, and would pay for it."""
    if nextitem is None:
        del item.stash[_begun]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Add what a test used to its last report: xdist carries it to the process that prints."""
    if call.when == "teardown" and _begun in item.stash:
        item.user_properties.append((_NAME, _cpu() - item.stash[_begun]))
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tests over the budget."""
    ended = [report for reports in terminalreporter.stats.values() for report in reports]
    used = {
        report.nodeid: seconds
        for report in ended
        if getattr(report, "when", "") == "teardown"
        for name, seconds in report.user_properties
        if name == _NAME
    }
    if found := unexplained(used.items(), reasons(FILE.read_text(encoding="utf-8"))):
        terminalreporter.section(f"over {SECONDS:.0f} s of CPU, without a line in tests/budget.txt")
        for test, seconds in found:
            terminalreporter.line(f"{seconds:6.1f} s  {test}")
