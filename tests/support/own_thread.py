"""A thread for what cannot run beside a browser: Playwright leaves an event loop running in the thread of the tests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Answer = TypeVar("_Answer")


def in_own_thread(act: Callable[..., _Answer], *arguments: object) -> _Answer:
    """Return what a call returns that is made in a thread of its own."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(act, *arguments).result()
