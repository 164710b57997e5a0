"""What a worker process does: it answers requests with redacted rows, one after another."""

from __future__ import annotations

import logging
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from collector.pipeline.watch import Screen, WorkerWatch
from collector.process import keep_garbage_collector_off_what_stays
from redaction.cache import share_key
from redaction.errors import RedactionError
from redaction.text import UNREDACTABLE

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from collector.pipeline.pipeline import Pipeline
    from collector.spool.spool import Signal
    from redaction.budget import Watch
    from schema.policy.policy import Policy

log = logging.getLogger(__name__)

_NICENESS = 10  # the receiver comes first


@dataclass(frozen=True, slots=True)
class Rows:
    """What became of a request: rows for the store as an Arrow stream, or the kind of error that stopped it."""

    request_id: int
    signal: Signal
    received_at: int  # ns since 1970
    stream: bytes = b""
    count: int = 0  # rows in the stream
    unredacted: int = 0  # rows of which a text was removed whole, because it could not be redacted
    error: str = ""

    def table(self) -> pa.Table:
        """Return the rows."""
        return pa.ipc.open_stream(self.stream).read_all()


def serve_requests(  # noqa: PLR0913, PLR0917 - the arguments of a process are positional
    connection: Connection[Any, Any],
    policy: Policy,
    pseudonym_key: bytes,
    screen: Screen,
    secret: bytes,
    stalled: frozenset[bytes],
) -> None:
    """Answer requests until the other side goes away."""
    share_key(secret)  # by whose hashes texts are known that stopped the process before this one
    watch = WorkerWatch(screen, stalled)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of the terminal; the server decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(_NICENESS)
    try:
        pipeline = build_pipeline(policy, pseudonym_key, watch)
    except RedactionError as error:
        log.error("%s", error)  # noqa: TRY400 - its message is all there is to say
        sys.exit(1)
    keep_garbage_collector_off_what_stays()
    connection.send(True)  # noqa: FBT003 - warm
    while True:
        try:
            request_id, kind, body, received_at, longest = connection.recv()
        except (EOFError, OSError):
            return
        watch.request(len(body), longest)
        answer = _answer(pipeline, request_id, kind, body, received_at)
        try:
            connection.send(answer)
        except OSError:
            return


def build_pipeline(policy: Policy, pseudonym_key: bytes = b"", watch: Watch | None = None) -> Pipeline:
    """Load the redaction models and the prices; imported late, so that only workers pay for them."""
    from collector.pipeline.pipeline import Pipeline  # noqa: PLC0415 - see the docstring
    from collector.pipeline.rules_from_policy import build_team_redactor  # noqa: PLC0415 - see the docstring
    from schema.pricing.prices import Prices  # noqa: PLC0415 - see the docstring

    pipeline = Pipeline(build_team_redactor(policy, pseudonym_key, watch), policy, Prices(policy.prices))
    pipeline.warm_up()
    return pipeline


def _answer(pipeline: Pipeline, request_id: int, kind: Signal, body: bytes, received_at: int) -> Rows:
    try:
        batch = pipeline.process(kind, body, received_at=received_at).rows
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        unredacted = batch.column("findings").keys.to_pylist().count(UNREDACTABLE)  # at most once a row
        return Rows(request_id, kind, received_at, sink.getvalue().to_pybytes(), batch.num_rows, unredacted)
    except Exception as error:  # noqa: BLE001 - any failure sets this one request aside
        return Rows(request_id, kind, received_at, error=type(error).__name__)  # its message might quote the payload
