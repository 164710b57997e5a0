"""The dashboard in a process of its own, and a browser to drive it with."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_MS = 20_000  # how long a busy machine may take; nothing waits this long when all is well
ROOT = Path(__file__).resolve().parent.parent.parent
# Streamlit looks for its own routes below the path of a deep link first; it expects these two to be missing.
EXPECTED_MISSING = ("/_stcore/health", "/_stcore/host-config")


@dataclass(frozen=True)
class Dashboard:
    """A running dashboard."""

    url: str
    output: Path
    process: subprocess.Popen[str]

    def receive_run(self, number: int) -> None:
        """Let the sample run of this number arrive now."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """Serve the sample runs."""
    folder = tmp_path_factory.mktemp("dashboard")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    output = folder / "output.txt"
    options = ["--port", str(port), "--large", "10000"]
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("serve_dashboard.py"), "--folder", folder / "store", *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            text=True,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(url, process, output)
        yield Dashboard(url, output, process)
    finally:
        process.terminate()
        process.communicate(timeout=30)  # closes its standard input, too


def _wait_until_healthy(url: str, process: subprocess.Popen[str], output: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the dashboard ended with {process.returncode}:\n{output.read_text()}")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.25)
    pytest.fail(f"the dashboard did not answer:\n{output.read_text()}")


@pytest.fixture(scope="session")
def context(browser: Browser, dashboard: Dashboard) -> Iterator[BrowserContext]:
    """One profile for all tests: its cache keeps Streamlit's scripts."""
    shared = browser.new_context(
        base_url=dashboard.url, viewport={"width": 1500, "height": 1000}, locale="en-GB", timezone_id="Europe/Berlin"
    )
    shared.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield shared
    shared.close()


@pytest.fixture
def page(context: BrowserContext, dashboard: Dashboard) -> Iterator[Page]:
    """A fresh tab; the test fails if anything but the two expected probes went wrong in it."""
    tab = context.new_page()
    problems: list[str] = []

    def note(message: ConsoleMessage) -> None:
        expected = message.location.get("url", "").endswith(EXPECTED_MISSING)
        if message.type in ("error", "warning") and not expected:
            problems.append(f"{message.type}: {message.text} {message.location}")

    tab.on("console", note)
    tab.on("pageerror", lambda error: problems.append(f"uncaught: {error}"))
    requested: set[str] = set()
    tab.on("request", lambda request: requested.add(request.url))
    yield tab
    tab.close()
    assert problems == []
    strangers = {url for url in requested if not url.startswith((dashboard.url, "data:", "blob:"))}
    assert strangers == set(), "the dashboard asked another host for something"
