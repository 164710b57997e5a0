"""Any content of the policy file: the reading process survives, and the previous policy stays in force."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from aftermath import assert_ledger_adds_up, assert_memory_is_bounded
from agent_runs import run_request
from instance import Instance, command
from policy_files import GOOD, KEY_HASH, policy_file

from collector.keys.policy_edit import PolicyChangedError, replace_policy
from collector.service import policy_reload
from collector.service.policy_reload import PolicyFile
from collector.settings import Settings
from schema.policy.file import MAX_BYTES
from schema.policy.policy import Policy, PolicyError, load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = int(os.environ.get("FUZZ_POLICIES", "2000"))
STALL_SECONDS = 5.0


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_reload, "CHECK_EVERY", 0.0)


def watched(file: Path) -> PolicyFile:
    """Watch a policy file, at first GOOD, as the supervisor of `up` does."""
    file.write_text(GOOD)
    settings = Settings.model_validate({"data_dir": file.parent / "data", "config": file})
    watch = PolicyFile(settings, load_policy(file), receiver=True, dashboard=True)
    assert looked(watch) is None
    return watch


def looked(watch: PolicyFile) -> Policy | None:
    """Check the file four times: it is read when two checks see the same state."""
    return next((policy for policy in (watch.changed() for _ in range(4)) if policy is not None), None)


def asked(watch: PolicyFile) -> Policy | None:
    watch.request_reload()
    return watch.changed()


@pytest.mark.timeout(7200)
def test_no_file_ends_or_stalls_what_reads_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "policy.yaml"
    watch, longest, taken, refused = watched(file), 0.0, 0, 0
    for number in range(FILES):
        file.write_bytes(policy_file(number))
        started = time.process_time()
        policy = asked(watch)
        longest = max(longest, time.process_time() - started)
        assert longest < STALL_SECONDS, number
        if policy is None:
            refused += 1
        else:
            assert policy.ingest_keys, number
            taken += 1
            file.write_text(GOOD)
            watch = watched(file)
        caplog.clear()
    print(f"{FILES} policy files: {refused} refused or the same, {taken} taken over, longest {longest:.2f} s of CPU")  # noqa: T201 - asked for by `make faults`


BOMBS = {
    "nested lists": b"[" * 50_000,
    "nested mappings": b"{a: " * 50_000,
    "nested items": b"- " * 50_000,
    "nested keys": b"? " * 50_000,
    "indented": b"".join(b" " * depth + b"a:\n" for depth in range(1000)),
    "laughs": b"a: &a [x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in b"bcdefghi"),
    "merges": b"a: &a {x: y}\n"
    + b"".join(b"%c: &%c {<<: [%s]}\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in b"bcdefghi"),
    "itself": b"a: &a {<<: *a}\n",
    "a tag": b"!!python/object/apply:os.system ['touch /tmp/owned']\n",
    "a tag without its type": b"retention: {days: !!bool perhaps}\n",
    "a huge number": b"retention: {days: " + b"9" * 1_000_000 + b"}\n",
    "a huge sexagesimal": b"retention: {days: " + b"1:" * 400_000 + b"1}\n",
    "a huge text": b"retention: {days: " + b"x" * 1_000_000 + b"}\n",
    "a day that is none": b"prices: [{model: a, since: 2026-13-01, per_second: 1}]\n",
    "a time zone that is none": b"prices: [{model: a, since: 2026-12-31T00:00:00+99:99, per_second: 1}]\n",
    "the first day": f"ingest_keys: [{{name: a, sha256: '{KEY_HASH}', expires: '0001-01-01'}}]".encode(),
    "no number": b"retention: {days: .nan}\n",
    "NUL": b"\0" * 1000,
    "an escape": b'retention: {days: "\\0"}\n',
    "half a character": b'runs: "\\ud800"\n',
    "UTF-16": GOOD.encode("utf-16"),
    "Latin-1": "retention: é".encode("latin-1"),
    "twice": b"retention: {days: 30}\nretention: {days: 60}\n",
    "a million keys": b"ingest_keys:\n" + b"- {}\n" * 1_000_000,
    "a pattern that unrolls": b"redaction: {allow: [{regex: '" + b"(?:" * 30 + b"a{2,9}" + b"){2,9}" * 30 + b"'}]}\n",
    "a pattern that nests": b"redaction: {allow: [{regex: '" + b"(" * 900 + b"a" + b")" * 900 + b"'}]}\n",
    "a pattern that counts": b"redaction: {allow: [{regex: 'a{99999999999}'}]}\n",
    "teams times lists": b"redaction:\n  deny: ["
    + b"x, " * 500
    + b"]\n  teams: {"
    + b", ".join(b"t%d: {}" % n for n in range(500))
    + b"}\n",
    "unstamped": f"ingest_keys: [{{name: a, team: b, sha256: '{KEY_HASH}'}}]\nattributes: {{team: []}}".encode(),
    "a name over lines": f'ingest_keys: [{{name: "a\\nb", sha256: "{KEY_HASH}"}}]'.encode(),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_one_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    file = tmp_path / "policy.yaml"
    watch = watched(file)
    file.write_bytes(content)
    assert asked(watch) is None
    (record,) = caplog.records
    assert "the previous policy stays in force" in record.getMessage()
    assert len(record.getMessage()) < 4000
    with pytest.raises(PolicyError, match=r"policy\.yaml"):
        load_policy(file)
    file.write_text(GOOD.replace("agents", "others"))
    policy = looked(watch)
    assert policy is not None, "a good file counts afterwards"


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


THINGS = {
    "nothing": lambda path: None,  # noqa: ARG005 - it makes nothing
    "a folder": Path.mkdir,
    "a pipe": _fifo,
    "a socket": _socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a link to nowhere": lambda path: path.symlink_to(path.with_name("nowhere")),
    "a gigabyte": _large,
    "a byte too many": lambda path: path.write_text("#" * MAX_BYTES + "\n"),
}


@pytest.mark.parametrize("thing", THINGS)
def test_a_path_that_is_not_a_regular_file_is_refused_without_blocking(tmp_path: Path, thing: str) -> None:
    file = tmp_path / "policy.yaml"
    watch = watched(file)
    file.unlink()
    THINGS[thing](file)
    assert asked(watch) is None
    assert watch.refused == 1
    with pytest.raises(PolicyError):
        load_policy(file)


def test_a_key_in_the_wrong_place_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "policy.yaml"
    watch = watched(file)
    secret = "spl_" + "ab" * 32
    for text in (f"{secret}: 1", f"{secret}: 1\n{secret}: 2", f"- *{secret}", f"!{secret} a", f"retention: {secret}"):
        file.write_text(text)
        assert asked(watch) is None
    assert secret[:12] not in caplog.text


CUTS = {
    "nothing is left": "",
    "a remark is left": "# who may send\n",
    "an empty document": "---\n...\n",
    "the last sections are gone": GOOD[: GOOD.index("redaction:")],
    "half of redaction is gone": GOOD[: GOOD.index("  recognizers:")],
    "teams and prices are gone": GOOD[: GOOD.index("  teams:")],
    "half of the lines": "".join(GOOD.splitlines(keepends=True)[: len(GOOD.splitlines()) // 2]),
    "keys are gone": GOOD[GOOD.index("retention:") :],
    "keys are an empty list": GOOD.replace(GOOD[GOOD.index("  - name: agents") : GOOD.index("retention:")], "  []\n"),
}


@pytest.mark.parametrize("text", CUTS.values(), ids=CUTS)
def test_a_file_that_was_cut_short_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    file = tmp_path / "policy.yaml"
    watch = watched(file)
    file.write_text(text)
    assert looked(watch) is None
    assert asked(watch) is None
    assert caplog.text.count("restart") == watch.refused or "Input should be" in caplog.text


def test_every_cut_between_two_lines_keeps_what_was_protected(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    lines = GOOD.splitlines(keepends=True)
    for count in range(len(lines)):
        watch = watched(file)
        file.write_text("".join(lines[:count]))
        assert asked(watch) is None, count


def test_an_empty_section_does_not_look_cut(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "policy.yaml"
    watch = watched(file)
    text = GOOD[: GOOD.index("prices:")]
    file.write_text(text)
    assert asked(watch) is None
    assert "no longer has the section prices" in caplog.text
    assert "write prices: [] to do without it" in caplog.text
    file.write_text(f"{text}prices: []\n")
    assert asked(watch) == load_policy(file)


def test_what_is_taken_out_on_purpose_is_named_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "policy.yaml"
    watch = watched(file)
    file.write_text(GOOD.replace("    - Project Nile\n", "").replace("spans_per_second: 100", "environment: test"))
    assert looked(watch) == load_policy(file)
    assert "protects less than before, without: 1 of the deny-list, 1 of the deny-list of team payments" in caplog.text
    assert "spans_per_second of ingest key agents" in caplog.text
    assert "Nile" not in caplog.text


def test_concurrent_writers_leave_a_complete_file_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "spanledger.yaml"
    file.write_text("retention: {days: 30}\n")
    file.chmod(0o640)
    done = []

    def write(number: int) -> None:
        done.append(command(tmp_path / "data", "keys", "new", f"sender{number}", "--write"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.returncode for each in done} == {0}, [each.stderr for each in done]
    assert {key.name for key in load_policy(file).ingest_keys} == {"sender0", "sender1", "sender2"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert {each.name for each in tmp_path.iterdir()} == {"spanledger.yaml"}


def test_concurrent_changes_of_others_are_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "spanledger.yaml"
    file.write_text(GOOD)
    with pytest.raises(PolicyChangedError, match="was changed meanwhile"):
        replace_policy(file, GOOD + "# ours\n", before="retention: {days: 30}\n")
    assert file.read_text() == GOOD


@pytest.mark.parametrize("name", ["nested lists", "a pattern that unrolls", "UTF-16"])
def test_the_first_start_fails_with_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "spanledger.yaml").write_bytes(BOMBS[name])
    done = command(tmp_path / "data", "up")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("spanledger: ")
    assert "spanledger.yaml" in done.stderr


def test_a_dangling_link_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "spanledger.yaml").symlink_to(tmp_path / "gone.yaml")
    done = command(tmp_path / "data", "up")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "spanledger.yaml: cannot be read" in done.stderr


KEY = "the-key"
OPEN_TO_IT = GOOD.replace(KEY_HASH, hashlib.sha256(KEY.encode()).hexdigest())


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Instance]:
    """Run an instance on loopback that requires a key."""
    (tmp_path / "policy.yaml").write_text(OPEN_TO_IT)
    started = Instance(tmp_path / "data", {"SPANLEDGER_CONFIG": str(tmp_path / "policy.yaml")}).start("collect")
    yield started
    started.stop()


def test_an_instance_survives_every_file_and_keeps_requiring_its_key(guarded: Instance, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    assert guarded.process is not None
    processes = guarded.by_role()
    contents = [*BOMBS.values(), *(text.encode() for text in CUTS.values())]
    for refusals, content in enumerate(contents, 1):
        file.write_bytes(content)
        guarded.process.send_signal(signal.SIGHUP)
        guarded.wait(lambda n=refusals: f"(refusal {n})" in guarded.log.read_text(), "the file to be refused")  # type: ignore[misc]  # mypy sees no default
        # The look that comes by itself may read it a second time; the file is good again before.
        assert guarded.send(run_request()[0]).status_code == 401
        file.write_text(OPEN_TO_IT)
        guarded.process.send_signal(signal.SIGHUP)
    file.write_bytes(b"")
    before = guarded.log.read_text().count("is refused")
    guarded.wait(lambda: guarded.log.read_text().count("is refused") > before, "the look that comes by itself")
    assert guarded.send(run_request()[0]).status_code == 401
    assert guarded.by_role() == processes, "a process was replaced"
    metrics = httpx.get(
        f"{guarded.endpoints['otlp_http']}/metrics", headers={"authorization": f"Bearer {KEY}"}, trust_env=False
    )
    counted = re.search(r"^spanledger_policy_refusals_total (\d+)", metrics.text, re.MULTILINE)
    assert counted is not None
    assert int(counted[1]) > len(contents)

    body, span_ids = run_request(["Where is my parcel now?"])
    assert guarded.send(body, authorization=f"Bearer {KEY}").status_code == 200
    guarded.settled()
    listed = ", ".join(f"'{span_id}'" for span_id in span_ids)
    assert guarded.sql(f"SELECT count() AS n FROM spans WHERE span_id IN ({listed})") == [{"n": len(span_ids)}]
    assert_ledger_adds_up(guarded)
    assert_memory_is_bounded(guarded)
    assert not Path("/tmp/owned").exists()
