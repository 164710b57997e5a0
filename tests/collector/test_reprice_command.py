from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from agent_runs import run_request
from instance import Instance, command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = datetime.now(UTC).date()
DAYS = ("--from", str(TODAY - timedelta(days=1)), "--to", str(TODAY + timedelta(days=2)))
SQL = "SELECT sum(cost_usd) AS cost, any(cost_source) AS source FROM spans WHERE kind = 'llm'"
# Two calls of 1,000 and 100 tokens: at $0.15 and $0.60 a million, then at $1 and $2.
PUBLIC, OWN = "0.00042 USD", "0.0024 USD"
PRICE = "prices: [{ model: gpt-4o-mini, input_per_million: 1, output_per_million: 2 }]"


def put_run(folder: Path) -> None:
    (folder / "one.traces.pb").write_bytes(run_request(["What is new?", "Thank you"])[0])
    done = command(folder / "data", "ingest", str(folder / "one.traces.pb"))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    started = Instance(tmp_path / "data").start("collect")
    yield started
    started.stop()


def test_new_prices_reach_what_is_stored_when_nothing_runs(tmp_path: Path) -> None:
    put_run(tmp_path)
    data, policy = tmp_path / "data", tmp_path / "spanledger.yaml"
    policy.write_text(PRICE)
    done = command(data, "reprice", *DAYS, "--dry-run")
    assert done.stdout == f"2 of 2 calls would change: {PUBLIC} before, {OWN} after.\n", done.stderr
    assert command(data, "reprice", *DAYS).stdout == f"2 of 2 calls changed: {PUBLIC} before, {OWN} after.\n"
    assert command(data, "reprice", *DAYS).stdout == f"0 of 2 calls changed: {OWN} before, {OWN} after.\n"
    nobody = command(data, "reprice", *DAYS, "--team", "nobody")
    assert nobody.stdout == "0 of 0 calls changed: no price before, no price after.\n"
    rows = json.loads(
        command(data, "sql", "SELECT team, changed FROM repricings ORDER BY at", "--format", "json").stdout
    )
    assert rows == [{"team": "", "changed": 2}, {"team": "", "changed": 0}, {"team": "nobody", "changed": 0}]
    assert json.loads(command(data, "sql", SQL, "--format", "json").stdout) == [{"cost": 0.0024, "source": "override"}]


def test_a_running_instance_reads_its_policy_file_anew(instance: Instance) -> None:
    folder = instance.data_dir.parent
    put_run(folder)
    (folder / "spanledger.yaml").write_text(PRICE)
    done = command(instance.data_dir, "reprice", *DAYS)
    assert done.stdout == f"2 of 2 calls changed: {PUBLIC} before, {OWN} after.\n", done.stderr
    assert instance.sql("SELECT cost_usd AS cost, unpriced_calls FROM runs FINAL") == [
        {"cost": 0.0024, "unpriced_calls": 0}
    ]
    assert instance.sql("SELECT changed FROM repricings") == [{"changed": 2}]
    (folder / "spanledger.yaml").write_text("prices: [{ model: gpt-4o-mini, per_second: -1 }]")
    done = command(instance.data_dir, "reprice", *DAYS)
    assert done.returncode == 1
    assert done.stderr.startswith("spanledger: ")
    assert "spanledger.yaml:1: prices.0.per_second: " in done.stderr


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (("yesterday", "2026-11-02"), "--from must be a day such as 2026-11-01, not 'yesterday'"),
        (("2026-11-01", "2026-11-31"), "--to must be a day such as 2026-11-01, not '2026-11-31'"),
        (
            ("2026-11-02", "2026-11-02"),
            "--to 2026-11-02 must be later than --from 2026-11-02; it is the first day that is not repriced",
        ),
    ],
)
def test_days_that_cannot_be_are_one_sentence(tmp_path: Path, days: tuple[str, str], sentence: str) -> None:
    done = command(tmp_path / "data", "reprice", "--from", days[0], "--to", days[1])
    assert (done.returncode, done.stderr) == (1, f"spanledger: {sentence}\n")


def test_help_says_what_happens(tmp_path: Path) -> None:
    assert " reprice " in command(tmp_path / "data", "--help").stdout
    assert "repricings" in command(tmp_path / "data", "reprice", "--help").stdout
