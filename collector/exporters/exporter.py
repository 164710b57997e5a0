"""What the loop of delivery asks of an exporter, wherever that one sends the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collector.exporters.batch import Block


class Exporter(Protocol):
    """Brings redacted rows to one destination, each row once."""

    def recover(self) -> None:
        """Finish every batch that was begun and interrupted. Raises StoreError or SpoolError."""

    def export(self, block: Block) -> None:
        """Bring all rows of the block to the destination, and let the spool forget their requests.

        If this raises StoreError or SpoolError half-way, `recover` finishes the batch from the spool.
        """
