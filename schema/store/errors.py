"""What can go wrong between us and ClickHouse."""

from __future__ import annotations

import re

CODE = re.compile(r"\bCode: (\d+)")
"""ClickHouse's number of an error in its message."""


class StoreError(Exception):
    """Base of what can go wrong between us and ClickHouse.

    StoreError
    ├── StoreUnavailableError  cannot be reached or opened now; trying again later may help
    │   └── NothingStoredError  there is no store yet, and a command that reads makes none
    ├── QueryFailedError       ClickHouse refused the statement
    └── MigrationChangedError  an applied migration no longer has the text it was applied with
    """


class StoreUnavailableError(StoreError):
    """The store cannot be reached or opened now."""


class NothingStoredError(StoreUnavailableError):
    """There is no store where one was looked for; the message names the place."""


class QueryFailedError(StoreError):
    """ClickHouse refused a statement; the message is ClickHouse's own."""

    @property
    def code(self) -> int:
        """ClickHouse's number of the error, 0 if it gave none."""
        match = CODE.search(str(self))
        return int(match[1]) if match else 0


class MigrationChangedError(StoreError):
    """A migration that this store has applied was edited afterwards."""
