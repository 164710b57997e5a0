"""One real redactor for all tests of redaction: the real rules and the real model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redaction.redactor import Redactor, build_redactor

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def redactor() -> Iterator[Redactor]:
    """A redactor that keeps its caches over the session, as a worker does."""
    built = build_redactor()
    yield built
    built.close()
