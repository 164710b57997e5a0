"""The product's promise, on real exports: planted personal data is readable nowhere afterwards."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from agent_runs import run_request
from instance import Instance, command

from collector.otlp.messages import count, decode
from collector.spool.key_files import load_or_create_key
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SURVIVES = "ORD-77193"  # an order id, planted among the others to see that it stays


def planted(exports: Path) -> list[str]:
    strings: set[str] = set()
    for file in exports.glob("*/pii.json"):
        strings.update(json.loads(file.read_text())["planted"])
    assert len(strings) > 10
    return sorted(strings - {SURVIVES})


def encodings(text: str) -> set[bytes]:
    """Encodings in which a text on disk is readable; of base64 only the part that is equal in any alignment."""
    raw = text.encode()
    shapes = {raw, quote(text).encode(), text.encode("utf-16-le"), raw.hex().encode(), raw.lower()}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        shapes.add(coded[shift + 1 + (shift > 0) : -4])
    return shapes


def leaks(content: bytes, strings: list[str]) -> list[str]:
    return [text for text in strings if any(shape in content for shape in encodings(text))]


def files(exports: Path) -> list[Path]:
    return sorted(exports.glob("*/*.pb"))


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, exports: Path) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("rest")
    (folder / "data" / "tmp").mkdir(parents=True, mode=0o700)
    (folder / "data" / "tmp" / "left.raw").write_bytes(b"by a process that was killed")
    (folder / "elsewhere").mkdir()
    started = Instance(folder / "data", {"TMPDIR": str(folder / "elsewhere")}).start()
    done = command(started.data_dir, "ingest", *map(str, files(exports)))
    assert done.returncode == 0, done.stderr
    yield started
    started.stop()


def test_the_search_would_find_what_it_looks_for(exports: Path) -> None:
    strings = planted(exports)
    raw = b"".join(file.read_bytes() for file in files(exports))
    assert leaks(raw, strings) == strings
    hidden = base64.b64encode(b"so " + strings[0].encode() + b" said")
    assert leaks(hidden, strings) == [strings[0]]


def test_every_span_record_and_point_is_stored(instance: Instance, exports: Path) -> None:
    expected = {"traces": 0, "logs": 0, "metrics": 0}
    seen = set()
    for file in files(exports):
        signal, body = file.name.split(".")[1], file.read_bytes()
        if (signal, body) not in seen:  # the same bytes twice are one request
            seen.add((signal, body))
            expected[signal] += count(decode(signal, body, "protobuf"))  # type: ignore[arg-type]
    stored = instance.sql(
        "SELECT (SELECT count() FROM spans) AS traces, (SELECT count() FROM logs) AS logs,"
        " (SELECT count() FROM metric_points) AS metrics, (SELECT uniqExact(trace_id, span_id) FROM spans) AS spans"
    )[0]
    assert {signal: stored[signal] for signal in expected} == expected
    assert stored["spans"] == expected["traces"] > 700


def test_no_planted_string_is_in_any_row(instance: Instance, exports: Path) -> None:
    strings = planted(exports)
    for table in ("spans", "runs", "logs", "metric_points"):
        rows = instance.sql(f"SELECT * FROM {table}")
        text = json.dumps(rows, ensure_ascii=False)
        assert leaks(text.encode(), strings) == [], table
        if table == "spans":
            assert SURVIVES in text


def test_no_planted_string_is_in_any_byte_on_disk_or_in_the_log(instance: Instance, exports: Path) -> None:
    strings = planted(exports)
    looked_at = 0
    for file in [*instance.data_dir.rglob("*"), instance.log]:
        if file.is_file():
            looked_at += 1
            assert leaks(file.read_bytes(), strings) == [], file
    assert looked_at > 100


def test_blocks_on_their_way_into_the_store_lie_in_the_data_directory_and_none_stays(instance: Instance) -> None:
    folder, elsewhere = instance.data_dir / "tmp", instance.data_dir.parent / "elsewhere"
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700
    before = [path.stat().st_mtime_ns for path in (folder, elsewhere)]
    assert instance.send(run_request(["Where is it now?"])[0]).status_code == 200
    instance.settled()
    after = [path.stat().st_mtime_ns for path in (folder, elsewhere)]
    assert (after[0] > before[0], after[1]) == (True, before[1])


def test_what_waits_in_the_spool_cannot_be_read(tmp_path: Path, exports: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite", Seal(load_or_create_key(tmp_path / "key", None)), max_bytes=10**9)
    traces = [file for file in files(exports) if "traces" in file.name]
    spool.append([Incoming("traces", file.read_bytes(), file.parent.name, "", 1) for file in traces])
    for file in tmp_path.iterdir():
        assert leaks(file.read_bytes(), planted(exports)) == [], file
    assert spool.counts().waiting_requests > 50
    spool.close()
