"""The loop of a worker process: it turns requests into redacted rows, one after another."""

from __future__ import annotations

import logging
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from collector.pipeline.watch import SharedStep, WorkerWatch
from collector.process import freeze_startup_objects
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

_NICENESS = 10  # the receiver has priority


@dataclass(frozen=True, slots=True)
class Rows:
    """Result of a request: rows for the store as an Arrow stream, or the type of the error."""

    request_id: int
    signal: Signal
    received_at: int  # ns since 1970
    stream: bytes = b""
    count: int = 0  # rows in the stream
    unredacted: int = 0  # rows with a text that was removed because it could not be redacted
    error: str = ""

    def table(self) -> pa.Table:
        """Return the rows."""
        return pa.ipc.open_stream(self.stream).read_all()


def serve_requests(  # noqa: PLR0913, PLR0917 - the arguments of a process are positional
    connection: Connection[Any, Any],
    policy: Policy,
    pseudonym_key: bytes,
    step: SharedStep,
    secret: bytes,
    stalled: frozenset[bytes],
) -> None:
    """Process requests until the server closes the connection."""
    share_key(secret)  # the key of the hashes in `stalled`, which earlier processes of this worker recorded
    watch = WorkerWatch(step, stalled)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of the terminal; the server handles it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(_NICENESS)
    try:
        pipeline = build_pipeline(policy, pseudonym_key, watch)
    except RedactionError as error:
        log.error("%s", error)  # noqa: TRY400 - the message is complete without a traceback
        sys.exit(1)
    freeze_startup_objects()
    connection.send(True)  # noqa: FBT003 - True means warm
    while True:
        try:
            request_id, kind, body, received_at, longest = connection.recv()
        except (EOFError, OSError):
            return
        watch.request(len(body), longest)
        rows = _process(pipeline, request_id, kind, body, received_at)
        try:
            connection.send(rows)
        except OSError:
            return


def build_pipeline(policy: Policy, pseudonym_key: bytes = b"", watch: Watch | None = None) -> Pipeline:
    """Load the redaction models and the prices. The imports are local, so that only workers load them."""
    from collector.pipeline.pipeline import Pipeline  # noqa: PLC0415 - see the docstring
    from collector.pipeline.rules_from_policy import build_team_redactor  # noqa: PLC0415 - see the docstring
    from schema.pricing.prices import Prices  # noqa: PLC0415 - see the docstring

    pipeline = Pipeline(build_team_redactor(policy, pseudonym_key, watch), policy, Prices(policy.prices))
    pipeline.warm_up()
    return pipeline


def _process(pipeline: Pipeline, request_id: int, kind: Signal, body: bytes, received_at: int) -> Rows:
    try:
        batch = pipeline.process(kind, body, received_at=received_at).rows
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        unredacted = batch.column("findings").keys.to_pylist().count(UNREDACTABLE)  # at most once a row
        return Rows(request_id, kind, received_at, sink.getvalue().to_pybytes(), batch.num_rows, unredacted)
    except Exception as error:  # noqa: BLE001 - any failure concerns this request only
        return Rows(request_id, kind, received_at, error=type(error).__name__)  # the message may quote the payload
