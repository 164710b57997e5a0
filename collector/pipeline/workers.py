"""Worker processes: requests in, redacted rows out. Raw text stays in their memory."""

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
from collector.pipeline.watch import CHECK_SECONDS, ServerWatch, SharedStep, Step
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
"""The longest text to process, by attempt, for a request that stops workers. The first attempts find and skip the texts
that stop a worker; the next one skips all but short texts; the last one skips all."""
_MAX_STALLED = 10_000  # texts that are known to stop a worker


class _Rules(NamedTuple):
    """Configuration of a worker process; fixed for its lifetime."""

    policy: Policy
    pseudonym_key: bytes


class WorkerPool:
    """`size` worker processes. All requests of a sender go to the same process, which caches repeated texts."""

    def __init__(
        self,
        size: int,
        policy: Policy,
        *,
        pseudonym_key: bytes = b"",
        max_waiting: int = 4,
        serve: Callable[..., None] | None = None,
    ) -> None:
        """Start the processes. Each has a queue of at most `max_waiting` requests. Tests pass their own `serve`."""
        self._results: queue.SimpleQueue[Rows] = queue.SimpleQueue()
        self._rules = _rules(policy, pseudonym_key)
        self._workers = [_Worker(self._rules, self._results, serve or worker_process.worker) for _ in range(size)]
        self._closing = threading.Event()
        # A daemon thread, so that a command that fails before it closes the pool still ends; its workers end with it.
        self._watch = threading.Thread(target=self._check, name="worker-watch", daemon=True)
        self._watch.start()
        self._max_waiting = max_waiting
        self._in_flight: dict[int, _Worker] = {}
        self._busy: Counter[_Worker] = Counter()

    @property
    def in_flight(self) -> set[int]:
        """Ids of submitted requests without a collected result."""
        return set(self._in_flight)

    @property
    def unanswered(self) -> int:
        """Number of requests at the workers; safe to use from any thread."""
        return len(self._in_flight) - self._results.qsize()

    @property
    def full(self) -> bool:
        """Whether the queues of all workers are full."""
        return len(self._in_flight) >= self._max_waiting * len(self._workers)

    @property
    def warm(self) -> bool:
        """Whether every process has loaded its model, so that a request does not wait for that."""
        return all(worker.warm for worker in self._workers)

    @property
    def restarts(self) -> int:
        """Number of processes that died or were killed, and were replaced."""
        return sum(worker.restarts for worker in self._workers)

    def submit(self, request: Waiting) -> bool:
        """Queue the request for its worker; return False if that worker's queue is full."""
        worker = self._workers[crc32(request.sender.encode()) % len(self._workers)]
        if self._busy[worker] >= self._max_waiting:
            return False
        self._in_flight[request.id] = worker
        self._busy[worker] += 1
        worker.requests.put(request)
        return True

    def results(self, timeout: float) -> list[Rows]:
        """Return all results that are ready; wait at most `timeout` seconds for the first one."""
        results = []
        try:
            results.append(self._results.get(timeout=timeout))
            while True:
                results.append(self._results.get_nowait())
        except queue.Empty:
            pass
        for rows in results:
            self._busy[self._in_flight.pop(rows.request_id)] -= 1
        return results

    def take_over(self, policy: Policy, pseudonym_key: bytes) -> None:
        """Use another policy for requests submitted from now on; new processes replace the old ones.

        Requests submitted before are processed under the previous policy. If the change does not concern workers,
        their processes stay.
        """
        rules = _rules(policy, pseudonym_key)
        if rules != self._rules:
            self._rules = rules
            for worker in self._workers:
                worker.requests.put(rules)

    def _check(self) -> None:
        """Check the workers regularly, and kill those that make no progress."""
        while not self._closing.wait(CHECK_SECONDS):
            for worker in self._workers:
                worker.check()

    def close(self) -> None:
        """Stop the processes; their unfinished requests stay in the spool."""
        self._closing.set()
        self._watch.join()
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.thread.join()


class _Worker:
    """One process, and the thread that sends it one request at a time and replaces it when it dies."""

    def __init__(self, rules: _Rules, results: queue.SimpleQueue[Rows], serve: Callable[..., None]) -> None:
        self.requests: queue.SimpleQueue[Waiting | _Rules | None] = queue.SimpleQueue()
        self.restarts = 0
        self.warm = False
        self._rules = rules
        self._results = results
        self._serve = serve
        self._secret = secrets.token_bytes(32)
        self._stalled: dict[bytes, None] = {}  # hashes of texts, oldest first
        self._has_work = False
        self._overdue: Step | None = None  # the step for which the process was killed
        self._stopping = False
        self._lock = threading.Lock()  # prevents starting a process after `stop` has begun
        self._start()
        self.thread = threading.Thread(target=self._run, name="worker-thread", daemon=True)
        self.thread.start()

    def _start(self) -> None:
        with self._lock:
            if self._stopping:
                return
            ours, theirs = SPAWN.Pipe()
            self._connection: Connection[Any, Any] = ours
            self._step = SharedStep()
            arguments = (theirs, *self._rules, self._step, self._secret, frozenset(self._stalled))
            self._process: SpawnProcess = SPAWN.Process(target=self._serve, args=arguments, name="worker")
            self._process.start()
            theirs.close()
            self._watch = ServerWatch(self._step, self._process.pid or 0)
            self._overdue = None
            self._has_work = True  # loading its models

    def check(self) -> None:
        """Kill the process if it has work but makes no progress."""
        with self._lock:
            if not self._has_work:
                self._watch.idle()
            elif self._overdue is None and self._process.is_alive() and (overdue := self._watch.check()):
                self._overdue = overdue
                self._process.kill()

    def _run(self) -> None:
        self._await_warm()
        while not self._stopping and (request := self.requests.get()) is not None:
            if isinstance(request, _Rules):
                self._renew(request)
                continue
            self._results.put(self._process_request(request))

    def _process_request(self, request: Waiting) -> Rows:
        """Send the request to the process. If a text stops it, retry with a new process that skips that text."""
        error = ""
        for longest in _LONGEST:
            try:
                self._has_work = True
                self._connection.send((request.id, request.signal, request.body, request.received_at, longest))
                rows: Rows = self._connection.recv()
                self._has_work = False
            except (EOFError, OSError):
                error = self._replace()
                if error:
                    break
            else:
                return rows
        return Rows(request.id, request.signal, request.received_at, error=error or "it stopped several workers")

    def _renew(self, rules: _Rules) -> None:
        """Replace the idle process by one with other rules."""
        self.warm = False
        self._rules = rules
        self._stalled.clear()  # other rules may be able to process these texts
        self._connection.close()
        self._process.terminate()
        self._process.join()
        self._start()
        self._await_warm()
        if self.warm:
            log.info("a worker uses another policy now")

    def _await_warm(self) -> None:
        """Wait until a process has loaded its model; replace a process that dies before."""
        while not (self.warm or self._stopping):
            try:
                self.warm = self._connection.recv()
            except (EOFError, OSError):
                self._replace()
        self._has_work = False

    def _replace(self) -> str:
        """Replace the process; return why it died, "" if it was killed because of one text."""
        self.warm = False
        with self._lock:
            self._has_work = False
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
            error = self._record_stall(overdue)
        self.restarts += 1
        self._start()
        self._await_warm()
        return error

    def _record_stall(self, overdue: Step) -> str:
        """Remember the text for which the process was killed; if it was not for a text, return the reason."""
        if not overdue.text:
            log.warning("a worker made no progress for too long (limit %.0f s) and is replaced", overdue.seconds)
            return "the worker did not get on"  # stored as the reason of quarantine
        if self._step.read().number == overdue.number:  # otherwise it had finished the text just before it was killed
            self._stalled[overdue.text] = None
            if len(self._stalled) > _MAX_STALLED:
                del self._stalled[next(iter(self._stalled))]
        log.warning("a worker spent over %.0f s on one text and is replaced; the text is removed", overdue.seconds)
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
    """Return the parts of a policy that workers use, so that other changes do not restart them."""
    return _Rules(policy.model_copy(update={"ingest_keys": (), "runs": Runs()}), pseudonym_key)
