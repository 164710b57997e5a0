"""`spanledger keys new` creates a valid key, prints it once, and changes nothing else in the policy file."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instance import command

from collector.keys.expiry import ending, state
from collector.keys.ingest_keys import IngestKeys
from collector.keys.new_key import entry_for, entry_lines, make_key
from collector.keys.policy_edit import NotEditableError, add_entry
from redaction.recognizers.analyzer import Analyzer
from schema.policy.policy import IngestKey, Policy, PolicyError, load_policy, parse_policy

if TYPE_CHECKING:
    from pathlib import Path


ONE = "1" * 64
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIMPLE = {
    "nothing": "",
    "only a remark": "# nobody yet\n",
    "other sections": "# ours\nretention: {days: 30}   # a month",
    "entries with remarks": (
        "ingest_keys:\n"
        '  - name: first  # the oldest\n    team: "a # b"\n    sha256: "' + ONE + '"   # of 2025\n\n'
        "  # the second one\n  - { name: second, sha256: '" + "2" * 64 + "' }\n# the end of them\n\n"
        "retention:\n  days: 30\n"
    ),
    "no indent": f"ingest_keys:\n- name: first\n  sha256: '{ONE}'\n  team: ''\nruns: {{closed_after_minutes: 5}}\n",
    "the end of the file": f"ingest_keys:\n    - {{name: first, sha256: '{ONE}'}}",
    "lines of Windows": f"ingest_keys:\r\n  - name: first\r\n    sha256: '{ONE}'\r\nruns:\r\n  closed_after_minutes: 5",
}
DIFFICULT = {
    "a list in one line": f"ingest_keys: [{{name: first, sha256: '{ONE}'}}]\n",
    "a written nothing": "ingest_keys: []\n",
    "all in braces": "{retention: {days: 30}}\n",
    "an end of the document": "retention: {days: 30}\n...\n",
}


def added(text: str, path: Path, **more: str) -> tuple[str, IngestKey]:
    expires = more.pop("expires", "")
    entry = entry_for(parse_policy(text, path), make_key(), more.pop("name", "new"), more, expires)
    return add_entry(text, entry, entry_lines(entry, expires), path), entry


@pytest.mark.parametrize("text", SIMPLE.values(), ids=SIMPLE)
def test_an_entry_is_added_and_nothing_else_changes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "spanledger.yaml"
    made, entry = added(text, path, team="payments", expires="2026-12-31")
    before, after = parse_policy(text, path), parse_policy(made, path)
    assert after == before.model_copy(update={"ingest_keys": (*before.ingest_keys, entry)})
    assert after.ingest_keys[-1].expires == datetime(2027, 1, 1, tzinfo=UTC)
    rest = iter(made.splitlines())
    assert all(line in rest for line in text.splitlines()), "a line is gone, or they changed places"
    assert ("\r\n" in made) == ("\r\n" in text)
    assert not re.search(r"(?<!\r)\n", made) or "\r\n" not in text
    again, _ = added(made, path, name="newest")
    assert [key.name for key in parse_policy(again, path).ingest_keys][-2:] == ["new", "newest"]


@pytest.mark.parametrize("text", DIFFICULT.values(), ids=DIFFICULT)
def test_a_file_without_an_obvious_place_is_left_alone(tmp_path: Path, text: str) -> None:
    with pytest.raises(NotEditableError, match=r"spanledger\.yaml"):
        added(text, tmp_path / "spanledger.yaml")


@given(name=st.text(min_size=1, max_size=20), team=st.text(max_size=20))
def test_any_name_round_trips_or_is_refused(tmp_path_factory: pytest.TempPathFactory, name: str, team: str) -> None:
    path = tmp_path_factory.getbasetemp() / "spanledger.yaml"
    try:
        made, entry = added(SIMPLE["entries with remarks"], path, name=name, team=team)
    except PolicyError:
        assert not (name.isprintable() and team.isprintable())
        return
    assert parse_policy(made, path).ingest_keys[-1] == entry
    assert (entry.name, entry.team) == (name, team)


def test_a_second_key_of_a_name_is_the_same_senders(tmp_path: Path) -> None:
    path = tmp_path / "spanledger.yaml"
    text = (
        f"ingest_keys:\n  - {{name: new, sha256: '{ONE}', team: a, environment: e, expires: 2026-12-01,"
        " spans_per_second: 5, burst_spans: 9, mib_per_day: 7}\n"
    )
    made, entry = added(text, path)
    old, new = parse_policy(made, path).ingest_keys
    assert new == entry
    assert new == old.model_copy(update={"sha256": new.sha256, "expires": None})
    with pytest.raises(PolicyError, match="new has a key already, and its team is a"):
        added(text, path, team="b")


def test_a_new_key_opens_the_receiver_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    policy = tmp_path / "spanledger.yaml"
    policy.write_text("# ours\nretention: {days: 30}\n")
    policy.chmod(0o640)
    done = command(tmp_path / "data", "keys", "new", "payments", "--team", "pay", "--write")
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    assert re.fullmatch("spl_[0-9a-f]{64}", key)
    assert key not in policy.read_text() + done.stderr
    assert policy.read_text().startswith("# ours\nretention: {days: 30}\n")
    assert stat.S_IMODE(policy.stat().st_mode) == 0o640
    found = IngestKeys(load_policy(policy)).authenticate({"authorization": f"Bearer {key}"})
    assert (found.name, found.team) == ("payments", "pay")
    assert [file.name for file in tmp_path.iterdir()] == ["spanledger.yaml"]


def test_without_write_the_lines_are_shown_and_can_be_pasted(tmp_path: Path) -> None:
    done = command(tmp_path / "data", "keys", "new", "payments", "--environment", "prod", "--expires", "2026-12-31")
    assert done.returncode == 0
    assert not (tmp_path / "spanledger.yaml").exists()
    pasted = "ingest_keys:\n" + "\n".join(line for line in done.stderr.splitlines() if line.startswith("  "))
    (key,) = parse_policy(pasted, tmp_path).ingest_keys
    assert key.sha256 == hashlib.sha256(done.stdout.strip().encode()).hexdigest()
    assert (key.environment, key.validity) == ("prod", "to 2026-12-31")


def test_where_the_file_is_difficult_the_lines_are_shown_instead(tmp_path: Path) -> None:
    policy = tmp_path / "spanledger.yaml"
    policy.write_text("ingest_keys: []\n")
    done = command(tmp_path / "data", "keys", "new", "payments", "--write")
    assert done.returncode == 1
    assert policy.read_text() == "ingest_keys: []\n"
    assert "  - name: payments\n" in done.stderr
    assert f"spanledger: {policy}:1: ingest_keys is not a list with one entry a line" in done.stderr


def test_what_is_wrong_with_a_key_is_one_sentence(tmp_path: Path) -> None:
    done = command(tmp_path / "data", "keys", "new", "payments", "--expires", "soon")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("spanledger: expires: must be a UTC day")
    (tmp_path / "spanledger.yaml").write_text("ingest_keys:\n  - name: 5\n")
    done = command(tmp_path / "data", "keys", "new", "payments", "--write")
    assert (done.returncode, done.stdout) == (1, "")
    assert "spanledger.yaml:2: ingest_keys.0.name" in done.stderr


def test_the_list_shows_senders_and_no_complete_hash(tmp_path: Path) -> None:
    soon = datetime.now(UTC).date() + timedelta(days=3)
    (tmp_path / "spanledger.yaml").write_text(
        f"ingest_keys:\n  - {{name: a, sha256: '{ONE}', team: pay, spans_per_second: 5, mib_per_day: 7}}\n"
        f"  - {{name: b, sha256: '{'2' * 64}', environment: prod, expires: {soon}}}\n"
    )
    done = command(tmp_path / "data", "keys", "list", "--format", "json")
    assert json.loads(done.stdout) == [
        {
            "name": "a",
            "team": "pay",
            "environment": None,
            "state": "good",
            "valid": "always",
            "limits": "5 spans/s, 50 at once; 7 MiB a day",
            "sha256": "11111111…",
        },
        {
            "name": "b",
            "team": None,
            "environment": "prod",
            "state": "expires soon",
            "valid": f"to {soon}",
            "limits": None,
            "sha256": "22222222…",
        },
    ]
    assert re.search(
        r"^b: its last key expires at .* in 3 days; create another one with `spanledger keys new`", done.stderr
    )
    assert done.stderr.count("\n") == 1
    assert "name  team  environment" in command(tmp_path / "data", "keys", "list").stdout


def key(name: str, number: int, **dates: str) -> IngestKey:
    return IngestKey.model_validate({"name": name, "sha256": f"{number:064}", **dates})


def test_a_sender_is_warned_of_only_when_no_key_of_its_is_left() -> None:
    keys = (
        key("replaced", 1, expires="2026-11-25"),
        key("replaced", 2),
        key("soon", 3, expires="2026-11-25"),
        key("soon", 4, expires="2026-11-30"),
        key("gone", 5, expires="2026-11-20"),
        key("long gone", 6, expires="2026-01-20"),
        key("far", 7, expires="2027-01-20"),
        key("to come", 8, not_before="2027-01-20"),
    )
    assert list(ending(keys, NOW)) == [
        "soon: its last key expires at 2026-12-01 00:00 UTC, in 8 days",
        "gone: its last key expired at 2026-11-21 00:00 UTC, and it is refused",
    ]
    assert [state(each, NOW) for each in keys] == [
        *("expires soon", "good", "expires soon", "expires soon", "expired", "expired", "good", "not yet"),
    ]


def test_an_ingest_key_in_a_prompt_is_found_as_its_own_entity() -> None:
    made = make_key()
    for text in (made, f"why does {made} get a 401?", f'{{"headers": {{"x": "Bearer {made}"}}}}'):
        start = text.index(made)
        found = [hit for hit in Analyzer().find(text) if (hit.start, hit.end) == (start, start + len(made))]
        assert {("API_KEY", "ApiKeyRecognizer")} <= {(hit.entity, hit.recognizer) for hit in found}, text


def test_an_empty_policy_has_no_keys(tmp_path: Path) -> None:
    assert Policy().ingest_keys == ()
    done = command(tmp_path / "data", "keys", "list", "--format", "json")
    assert (json.loads(done.stdout), done.stderr) == ([], "")


def test_doctor_warns_of_a_sender_that_will_be_left_without_a_key(tmp_path: Path) -> None:
    policy = tmp_path / "spanledger.yaml"
    policy.write_text(f"ingest_keys:\n  - {{name: b, sha256: '{ONE}', expires: {datetime.now(UTC).date()}}}\n")
    output = command(tmp_path / "data", "doctor").stdout
    assert "✗ ingest keys: b: its last key expires at " in output
    assert "→ create another key of the same name: spanledger keys new" in output
    assert command(tmp_path / "data", "keys", "new", "b", "--write").returncode == 0
    output = command(tmp_path / "data", "doctor").stdout
    assert "✓ ingest keys: 2, and every sender has a valid one for the next 14 days" in output
