"""Sends the sample runs to a receiver, as an exporter would."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import httpx

from collector.demo.day import demo_requests
from collector.errors import UserError
from collector.keys.ingest_keys import KEY_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_ATTEMPTS = 10
_TIMEOUT = httpx.Timeout(30, connect=5)
_RETRIED = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class DemoError(UserError):
    """The receiver did not accept the sample runs; the message names its address and its response."""


def send_demo(endpoint: str, *, key: str = "", seed: int = 1, progress: Callable[[str], None] = lambda _: None) -> int:
    """Send the sample runs to the OTLP/HTTP address; return their number. Raises DemoError.

    `progress` is called with a sentence from time to time.
    """
    runs = spans = 0
    # Sample runs, not secrets: the seed makes every demo equal.
    requests = list(demo_requests(time.time_ns(), random.Random(seed)))  # noqa: S311
    total = sum(map(_runs_in, requests))
    proxied = httpx.URL(endpoint).host not in _LOOPBACK
    headers = {"content-type": "application/x-protobuf"} | ({KEY_HEADER: key} if key else {})
    with httpx.Client(headers=headers, timeout=_TIMEOUT, trust_env=proxied) as client:
        for number, request in enumerate(requests):
            _post(client, f"{endpoint.rstrip('/')}/v1/traces", request.SerializeToString())
            runs += _runs_in(request)
            spans += sum(len(scope.spans) for process in request.resource_spans for scope in process.scope_spans)
            if number % 8 == 0:
                progress(f"Sent {runs} of {total} sample runs.")
    progress(f"Sent {runs} sample runs of three teams, {spans} spans in all.")
    return runs


def _post(client: httpx.Client, url: str, body: bytes) -> None:
    for _ in range(_ATTEMPTS):
        try:
            answer = client.post(url, content=body)
        except httpx.HTTPError as error:
            raise DemoError(
                f"The receiver at {url} does not answer ({type(error).__name__}); is `spanledger up` running?"
            ) from None
        if answer.is_success:
            return
        if answer.status_code not in _RETRIED:
            raise DemoError(f"The receiver at {url} refused the sample runs with {answer.status_code}; see --key.")
        time.sleep(float(answer.headers.get("retry-after", "1")))
    raise DemoError(f"The receiver at {url} had no room in {_ATTEMPTS} attempts; see `spanledger doctor`.")


def _runs_in(request: ExportTraceServiceRequest) -> int:
    return len(
        {span.trace_id for process in request.resource_spans for scope in process.scope_spans for span in scope.spans}
    )
