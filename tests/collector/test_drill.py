"""The drill finds texts that are left, reports nothing else, and leaves only its result behind."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from instance import Instance, command

from collector.drill.invented import LOCALES, Invented, Inventor
from collector.drill.runs import Planted, Run
from collector.drill.search import left_in_files, results, text_of
from schema.drill_results import IDENTIFIER
from schema.queries.drills import removed_share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRACE = "0af7651916cd43dd8448eb211c80319c"
ADDRESS = "18 Kestrel Lane\nAstoria, OR 97103"


def planted(text: str, entity: str = "ADDRESS") -> Planted:
    return Planted(Invented(entity, text), "attribute", TRACE)


def fate(text: str, stored: str) -> str:
    (result,) = results([planted(text)], {TRACE: stored})
    return next(name for name in ("removed", "left_in_part", "left_whole") if getattr(result, name))


@pytest.mark.parametrize(
    "stored",
    [
        ADDRESS,
        "Ship it to 18 KESTREL LANE ASTORIA, OR 97103.",
        '{"to": "18 Kestrel Lane\\nAstoria, OR 97103"}',
        '"{\\"to\\": \\"18 Kestrel Lane\\\\nAstoria, OR 97103\\"}"',
        f"?to={quote(ADDRESS)}&x=1",
        "payload " + base64.b64encode(f"to {ADDRESS} please".encode()).decode(),
        "payload " + base64.b64encode(f"now {ADDRESS} please".encode()).decode(),
    ],
)
def test_left_texts_are_found_in_any_encoding(stored: str) -> None:
    assert fate(ADDRESS, stored) == "left_whole"


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("Ship it to <ADDRESS>.", "removed"),
        ("Ship it to <ADDRESS>, Astoria <ADDRESS>.", "left_in_part"),
        ("Ship it to <STREET> 97103.", "left_in_part"),
        ("Kestrels are in pastoria", "removed"),
        ("", "removed"),
    ],
)
def test_partly_left_texts_are_distinguished_from_removed_ones(stored: str, expected: str) -> None:
    assert fate(ADDRESS, stored) == expected


def test_a_word_that_many_texts_share_reveals_none() -> None:
    streets = [planted(f"{number} Lane of Number{number}") for number in range(1000, 1010)]
    (result,) = results(streets, {TRACE: "we know Lane and Number1003"})
    assert (result.planted, result.left_in_part, result.removed) == (10, 1, 9)


def test_a_word_in_runs_without_it_planted_reveals_none() -> None:
    stored = {TRACE: "service.name Ship it to <ADDRESS> Service Astoria", "b" * 32: "service.name"}
    lane, way = planted("18 Service Lane, Astoria"), planted("4 Service Way")
    (result,) = results([lane, way], stored)
    assert (result.left_in_part, result.removed) == (1, 1)


def test_files_with_planted_text_are_named(tmp_path: Path) -> None:
    for name, content in {
        "clean": b"nothing",
        "utf8": b"x" * 70_000 + ADDRESS.encode(),
        "utf16": ADDRESS.encode("utf-16-le"),
    }.items():
        (tmp_path / name).write_bytes(content)
    left = left_in_files([planted(ADDRESS), planted("short")], [*sorted(tmp_path.iterdir()), tmp_path / "gone"])
    assert left == {tmp_path / "utf8": 1, tmp_path / "utf16": 1}


def test_a_seed_gives_the_same_texts_and_another_seed_others() -> None:
    first, again, other = ([item.invented for item in Run(Inventor(seed), "s").planted] for seed in (3, 3, 4))
    assert first == again != other


def test_every_country_can_be_drawn_from() -> None:
    inventor = Inventor(1)
    entities = {inventor.personal().entity for _ in range(3_000)}
    assert len(entities) == 12
    assert inventor._fakers.keys() == set(LOCALES)


def test_a_share_is_never_rounded_up() -> None:
    assert removed_share(9_999, 10_000) == "99.9 %"
    assert removed_share(10, 10) == "100.0 %"
    assert removed_share(0, 0) == "nothing"


def test_all_text_of_a_run_is_looked_at() -> None:
    rows = [{"trace_id": TRACE, "a": "one", "m": [("k", "two")], "l": ["three", {"four": 5}], "n": None, "t": 1.5}]
    assert text_of(rows) == {TRACE: "one\nk\ntwo\nthree\nfour"}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    started = Instance(tmp_path_factory.mktemp("drill") / "data").start("collect")
    yield started
    started.stop()


def test_a_drill_measures_a_real_instance_and_cleans_up(instance: Instance) -> None:
    done = command(instance.data_dir, "drill", "--runs", "12", "--seed", "20261122")
    assert done.returncode in {0, 1}, done.stderr
    summary = re.match(r"([\d.]+) % of (\d+) planted texts were removed \(12 runs, seed 20261122\)", done.stdout)
    assert summary is not None, done.stdout
    (kept,) = instance.sql(
        f"SELECT sumIf(drill.planted, entity != '{IDENTIFIER}') AS planted,"
        f" sumIf(removed, entity != '{IDENTIFIER}') AS gone, sum(drill.planted) AS everything,"
        " sum(removed + left_in_part + left_whole) AS fates, uniqExact(place) AS places,"
        " any(seed) AS seed, uniqExact(drill_id) AS drills FROM drills AS drill"
    )
    assert (kept["seed"], kept["drills"], kept["places"]) == (20261122, 1, 19)
    assert kept["everything"] == kept["fates"] == 12 * 19
    assert int(summary[2]) == kept["planted"] > 180
    assert summary[1] == f"{kept['gone'] * 1000 // kept['planted'] / 10:.1f}"
    assert kept["gone"] > 0.9 * kept["planted"]
    left = "SELECT (SELECT count() FROM spans) + (SELECT count() FROM logs) + (SELECT count() FROM runs) + "
    assert instance.sql(f"{left} (SELECT count() FROM metric_points) AS n") == [{"n": 0}]
    output = command(instance.data_dir, "doctor").stdout
    assert f"{kept['gone']} of {kept['planted']} planted texts were removed" in output


def test_a_drill_needs_the_real_receiver(tmp_path: Path) -> None:
    done = command(tmp_path / "data", "drill")
    assert done.returncode == 1
    assert "start `spanledger up` first" in done.stderr
