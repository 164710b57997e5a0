"""Ingest keys in the policy file: their dates, their limits, and what may not stand together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schema.policy.policy import IngestKey, PolicyError, load_policy

ONE, TWO = "1" * 64, "2" * 64


def read(folder: Path, text: str) -> tuple[IngestKey, ...]:
    file = folder / "spanledger.yaml"
    file.write_text(f"ingest_keys:\n{text}")
    return load_policy(file).ingest_keys


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day and more


@pytest.mark.parametrize("quote", ["", "'"])
def test_a_day_is_the_last_one_and_a_time_is_the_end(tmp_path: Path, quote: str) -> None:
    day, time, elsewhere = read(
        tmp_path,
        f"  - {{name: a, sha256: '{ONE}', not_before: {quote}2026-12-01{quote}, expires: {quote}2026-12-31{quote}}}\n"
        f"  - {{name: b, sha256: '{TWO}', expires: {quote}2026-12-31T18:00:00Z{quote}}}\n"
        f"  - {{name: c, sha256: '{'3' * 64}', expires: {quote}2026-12-31T18:00:00+02:00{quote}}}\n",
    )
    assert not day.good_at(at(2026, 11, 30, 23, 59, 59))
    assert day.too_early(at(2026, 11, 30))
    assert day.good_at(at(2026, 12, 1))
    assert day.good_at(at(2026, 12, 31, 23, 59, 59))
    assert day.expired(at(2027, 1, 1))
    assert day.validity == "from 2026-12-01 to 2026-12-31"
    assert time.good_at(at(2026, 12, 31, 17, 59, 59))
    assert not time.good_at(at(2026, 12, 31, 18))
    assert time.validity == "to 2026-12-31 18:00:00 UTC"
    assert elsewhere.expires == at(2026, 12, 31, 16)


def test_the_document_shows_every_field_of_a_key_and_no_other(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
    shown = document.split("```yaml\ningest_keys:\n")[1].split("```")[0]
    (key,) = read(tmp_path, shown.replace("…", ONE))
    assert key.model_fields_set == set(IngestKey.model_fields)


def test_a_key_without_dates_is_always_good(tmp_path: Path) -> None:
    (key,) = read(tmp_path, f"  - {{name: a, sha256: '{ONE}'}}\n")
    assert key.good_at(at(1, 1, 1))
    assert key.good_at(at(9999, 12, 31))
    assert key.validity == ""


def test_a_burst_is_ten_seconds_where_nothing_is_said(tmp_path: Path) -> None:
    set_by_hand, by_default, free = read(
        tmp_path,
        f"  - {{name: a, sha256: '{ONE}', spans_per_second: 5, burst_spans: 7}}\n"
        f"  - {{name: b, sha256: '{TWO}', spans_per_second: 5}}\n"
        f"  - {{name: c, sha256: '{'3' * 64}'}}\n",
    )
    assert (set_by_hand.burst, by_default.burst, free.burst) == (7, 50, 0)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (f"  - name: a\n    sha256: '{ONE}'\n    expires: soon\n", 4, "ingest_keys.0.expires: must be a UTC day"),
        (f"  - name: a\n    sha256: '{ONE}'\n    expires: 20261231\n", 4, "must be a UTC day"),
        (f"  - name: a\n    sha256: '{ONE}'\n    expires: 9999-12-31\n", 4, "must be a UTC day"),
        (f"  - name: a\n    sha256: '{ONE}'\n    expires: 2026-13-31\n", 4, "a value that its type does not have"),
        (
            f"  - name: a\n    sha256: '{ONE}'\n    not_before: 2027-01-01\n    expires: 2026-12-01\n",
            5,
            "never good",
        ),
        (f"  - name: a\n    sha256: '{ONE}'\n    spans_per_second: 0\n", 4, "ingest_keys.0.spans_per_second"),
        (f"  - name: a\n    sha256: '{ONE}'\n    burst_spans: 5\n", 4, "goes with spans_per_second"),
        (f"  - name: a\n    sha256: '{ONE}'\n    mib_per_day: many\n", 4, "ingest_keys.0.mib_per_day"),
        (f"  - {{name: a, sha256: '{ONE}'}}\n  - {{name: b, sha256: '{ONE}'}}\n", 3, "stands twice"),
        (
            f"  - {{name: a, sha256: '{ONE}', team: x}}\n  - name: a\n    sha256: '{TWO}'\n    team: y\n",
            5,
            "ingest_keys.1.team: differs from that of the other entry named a",
        ),
        (f"  - {{name: a, sha256: '{ONE}', team: x}}\n  - {{name: a, sha256: '{TWO}'}}\n", 3, "one name is one sender"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    with pytest.raises(PolicyError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'spanledger.yaml'}:{line}:")
    assert problem in str(error.value)


@pytest.mark.parametrize("value", ["*spl_secret", "!spl_secret x", "!spl_secret!x y", "[spl_secret", "'spl_secret"])
def test_an_error_of_yaml_does_not_quote_what_was_pasted(tmp_path: Path, value: str) -> None:
    with pytest.raises(PolicyError) as error:
        read(tmp_path, f"  - name: a\n    sha256: {value}\n")
    assert "spl_secret" not in str(error.value)
    assert "not valid YAML" in str(error.value)
