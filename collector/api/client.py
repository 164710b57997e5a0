"""Client of a running instance's API, for the command line. It finds the address in api.json in the data directory."""

from __future__ import annotations

import fcntl
import io
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx
from pydantic import TypeAdapter

from collector.api.contract import (
    Chosen,
    Drilled,
    DrillRuns,
    Progress,
    Purge,
    Query,
    Repricing,
    Requests,
    Status,
    Taken,
)
from collector.errors import IntakeError
from collector.settings import SettingsError
from collector.spool.records import Quarantined
from schema.ledger_lines import Line
from schema.maintenance.changes import Purged, Repriced
from schema.store.errors import QueryFailedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    import pyarrow as pa
    from pydantic import BaseModel

    from collector.settings import Settings
    from schema.drill_results import Result
    from schema.ledger_lines import By
    from schema.maintenance.changes import Named

STARTING_SECONDS: Final = 120.0
"""How long a command waits for a starting instance. On a busy machine, loading the models takes 20 s."""

_POLL: Final = 0.2  # seconds
_TIMEOUT = httpx.Timeout(90, connect=2)  # a read-only query may take a minute
_UNLIMITED = httpx.Timeout(None, connect=2)  # pricing months of calls again takes long
_JSON: Final = {"Content-Type": "application/json"}


class Instance:
    """A running instance."""

    def __init__(self, endpoints: dict[str, str]) -> None:
        self.endpoints = endpoints
        self._http = httpx.Client(
            base_url=endpoints["url"],
            headers={"Authorization": f"Bearer {endpoints['token']}"},
            timeout=_TIMEOUT,
            trust_env=False,  # loopback never goes through a proxy
        )

    def status(self) -> Status:
        """Return the state of the instance."""
        return Status.model_validate_json(self._request("GET", "/api/status").content)

    def responds(self) -> bool:
        """Return whether the instance responds now."""
        try:
            self._request("GET", "/api/status")
        except StoreUnavailableError:
            return False
        return True

    def query(self, sql: str) -> pa.Table:
        """Run a read-only statement. Raises QueryFailedError or StoreUnavailableError."""
        import pyarrow as pa  # noqa: PLC0415 - only queries need it

        return pa.ipc.open_stream(io.BytesIO(self._post("/api/sql", Query(sql=sql)))).read_all()

    def reprice(self, start: date, end: date, *, team: str = "", dry_run: bool = False) -> Repriced:
        """Price the calls of these UTC days again, `end` excluded, with the instance's policy.

        Raises QueryFailedError, also for a bad policy file, or StoreUnavailableError.
        """
        repricing = Repricing(start=start, end=end, team=team, dry_run=dry_run)
        return TypeAdapter(Repriced).validate_json(self._post("/api/reprice", repricing, _UNLIMITED))

    def purge(self, by: Named, value: str, *, dry_run: bool) -> Purged:
        """Delete runs (schema.maintenance.purge). Raises StoreUnavailableError."""
        return TypeAdapter(Purged).validate_json(
            self._post("/api/purge", Purge(by=by, value=value, dry_run=dry_run), _UNLIMITED)
        )

    def record_drill(self, seed: int, results: Sequence[Result]) -> None:
        """Store the results of a drill. Raises StoreUnavailableError."""
        self._post("/api/drill", Drilled(seed=seed, results=list(results)))

    def remove_drill(self, trace_ids: Sequence[str], service_name: str) -> None:
        """Delete the invented runs of a drill. Raises StoreUnavailableError."""
        self._post("/api/drill/remove", DrillRuns(trace_ids=list(trace_ids), service_name=service_name))

    def ingest_file(self, name: str, body: bytes) -> list[Taken]:
        """Send a file of OTLP requests. On return they are in the instance's spool, on disk. Raises IntakeError."""
        headers = {"Content-Type": "application/octet-stream"}
        try:
            response = self._request("POST", "/api/ingest", params={"name": name}, content=body, headers=headers)
        except QueryFailedError as error:
            raise IntakeError(str(error)) from None
        return TypeAdapter(list[Taken]).validate_json(response.content)

    def progress(self, ids: Collection[int]) -> tuple[set[int], set[int]]:
        """Return which of these requests wait, and which are quarantined."""
        progress = Progress.model_validate_json(self._post("/api/progress", Requests(ids=sorted(ids))))
        return set(progress.waiting), set(progress.quarantined)

    def ledger(self, start: datetime, end: datetime, *, by: By) -> list[Line]:
        """Return the current ledger of requests received in [start, end); both times have a time zone."""
        params = {"start": start.isoformat(), "end": end.isoformat(), "by": by}
        return TypeAdapter(list[Line]).validate_json(self._request("GET", "/api/ledger", params=params).content)

    def store_problems(self) -> list[str]:
        """Return a sentence for each kind of row that the store lacks (schema.queries.holdings)."""
        return [str(sentence) for sentence in self._request("GET", "/api/holdings").json()]

    def quarantined(self) -> list[Quarantined]:
        """Return the quarantined requests, oldest first."""
        return TypeAdapter(list[Quarantined]).validate_json(self._request("GET", "/api/quarantine").content)

    def quarantine(self, action: Literal["retry", "drop"], ids: Sequence[int] | None) -> list[int]:
        """Retry or drop quarantined requests (None: all of them); return their ids."""
        chosen = Chosen(ids=None if ids is None else list(ids))
        return TypeAdapter(list[int]).validate_json(self._post(f"/api/quarantine/{action}", chosen))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, path: str, body: BaseModel, timeout: httpx.Timeout = _TIMEOUT) -> bytes:
        return self._request("POST", path, content=body.model_dump_json(), headers=_JSON, timeout=timeout).content

    def _request(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own arguments
        try:
            response = self._http.request(method, path, **content)
        except httpx.HTTPError as error:
            raise StoreUnavailableError(f"the running instance does not answer: {error}") from None
        if response.status_code == httpx.codes.BAD_REQUEST:
            raise QueryFailedError(response.json()["detail"])
        if response.is_error:
            raise StoreUnavailableError(f"the running instance answered {response.status_code}: {response.text}")
        return response


def running(settings: Settings, *, seconds: float = STARTING_SECONDS) -> Instance | None:
    """Return the instance that uses this data directory, None if there is none.

    Waits for a starting instance, with a line on standard error. Raises SettingsError if it does not respond within
    `seconds`.
    """
    try:
        return _find(settings, seconds)
    except PermissionError as error:
        raise SettingsError(f"cannot read {error.filename}: run this as the user of the instance") from None


def _find(settings: Settings, seconds: float) -> Instance | None:
    deadline = time.monotonic() + seconds
    waiting = False
    while True:
        endpoints = _announced(settings)
        instance = _connect(endpoints) if endpoints else None
        if instance or not _is_locked(settings) or (endpoints and "token" not in endpoints):  # a dashboard has no token
            return instance
        if time.monotonic() > deadline:
            raise SettingsError(
                f"the instance in {settings.data_dir} has not answered for {seconds:.0f} s: read its log, or stop it"
            )
        if not waiting:
            sentence = (
                f"an instance, or another command, starts in {settings.data_dir}: waiting for at most {seconds:.0f} s"
            )
            sys.stderr.write(f"spanledger: {sentence}\n")
            waiting = True
        time.sleep(_POLL)


def _is_locked(settings: Settings) -> bool:
    """Return whether a process holds the lock of the data directory, as an instance does while it runs."""
    try:
        descriptor = os.open(settings.lock_path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _announced(settings: Settings) -> dict[str, Any] | None:
    try:
        return dict(json.loads(settings.api_path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _connect(endpoints: dict[str, Any]) -> Instance | None:
    if "token" not in endpoints:
        return None
    instance = Instance(endpoints)
    if instance.responds():
        return instance
    instance.close()
    return None
