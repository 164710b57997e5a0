"""Fixtures of several test folders: a real store, a real browser and the real exports."""

from __future__ import annotations

import os
import re
import shutil
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from budget import (
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_runtest_teardown,
    pytest_terminal_summary,
)
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from schema.store.store import Store

settings.register_profile("ours", suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
settings.load_profile("ours")

__all__ = [
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_terminal_summary",
]

pytest_plugins = ["pytester"]

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parent / "data"
_SHARED = {"attacked": "attacked", "dashboard": "dashboard", "page": "dashboard"}
"""Fixtures backed by processes. Test files that share one of them run in one pytest-xdist worker."""
_FIRST = ("faults", "hostile", "e2e", "collector", "redaction")
"""Slow folders run first, so that all workers end at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort slow folders to the start."""
    order = {name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: order.get(item.path.parent.name, len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Schedule complete files, and files with a shared process fixture together."""
    return _Together(config, log)


class _Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        return _together(nodeid.partition("::")[0])


@cache
def _together(file: str) -> str:
    """Return the shared fixture of a file, otherwise the file."""
    source = (DATA.parent.parent / file).read_text(encoding="utf-8")
    return next((shared for name, shared in _SHARED.items() if re.search(rf"\b{name}: [A-Z]", source)), file)


@pytest.fixture(scope="session", autouse=True)
def all_threads_end() -> Iterator[None]:
    """Fail if a test leaves a thread that keeps the process from ending."""
    yield
    left = {thread.name for thread in threading.enumerate() if not thread.daemon} - {"MainThread"}
    assert left == set(), "a test did not close what it opened"


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of the session's embedded store."""
    return str(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def store(store_path: str) -> Iterator[Store]:
    """One embedded store per session: the engine supports one data directory per process."""
    with Store.open(f"chdb://{store_path}") as opened:
        yield opened


@pytest.fixture
def empty_store(store: Store) -> Store:
    """The session's store with every table emptied."""
    for table in ("spans", "runs", "logs", "metric_points", "repricings", "ledger", "purges", "removals"):
        store.command(f"TRUNCATE TABLE {table}")
    return store


@pytest.fixture(scope="session")
def exports() -> Path:
    """The folder of real OTLP request bodies, one folder a source."""
    return DATA / "otlp"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    executable = os.environ.get("SPANLEDGER_CHROMIUM") or shutil.which("chromium")
    if not executable:
        reason = "there is no Chromium: install it or name it in SPANLEDGER_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield launched
        launched.close()
