"""Acknowledged means stored: real processes are killed and real disks refuse."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from collector.spool import ledger as spool_ledger
from collector.spool.seal import Seal
from collector.spool.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))

APPEND_UNTIL_KILLED = """
import os, sys, itertools
from pathlib import Path
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool
spool = Spool(Path(sys.argv[1]), Seal(bytes(range(32))), max_bytes=1 << 30)
for n in itertools.count():
    group = [Incoming("traces", f"{sys.argv[2]} {n} {i} ".encode() * 500, "s", "k", 1) for i in range(3)]
    for receipt in spool.append(group):
        os.write(1, f"{receipt.id}\\n".encode())
"""

STORE_UNTIL_KILLED = """
import os, sys, time
from pathlib import Path
from collector.spool.seal import Seal
from collector.spool.spool import Spool
spool = Spool(Path(sys.argv[1]), Seal(bytes(range(32))), max_bytes=1 << 30)
while True:
    taken = spool.take(5, 1 << 20)
    if taken:
        batch = f"batch-{taken[0].id}"
        spool.assign([w.id for w in taken], batch)
        for waiting in taken:
            os.write(1, f"{waiting.id}\\n".encode())
        spool.done(batch)
"""

FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool
from collector.spool.file import SpoolUnavailableError
spool = Spool(Path(sys.argv[1]), Seal(bytes(range(32))), max_bytes=1 << 30)
noise = lambda n: b"".join(bytes([(n * 31 + i * i) % 256]) * (i % 7 + 1) for i in range(20_000))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
stored = []
try:
    for n in range(1000):
        stored.append(spool.append([Incoming("traces", b"%d " % n + noise(n), "s", "k", 1)])[0].id)
    raise SystemExit("the disk never refused")
except SpoolUnavailableError:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
stored.append(spool.append([Incoming("traces", b"after", "s", "k", 1)])[0].id)
assert [w.id for w in spool.take(2000, 1 << 30)] == stored, "what was acknowledged is not what is there"
assert len(stored) > 1
print("recovered")
"""


def start(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE)


def books(spool: Spool) -> dict[str, int]:
    with spool.opened() as connection:
        (entry,) = spool_ledger.totals(connection)
    return entry.counts


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> list[int]:
    """Kill the process and return the printed ids; each was printed in one write, so none is cut short."""
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    output, _ = process.communicate()
    return [int(line) for line in output.split()]


def test_acknowledged_requests_are_there_once_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    chance = random.Random(7)
    acknowledged: list[int] = []
    for number in range(6):
        acknowledged += kill_after(start(APPEND_UNTIL_KILLED, str(path), str(number)), 0.5 + chance.random() * 0.5)
        spool = Spool(path, Seal(KEY), max_bytes=1 << 30)
        waiting = spool.take(1_000_000, 1 << 40)
        counts = spool.counts()
        ledger = books(spool)
        spool.close()
        assert set(acknowledged) <= {w.id for w in waiting}
        assert len({w.body for w in waiting}) == len(waiting)
        assert (counts.waiting_requests, counts.waiting_spans) == (len(waiting), len(waiting))
        assert not counts.quarantined
        assert (ledger["accepted_spans"], ledger["stored_spans"]) == (len(waiting), 0)
    assert len(acknowledged) > 100


def test_nothing_is_lost_or_taken_twice_when_the_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    chance = random.Random(8)
    stored: list[int] = []
    receiver = start(APPEND_UNTIL_KILLED, str(path), "receiver")
    for _ in range(5):
        stored += kill_after(start(STORE_UNTIL_KILLED, str(path)), 0.6 + chance.random() * 0.4)
        spool = Spool(path, Seal(KEY), max_bytes=1 << 30)
        for batch, waiting in spool.unfinished().items():
            # What the writer does after a crash: the same batch again, under the same token.
            stored = [i for i in stored if i not in {w.id for w in waiting}] + [w.id for w in waiting]
            spool.done(batch)
        spool.close()
    acknowledged = kill_after(receiver, 0)
    spool = Spool(path, Seal(KEY), max_bytes=1 << 30)
    left = [w.id for w in spool.take(1_000_000, 1 << 40)]
    ledger = books(spool)
    spool.close()
    assert ledger["waiting_spans"] == len(left)
    assert ledger["stored_spans"] == len(stored), "stored is what was stored, whenever the writer was killed"
    assert ledger["accepted_spans"] == len(left) + len(stored)
    assert len(stored) > 20
    assert len(stored) == len(set(stored))
    assert not set(stored) & set(left)
    assert set(acknowledged) <= set(stored) | set(left)


def test_a_full_disk_refuses_and_the_spool_recovers_by_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(tmp_path / "spool.db")],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ,
    )
    assert done.stdout == "recovered\n", done.stderr
