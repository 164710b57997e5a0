"""A thread for code that cannot run together with Playwright's event loop in the tests' thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Answer = TypeVar("_Answer")


def in_own_thread(act: Callable[..., _Answer], *arguments: object) -> _Answer:
    """Call the function in a new thread, and return its result."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(act, *arguments).result()
