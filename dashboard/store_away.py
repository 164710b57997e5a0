"""What a page shows where the store does not answer, or the viewer may not read: a sentence, never a traceback."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dashboard.components import blocks
from schema.queries.scope import OutOfScopeError
from schema.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a notice in place of what could not be drawn."""
    try:
        yield
    except StoreError as error:
        # The text of the error can hold values of a query, so only its kind is logged.
        logger.warning("a page could not be drawn: %s", type(error).__name__)
        blocks.notice(
            "The store does not answer at the moment, so nothing can be shown here. Spans that arrive meanwhile are "
            "kept and appear when it is back: reload the page in a few seconds.",
            "bad",
        )
    except OutOfScopeError as error:
        blocks.notice(str(error), "bad")
