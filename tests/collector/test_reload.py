"""A changed policy file is taken over at run time or refused completely; no request and no key is lost."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from agent_runs import run_request
from instance import Instance, children

from collector.pipeline.workers import WorkerPool
from collector.process import SPAWN
from collector.service import policy_reload
from collector.service.policy_reload import PolicyFeed, PolicyFile
from collector.settings import Settings
from redaction.version import RULES_VERSION
from schema.policy.policy import Policy, load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = "127.0.0.1"
EVERYWHERE = "0.0.0.0"


def entry(key: str) -> str:
    return f"  - {{name: {key}, team: payments, sha256: '{hashlib.sha256(key.encode()).hexdigest()}'}}\n"


A, B = (f"ingest_keys:\n{entry(key)}" for key in "ab")
BOTH = A + entry("b")


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_reload, "CHECK_EVERY", 0.0)


def watched(folder: Path, text: str, host: str = HERE) -> tuple[Path, PolicyFile]:
    file = folder / "policy.yaml"
    file.write_text(text)
    settings = Settings.model_validate({"data_dir": folder / "data", "config": file, "host": host})
    watch = PolicyFile(settings, load_policy(file), receiver=True, dashboard=False)
    assert not looked(watch)
    return file, watch


def looked(watch: PolicyFile) -> list[Policy]:
    """Check the file four times; a change is found once."""
    return [policy for policy in (watch.changed() for _ in range(4)) if policy is not None]


def test_a_changed_file_is_taken_over_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    file, watch = watched(tmp_path, A)
    file.write_text(BOTH)
    assert looked(watch) == [load_policy(file)]
    assert f"{file} was read again: 2 ingest keys, redaction as by default" in caplog.text
    file.write_text(f"# a remark\n{BOTH}")
    assert looked(watch) == []


def test_a_file_is_read_when_it_has_rested_for_a_look(tmp_path: Path) -> None:
    file, watch = watched(tmp_path, A)
    for text in ("", "ingest_keys:\n", A + "  - {name:", BOTH + "runs: {}\n"):  # as an editor might write it
        file.write_text(text)
        assert watch.changed() is None
    file.write_text(BOTH)
    assert watch.changed() is None
    assert watch.changed() == load_policy(file)


def test_a_bad_file_is_logged_once_with_its_line_and_the_next_good_one_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, watch = watched(tmp_path, A)
    file.write_text(BOTH + "retention:\n  days: spl_0123456789\n")
    assert looked(watch) == []
    (record,) = caplog.records
    assert f"the previous policy stays in force: {file}:5: retention.days: " in record.getMessage()
    assert "spl_0123456789" not in caplog.text
    watch.request_reload()
    assert looked(watch) == []
    assert len(caplog.records) == 2  # a requested reload logs the problem again
    file.write_text(BOTH)
    assert looked(watch) == [load_policy(file)]


def test_a_lost_file_does_not_open_the_receiver_and_may_come_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, watch = watched(tmp_path, A)
    file.unlink()
    assert looked(watch) == []
    assert "cannot be read" in caplog.text
    file.write_text(B)
    assert looked(watch) == [load_policy(file)]


def test_a_file_that_appears_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    watch = PolicyFile(Settings(data_dir=tmp_path / "data"), Policy(), receiver=True, dashboard=False)
    assert looked(watch) == []
    (tmp_path / "spanledger.yaml").write_text(A)
    assert looked(watch) == [load_policy(tmp_path / "spanledger.yaml")]


@pytest.mark.parametrize("host", [HERE, EVERYWHERE])
@pytest.mark.parametrize("text", ["", "retention: {days: 30}\n", "ingest_keys: []\n"])
def test_a_receiver_keeps_its_keys(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, host: str) -> None:
    file, watch = watched(tmp_path, A, host)
    file.write_text(text)
    assert looked(watch) == []
    assert "no ingest keys" in caplog.text


def test_a_model_that_is_not_there_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANLEDGER_MODEL_DIR", str(tmp_path / "none"))
    file, watch = watched(tmp_path, A)
    file.write_text(f"{A}redaction: {{model: rampart}}\n")
    assert looked(watch) == []
    assert "the previous policy stays in force" in caplog.text


def test_a_process_gets_the_policy_in_force_and_every_other_one() -> None:
    from multiprocessing import Pipe  # noqa: PLC0415 - spawned processes import this module too

    theirs, ours = Pipe(duplex=False)
    feed = PolicyFeed(Policy(), theirs)
    one, two = Policy(runs={"closed_after_minutes": 1}), Policy(runs={"closed_after_minutes": 2})  # type: ignore[arg-type]  # pydantic reads it
    got: list[Policy] = []
    came = threading.Semaphore(0)

    def take_over(policy: Policy) -> None:
        got.append(policy)
        came.release()

    ours.send(one)
    feed.each(take_over)
    ours.send(two)
    while two not in got:
        assert came.acquire(timeout=60)
    ours.close()
    assert got in ([Policy(), one, two], [one, two])


class Senders:
    """Two senders that send continuously, and the acknowledged spans of each."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._stop = threading.Event()
        self.acknowledged: list[str] = []
        self.refusals: Counter[tuple[str, int]] = Counter()
        self._threads = [threading.Thread(target=self._send, args=(key,)) for key in "ab"]
        for thread in self._threads:
            thread.start()

    def _send(self, key: str) -> None:
        while not self._stop.wait(0.05):
            body, span_ids = run_request(["I am Jane Doe, jane.doe@example.com", f"Thank you, {os.urandom(4).hex()}."])
            with contextlib.suppress(httpx.HTTPError):
                status = self._instance.send(body, authorization=f"Bearer {key}").status_code
                if status == httpx.codes.OK:
                    self.acknowledged += span_ids
                else:
                    self.refusals[key, status] += 1

    def stop(self) -> list[str]:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.acknowledged


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    (tmp_path / "policy.yaml").write_text(A)
    settings = {"SPANLEDGER_CONFIG": str(tmp_path / "policy.yaml"), "SPANLEDGER_HOST": EVERYWHERE}
    started = Instance(tmp_path / "data", settings).start("collect")
    yield started
    started.stop()


def status(instance: Instance, key: str) -> int:
    return instance.send(run_request()[0], authorization=f"Bearer {key}").status_code


def answers(instance: Instance, a: int, b: int) -> None:
    """Wait until the receiver responds to the two keys with these statuses."""
    instance.wait(lambda: (status(instance, "a"), status(instance, "b")) == (a, b), f"answers {a} and {b}")


def says(instance: Instance, what: str) -> None:
    instance.wait(lambda: what in instance.log.read_text(), f"the log to say {what!r}")


def rows(instance: Instance) -> list[dict[str, Any]]:
    return instance.sql("SELECT span_id, kind, input, redaction_version FROM spans")


def test_keys_and_rules_change_under_load_and_nothing_is_lost(instance: Instance) -> None:
    file, sent = instance.data_dir.parent / "policy.yaml", []
    assert instance.process is not None
    assert (status(instance, "a"), status(instance, "b")) == (200, 401)
    workers = children(instance.endpoints["pid"])
    senders = Senders(instance)

    file.write_text(BOTH)
    answers(instance, 200, 200)
    file.write_text(B)
    answers(instance, 401, 200)
    assert children(instance.endpoints["pid"]) == workers, "keys are the receiver's business: workers stay"

    file.write_text("retention: {days: 30}\n")
    says(instance, "no ingest keys")
    file.write_text(f"{B}retention:\n  days: 1\n")
    says(instance, f"{file}:4: retention.days: ")
    instance.process.send_signal(signal.SIGHUP)
    instance.wait(lambda: instance.log.read_text().count(f"{file}:4: retention.days: ") == 2)
    assert (status(instance, "a"), status(instance, "b")) == (401, 200)

    file.write_text(f"{B}redaction: {{actions: {{PERSON: pseudonym}}}}\n")
    says(instance, "a worker uses another policy now")
    body, new = run_request(["I am Jane Doe"])
    assert instance.send(body, authorization="Bearer b").status_code == 200
    sent += new
    file.write_text(f"{A}redaction: {{actions: {{PERSON: pseudonym, EMAIL_ADDRESS: pseudonym}}}}\n")
    answers(instance, 200, 401)
    os.kill(next(iter(children(instance.endpoints["pid"]))), signal.SIGKILL)  # its successor keeps the new rules
    sent += senders.stop()
    assert senders.refusals.keys() == {("a", 401), ("b", 401)}

    instance.settled()
    body, new = run_request(["I am Jane Doe, jane.doe@example.com"])
    assert instance.send(body, authorization="Bearer a").status_code == 200
    instance.settled()
    found = rows(instance)
    count = Counter(row["span_id"] for row in found)
    assert {span_id: count[span_id] for span_id in sent if count[span_id] != 1} == {}
    first, second, third = (
        f"{RULES_VERSION}{digest and '-'}{digest}"
        for digest in ("", *(digest_of(actions) for actions in ({"PERSON": "pseudonym"}, BOTH_NAMED)))
    )
    calls = [row for row in found if row["kind"] == "llm" and "I am" in row["input"]]
    assert {row["redaction_version"] for row in calls} == {first, second, third}
    for row in calls:  # each is redacted under one policy only
        assert ("<PERSON>" in row["input"]) == (row["redaction_version"] == first), row
        if "<EMAIL_ADDRESS>" in row["input"]:
            assert row["redaction_version"] != third
    assert {row["redaction_version"] for row in found if row["span_id"] in new} == {third}


BOTH_NAMED = {"PERSON": "pseudonym", "EMAIL_ADDRESS": "pseudonym"}


def digest_of(actions: dict[str, str]) -> str:
    return Policy.model_validate({"redaction": {"actions": actions}}).redaction.digest


def test_a_receiver_or_server_that_dies_restarts_with_the_current_policy(instance: Instance) -> None:
    file = instance.data_dir.parent / "policy.yaml"
    file.write_text(f"{B}redaction: {{actions: {{PERSON: pseudonym}}}}\n")
    answers(instance, 401, 200)
    assert instance.process is not None
    for pid in children(instance.process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    instance.ready()
    assert (status(instance, "a"), status(instance, "b")) == (401, 200)
    body, new = run_request(["I am Jane Doe"])
    assert instance.send(body, authorization="Bearer b").status_code == 200
    instance.settled()
    assert {row["redaction_version"] for row in rows(instance) if row["span_id"] in new} == {
        f"{RULES_VERSION}-{digest_of({'PERSON': 'pseudonym'})}"
    }
    assert instance.stop() == 0


HANGUP = """
import os, signal, sys, time
from collector.service.policy_reload import reload_on_sighup

how, events, terminal = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if terminal:
    os.open(terminal, os.O_RDWR)  # the first one that the head of a session opens is its own
signal.signal(signal.SIGHUP, signal.SIG_IGN if how == "nohup" else signal.SIG_DFL)  # whatever the tests run under
reload_on_sighup(lambda: os.write(events, b"again"), lambda: os.write(events, b"stop"))
os.write(events, b"ready")
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    time.sleep(0.05)
"""


@pytest.mark.parametrize(("how", "at_the_end"), [("plain", b"stop"), ("nohup", b"again"), ("no terminal", None)])
def test_sighup_reloads_and_a_closed_terminal_stops(how: str, at_the_end: bytes | None) -> None:
    ours, theirs = pty.openpty()
    events, write_end = os.pipe()
    terminal = os.ttyname(theirs) if at_the_end else ""
    with subprocess.Popen(
        [sys.executable, "-c", HANGUP, how, str(write_end), terminal], start_new_session=True, pass_fds=(write_end,)
    ) as process:
        try:
            os.close(write_end)
            assert os.read(events, 100) == b"ready"
            process.send_signal(signal.SIGHUP)
            assert os.read(events, 100) == b"again"
            os.close(theirs)
            os.close(ours)
            if at_the_end:
                assert os.read(events, 100) == at_the_end
        finally:
            process.kill()
    os.close(events)


@pytest.mark.parametrize("pause", [0, 0.2, 1])
def test_workers_that_are_stopped_while_they_change_leave_no_process(pause: float) -> None:
    pool = WorkerPool(1, Policy())
    while not pool.warm:
        time.sleep(0.05)
    pool.take_over(Policy.model_validate({"redaction": {"actions": {"PERSON": "drop"}}}), b"")
    time.sleep(pause)
    pool.close()
    assert not [process for process in SPAWN.active_children() if process.name == "worker"]
