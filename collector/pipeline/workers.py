"""Worker processes: requests in, redacted rows out. Raw text lives only in their memory."""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from collector.pipeline import worker_process
from collector.pipeline.watch import LOOK, Screen, ServerWatch, Shown
from collector.pipeline.worker import Rows
from collector.process import SPAWN
from schema.policy.policy import Runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from collector.spool.spool import Waiting
    from schema.policy.policy import Policy

log = logging.getLogger(__name__)

_RESTART_AFTER = 1.0  # seconds
_LONGEST = (None, None, None, 128, 0)
"""The longest text that is worked on, at each attempt at a request that stops workers: first the text that did it is
found out and left; if there are several, all that are not short are left; and then all."""
_MOST_STALLED = 10_000  # texts that are known to stop a worker


class _Rules(NamedTuple):
    """What a process works under, from its start to its end."""

    policy: Policy
    pseudonym_key: bytes


class WorkerPool:
    """`size` worker processes. A sender's requests go to the same one, where its history is cached."""

    def __init__(
        self,
        size: int,
        policy: Policy,
        *,
        pseudonym_key: bytes = b"",
        most_waiting: int = 4,
        serve: Callable[..., None] | None = None,
    ) -> None:
        """Start the processes; each has at most `most_waiting` requests before it. Tests `serve` otherwise."""
        self._answers: queue.SimpleQueue[Rows] = queue.SimpleQueue()
        self._rules = _rules(policy, pseudonym_key)
        self._workers = [_Worker(self._rules, self._answers, serve or worker_process.worker) for _ in range(size)]
        self._closing = threading.Event()
        # Daemons, so that a command that fails before it closes the pool ends all the same; workers end with it.
        self._watch = threading.Thread(target=self._look, name="worker-watch", daemon=True)
        self._watch.start()
        self._most_waiting = most_waiting
        self._in_flight: dict[int, _Worker] = {}
        self._busy: Counter[_Worker] = Counter()

    @property
    def in_flight(self) -> set[int]:
        """The requests that were handed out and have not come back."""
        return set(self._in_flight)

    @property
    def unanswered(self) -> int:
        """How many requests are at the workers; for any thread."""
        return len(self._in_flight) - self._answers.qsize()

    @property
    def full(self) -> bool:
        """Whether no worker takes any more now."""
        return len(self._in_flight) >= self._most_waiting * len(self._workers)

    @property
    def warm(self) -> bool:
        """Whether every process has loaded its model, so that a request is answered without waiting for that."""
        return all(worker.warm for worker in self._workers)

    @property
    def restarts(self) -> int:
        """How many processes died and were replaced."""
        return sum(worker.restarts for worker in self._workers)

    def ask(self, request: Waiting) -> bool:
        """Hand the request to its worker; False if that one has enough to do."""
        worker = self._workers[crc32(request.sender.encode()) % len(self._workers)]
        if self._busy[worker] >= self._most_waiting:
            return False
        self._in_flight[request.id] = worker
        self._busy[worker] += 1
        worker.requests.put(request)
        return True

    def answers(self, timeout: float) -> list[Rows]:
        """Return what has come back, waiting at most `timeout` seconds for the first."""
        answers = []
        try:
            answers.append(self._answers.get(timeout=timeout))
            while True:
                answers.append(self._answers.get_nowait())
        except queue.Empty:
            pass
        for rows in answers:
            self._busy[self._in_flight.pop(rows.request_id)] -= 1
        return answers

    def take_over(self, policy: Policy, pseudonym_key: bytes) -> None:
        """Let what is asked from now on be answered by new processes under another policy, one request by one of them.

        What was asked before is answered under the policy before. Where nothing changes for workers they stay.
        """
        rules = _rules(policy, pseudonym_key)
        if rules != self._rules:
            self._rules = rules
            for worker in self._workers:
                worker.requests.put(rules)

    def _look(self) -> None:
        """Look at the workers again and again, and end those that stay where they are."""
        while not self._closing.wait(LOOK):
            for worker in self._workers:
                worker.look()

    def close(self) -> None:
        """Stop the processes; what they were working on stays in the spool."""
        self._closing.set()
        self._watch.join()
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.thread.join()


class _Worker:
    """One process, and the thread of ours that asks it one request at a time and replaces it when it dies."""

    def __init__(self, rules: _Rules, answers: queue.SimpleQueue[Rows], serve: Callable[..., None]) -> None:
        self.requests: queue.SimpleQueue[Waiting | _Rules | None] = queue.SimpleQueue()
        self.restarts = 0
        self.warm = False
        self._rules = rules
        self._answers = answers
        self._serve = serve
        self._secret = secrets.token_bytes(32)
        self._stalled: dict[bytes, None] = {}  # hashes of texts, oldest first
        self._asked = False  # whether the process has something to do
        self._overdue: Shown | None = None  # where the process was when it was ended for it
        self._stopping = False
        self._lock = threading.Lock()  # a process is not started any more once `stop` has begun
        self._start()
        self.thread = threading.Thread(target=self._run, name="worker-thread", daemon=True)
        self.thread.start()

    def _start(self) -> None:
        with self._lock:
            if self._stopping:
                return
            ours, theirs = SPAWN.Pipe()
            self._connection: Connection[Any, Any] = ours
            self._screen = Screen()
            watched = (self._screen, self._secret, frozenset(self._stalled))
            arguments = (theirs, *self._rules, *watched)
            self._process: SpawnProcess = SPAWN.Process(target=self._serve, args=arguments, name="worker")
            self._process.start()
            theirs.close()
            self._watch = ServerWatch(self._screen, self._process.pid or 0)
            self._overdue = None
            self._asked = True  # it loads its models

    def look(self) -> None:
        """End the process if it has something to do and does not get on with it."""
        with self._lock:
            if not self._asked:
                self._watch.rest()
            elif self._overdue is None and self._process.is_alive() and (overdue := self._watch.look()):
                self._overdue = overdue
                self._process.kill()

    def _run(self) -> None:
        self._await_warmth()
        while not self._stopping and (request := self.requests.get()) is not None:
            if isinstance(request, _Rules):
                self._renew(request)
                continue
            self._answers.put(self._answer(request))

    def _answer(self, request: Waiting) -> Rows:
        """Ask the process, and others after it if it stays at a text: each without those that others stayed at."""
        error = ""
        for longest in _LONGEST:
            try:
                self._asked = True
                self._connection.send((request.id, request.signal, request.body, request.received_at, longest))
                rows: Rows = self._connection.recv()
                self._asked = False
            except (EOFError, OSError):
                error = self._replace()
                if error:
                    break
            else:
                return rows
        return Rows(request.id, request.signal, request.received_at, error=error or "it stopped several workers")

    def _renew(self, rules: _Rules) -> None:
        """Go on with a process under other rules; this one has nothing to do."""
        self.warm = False
        self._rules = rules
        self._stalled.clear()  # under other rules they may be read
        self._connection.close()
        self._process.terminate()
        self._process.join()
        self._start()
        self._await_warmth()
        if self.warm:
            log.info("a worker works under another policy")

    def _await_warmth(self) -> None:
        """Wait until the process has loaded its model, however many attempts that takes."""
        while not (self.warm or self._stopping):
            try:
                self.warm = self._connection.recv()
            except (EOFError, OSError):
                self._replace()
        self._asked = False

    def _replace(self) -> str:
        """Go on with another process; return what the one before died of, "" if it was ended over a text of its own."""
        self.warm = False
        with self._lock:
            self._asked = False
        self._connection.close()
        self._process.join()
        overdue = self._overdue
        if self._stopping:
            return "the worker died"
        if overdue is None:
            error = "the worker died"
            log.warning("a worker died (exit code %s) and is replaced", self._process.exitcode)
            time.sleep(_RESTART_AFTER)
        else:
            error = self._stalled_at(overdue)
        self.restarts += 1
        self._start()
        self._await_warmth()
        return error

    def _stalled_at(self, overdue: Shown) -> str:
        """Remember the text that the process was ended over; return what it died of, if that was no text."""
        if not overdue.text:
            log.warning("a worker did not get on for too long (%.0f s at most) and is replaced", overdue.seconds)
            return "the worker did not get on"
        if self._screen.read().step == overdue.step:  # else it had just got on
            self._stalled[overdue.text] = None
            if len(self._stalled) > _MOST_STALLED:
                del self._stalled[next(iter(self._stalled))]
        log.warning("a worker was at one text for over %.0f s and is replaced; the text is removed", overdue.seconds)
        return ""

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
        self.requests.put(None)
        self._process.terminate()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()


def _rules(policy: Policy, pseudonym_key: bytes) -> _Rules:
    """Return what workers need of a policy: others may change without them."""
    return _Rules(policy.model_copy(update={"ingest_keys": (), "runs": Runs()}), pseudonym_key)
