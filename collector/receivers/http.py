"""OTLP over HTTP. The receiver answers 200 after the request is on disk, never before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from google.rpc import code_pb2
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from collector.otlp.headers import one_header
from collector.otlp.messages import CONTENT_TYPES, encoding_of, failure, success
from collector.otlp.refusals import (
    BadRequestError,
    ForbiddenError,
    RefusedError,
    TooLargeError,
    TryAgainError,
    UnauthenticatedError,
    UnsupportedError,
)
from collector.receivers.accept import Body
from collector.receivers.inflate import ENCODINGS, content_encoding
from collector.receivers.metrics import metrics_route
from collector.receivers.own_host import OwnHostOnly
from collector.receivers.readiness import Readiness
from collector.receivers.reception import REQUEST_HEADER, account_of, log_failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collector.otlp.messages import Encoding
    from collector.receivers.in_flight import Held
    from collector.receivers.reception import Reception
    from collector.receivers.refusal_counter import Sender
    from collector.spool.spool import Signal

_SIGNALS: tuple[Signal, ...] = ("traces", "logs", "metrics")


def create_app(
    reception: Reception, heartbeat: Path, browser_origins: Sequence[str] = (), *, loopback: bool = True
) -> FastAPI:
    """Return the ASGI application of the receiver; the reception must be running while it serves.

    `heartbeat` is the file that the server process touches. Web pages may send only from `browser_origins` (`*`: any).
    The Host header is checked on `loopback` only, because elsewhere any name may lead to the receiver.
    """
    receiver = _Receiver(reception, browser_origins)
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=[
            *(Route(f"/v1/{signal}", partial(receiver.export, signal), methods=["POST"]) for signal in _SIGNALS),
            Route("/healthz", _alive, methods=["GET"]),
            _ready_route(Readiness(reception, heartbeat)),
            metrics_route(reception.spool, reception.keys),
        ],
        exception_handlers={HTTPException: _not_found},
    )
    if loopback:
        app.add_middleware(OwnHostOnly)
    if browser_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=browser_origins,
            allow_methods=["POST"],
            allow_headers=["*"],  # users may configure any header in their exporter
            expose_headers=["retry-after", REQUEST_HEADER],
        )
    return app


class _Receiver:
    """The handlers of the export routes."""

    def __init__(self, reception: Reception, browser_origins: Sequence[str]) -> None:
        self._reception = reception
        self._origins = frozenset(browser_origins)

    async def export(self, signal: Signal, request: Request) -> Response:
        """Answer an export request."""
        encoding = _answer_encoding(request)
        try:
            with self._reception.refusals.request(signal) as sender, self._reception.in_flight.request() as held:
                return await self._take(signal, request, held, sender)
        except RefusedError as error:
            return _refusal(encoding, error)
        except Exception as error:  # noqa: BLE001 - a bug must not print a traceback, which may quote the request
            log_failure(signal, error)
            return _answer(encoding, failure(encoding, code_pb2.INTERNAL, "The collector failed on this request."), 500)

    async def _take(self, signal: Signal, request: Request, held: Held, sender: Sender) -> Response:
        key = self._reception.keys.authenticate(request.headers)
        sender.key_name = key.name
        self._reception.keys.require_in_force(key)
        origin = request.headers.get("origin")
        if origin is not None and not {origin, "*"} & self._origins:
            raise ForbiddenError("Pages of this origin may not send: SPANLEDGER_CORS_ORIGINS names those that may.")
        encoding = encoding_of(one_header(request.headers, "content-type"))
        compression = content_encoding(one_header(request.headers, "content-encoding"))
        client = request.client.host if request.client else ""
        held.belongs_to(account_of(key, client))
        body = Body(signal, await self._read(request, held), encoding, compression, client)
        result = await self._reception.take(body, key, held)
        answer = _answer(encoding, success(signal, encoding, result.defects), 200)
        if result.receipt is not None:
            answer.headers[REQUEST_HEADER] = str(result.receipt.id)
        return answer

    async def _read(self, request: Request, held: Held) -> bytes:
        """Return the body; `held` counts its bytes as they arrive."""
        limits = self._reception.limits
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > limits.max_body_bytes:
            raise TooLargeError(f"The body has {int(length)} bytes; the limit is {limits.max_body_bytes}.")
        chunks: list[bytes] = []
        size = 0
        try:
            async with held.reading(limits.body_seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > limits.max_body_bytes:
                        raise TooLargeError(f"The body is over the limit of {limits.max_body_bytes} bytes.")
                    held.resize(size)
                    chunks.append(chunk)
        except ClientDisconnect:
            raise BadRequestError("The body ended too early.") from None
        return b"".join(chunks)


def _ready_route(readiness: Readiness) -> Route:
    async def answer(_: Request) -> Response:
        problem = await readiness.problem()
        return JSONResponse({"status": problem or "ready"}, 503 if problem else 200)

    return Route("/readyz", answer, methods=["GET"])


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _not_found(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method with an OTLP failure."""
    known = cast("HTTPException", error)
    encoding = _answer_encoding(request)
    answer = _answer(encoding, failure(encoding, code_pb2.UNIMPLEMENTED, f"{known.detail}."), known.status_code)
    answer.headers.update(known.headers or {})
    return answer


def _answer_encoding(request: Request) -> Encoding:
    try:
        return encoding_of(request.headers.get("content-type"))
    except UnsupportedError:
        return "json"


def _refusal(encoding: Encoding, error: RefusedError) -> Response:
    answer = _answer(encoding, failure(encoding, error.grpc_code, str(error)), error.http_status)
    if isinstance(error, TryAgainError):
        answer.headers["retry-after"] = str(error.retry_after_seconds)
    if isinstance(error, UnauthenticatedError):
        answer.headers["www-authenticate"] = "Bearer"
    if isinstance(error, UnsupportedError):
        answer.headers["accept-encoding"] = ENCODINGS
    return answer


def _answer(encoding: Encoding, content: bytes, status: int) -> Response:
    return Response(content, status, media_type=CONTENT_TYPES[encoding])
