"""The command line's way to a running instance: its API, found through api.json in the data directory."""

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
"""How long a command waits for an instance that is starting; reading its models takes one 20 s of a busy machine."""

_LOOK: Final = 0.2  # seconds
_TIMEOUT = httpx.Timeout(90, connect=2)  # a read-only query may take a minute
_PATIENT = httpx.Timeout(None, connect=2)  # months of calls are priced again
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
        """Return how it is doing."""
        return Status.model_validate_json(self._ask("GET", "/api/status").content)

    def answers(self) -> bool:
        """Return whether it answers now."""
        try:
            self._ask("GET", "/api/status")
        except StoreUnavailableError:
            return False
        return True

    def query(self, sql: str) -> pa.Table:
        """Run a read-only statement. Raises QueryFailedError or StoreUnavailableError."""
        import pyarrow as pa  # noqa: PLC0415 - only what asks for rows loads it

        return pa.ipc.open_stream(io.BytesIO(self._post("/api/sql", Query(sql=sql)))).read_all()

    def reprice(self, start: date, end: date, *, team: str = "", dry_run: bool = False) -> Repriced:
        """Price the calls of these UTC days again, `end` excluded, by its policy file as it is now.

        Raises QueryFailedError, which also says what is wrong with that file, or StoreUnavailableError.
        """
        wanted = Repricing(start=start, end=end, team=team, dry_run=dry_run)
        return TypeAdapter(Repriced).validate_json(self._post("/api/reprice", wanted, _PATIENT))

    def purge(self, by: Named, value: str, *, dry_run: bool) -> Purged:
        """Have runs deleted (schema.maintenance.purge). Raises StoreUnavailableError."""
        return TypeAdapter(Purged).validate_json(
            self._post("/api/purge", Purge(by=by, value=value, dry_run=dry_run), _PATIENT)
        )

    def record_drill(self, seed: int, results: Sequence[Result]) -> None:
        """Have the results of a drill kept. Raises StoreUnavailableError."""
        self._post("/api/drill", Drilled(seed=seed, results=list(results)))

    def remove_drill(self, trace_ids: Sequence[str], service_name: str) -> None:
        """Have the made-up runs of a drill deleted. Raises StoreUnavailableError."""
        self._post("/api/drill/remove", DrillRuns(trace_ids=list(trace_ids), service_name=service_name))

    def take_in(self, name: str, body: bytes) -> list[Taken]:
        """Hand over a file of OTLP requests; they are on its disk on return. Raises IntakeError."""
        headers = {"Content-Type": "application/octet-stream"}
        try:
            answer = self._ask("POST", "/api/ingest", params={"name": name}, content=body, headers=headers)
        except QueryFailedError as error:
            raise IntakeError(str(error)) from None
        return TypeAdapter(list[Taken]).validate_json(answer.content)

    def progress(self, ids: Collection[int]) -> tuple[set[int], set[int]]:
        """Return which of these requests wait and which are quarantined."""
        answer = Progress.model_validate_json(self._post("/api/progress", Requests(ids=sorted(ids))))
        return set(answer.waiting), set(answer.quarantined)

    def ledger(self, start: datetime, end: datetime, *, by: By) -> list[Line]:
        """Return the ledger of what was received in [start, end), both aware, as it is now."""
        wanted = {"start": start.isoformat(), "end": end.isoformat(), "by": by}
        return TypeAdapter(list[Line]).validate_json(self._ask("GET", "/api/ledger", params=wanted).content)

    def store_problems(self) -> list[str]:
        """Return in sentences what the store lacks of what was stored (schema.queries.holdings)."""
        return [str(sentence) for sentence in self._ask("GET", "/api/holdings").json()]

    def quarantined(self) -> list[Quarantined]:
        """Return what was set aside, oldest first."""
        return TypeAdapter(list[Quarantined]).validate_json(self._ask("GET", "/api/quarantine").content)

    def quarantine(self, action: Literal["retry", "drop"], ids: Sequence[int] | None) -> list[int]:
        """Let quarantined requests try again, or drop them (None: all); return which."""
        chosen = Chosen(ids=None if ids is None else list(ids))
        return TypeAdapter(list[int]).validate_json(self._post(f"/api/quarantine/{action}", chosen))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, path: str, said: BaseModel, timeout: httpx.Timeout = _TIMEOUT) -> bytes:
        return self._ask("POST", path, content=said.model_dump_json(), headers=_JSON, timeout=timeout).content

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own arguments
        try:
            answer = self._http.request(method, path, **content)
        except httpx.HTTPError as error:
            raise StoreUnavailableError(f"the running instance does not answer: {error}") from None
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise QueryFailedError(answer.json()["detail"])
        if answer.is_error:
            raise StoreUnavailableError(f"the running instance answered {answer.status_code}: {answer.text}")
        return answer


def running(settings: Settings, *, seconds: float = STARTING_SECONDS) -> Instance | None:
    """Return the instance that works in this data directory, None if there is none.

    One that is just starting is waited for, which standard error says. Raises SettingsError if it does not answer in
    `seconds`.
    """
    try:
        return _reached(settings, seconds)
    except PermissionError as error:
        raise SettingsError(f"cannot read {error.filename}: run this as the user of the instance") from None


def _reached(settings: Settings, seconds: float) -> Instance | None:
    deadline = time.monotonic() + seconds
    waiting = False
    while True:
        endpoints = _announced(settings)
        instance = _answering(endpoints) if endpoints else None
        if instance or not _held(settings) or (endpoints and "token" not in endpoints):  # a dashboard alone has none
            return instance
        if time.monotonic() > deadline:
            raise SettingsError(
                f"what works in {settings.data_dir} has not answered for {seconds:.0f} s: its log says why; or stop it"
            )
        if not waiting:
            sentence = (
                f"an instance, or another command, starts in {settings.data_dir}: waiting for at most {seconds:.0f} s"
            )
            sys.stderr.write(f"spanledger: {sentence}\n")
            waiting = True
        time.sleep(_LOOK)


def _held(settings: Settings) -> bool:
    """Return whether a process holds the data directory: an instance does from its first moment to its last."""
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


def _answering(endpoints: dict[str, Any]) -> Instance | None:
    if "token" not in endpoints:
        return None
    instance = Instance(endpoints)
    if instance.answers():
        return instance
    instance.close()
    return None
