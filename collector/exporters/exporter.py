"""The interface between the delivery loop and an exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collector.exporters.batch import Block


class Exporter(Protocol):
    """Delivers redacted rows to one destination, each row exactly once."""

    def recover(self) -> None:
        """Finish every interrupted batch. Raises StoreError or SpoolError."""

    def export(self, block: Block) -> None:
        """Deliver all rows of the block, then delete their requests from the spool.

        If this raises StoreError or SpoolError, `recover` finishes the batch from the spool.
        """
