"""Pages of the spool are destroyed while spans wait: each span is stored once, or counted as lost and reported."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from damage import damage
from instance import Instance, command
from load import Load, stored
from memory import assert_memory_is_bounded

if TYPE_CHECKING:
    from pathlib import Path

_LEAVES_OF_TABLES = {13}


def test_what_was_acknowledged_is_stored_once_or_counted_as_lost(tmp_path: Path) -> None:
    instance = Instance(tmp_path / "data").start("collect")
    try:
        roles = instance.by_role()
        for role in ("server", "worker"):
            os.kill(roles[role], signal.SIGSTOP)
        load = Load(instance)
        load.until(2_000)
        acknowledged = load.stop()
        instance.kill()
        spool = instance.data_dir / "spool.sqlite"
        with closing(sqlite3.connect(spool)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        assert damage(spool, _LEAVES_OF_TABLES, 3) == 3
        instance.start("collect")
        load = Load(instance)
        load.until(100)
        acknowledged += load.stop()
        instance.settled()
        found = stored(instance)
        done = command(instance.data_dir, "ledger", "--by", "signal", "--format", "csv")
        header, line = (row.split(",") for row in done.stdout.split())
        counted = {name: int(count) for name, count in zip(header, line, strict=True) if count.isdecimal()}
        assert done.returncode == 0, done.stderr
        assert set(found.values()) == {1}
        assert set(found) <= set(acknowledged), "nothing is stored that was not sent"
        assert 0 < counted["lost"] < len(acknowledged)
        assert len(found) == counted["stored"] == len(acknowledged) - counted["lost"] - counted["quarantined"]
        assert "is damaged" in instance.log.read_text()
        assert_memory_is_bounded(instance)
    finally:
        instance.stop()
