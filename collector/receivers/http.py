"""OTLP over HTTP: a request is answered with 200 when it is on disk, and never before."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from google.rpc import code_pb2
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from collector.accept import Body, accept
from collector.group_commit import GroupCommit
from collector.inflate import content_encoding
from collector.otlp import CONTENT_TYPES, encoding_of, failure, success
from collector.refusals import (
    BadRequestError,
    RefusedError,
    SlowRequestError,
    TooLargeError,
    TryAgainError,
    UnavailableError,
    UnsupportedError,
)
from collector.spool import SpoolError, SpoolFullError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from collector.accept import Accepted
    from collector.keys import IngestKeys
    from collector.otlp import Encoding
    from collector.spool import Signal, Spool
    from schema.policy import IngestKey

log = logging.getLogger(__name__)

REQUEST_HEADER = "x-spanledger-request"

_INLINE_BYTES = 32 << 10
_DECODERS = 2  # at most this many decoded requests are in memory besides the ones that wait for their commit
_CHECK_EVERY_SECONDS = 1.0
_INVALID_SPANS = "Spans without a trace id of 16 bytes and a span id of 8 bytes, not all zero, belong to no run."
_SIGNALS: tuple[Signal, ...] = ("traces", "logs", "metrics")


def create_app(
    spool: Spool,
    keys: IngestKeys,
    *,
    max_body_bytes: int = 64 << 20,
    max_in_flight_bytes: int = 256 << 20,
    body_seconds: float = 30,
) -> FastAPI:
    """Return the ASGI application of the door.

    A body may have `max_body_bytes`, as sent and decompressed, and must arrive within `body_seconds`; the bodies that
    are being read or wait for their commit may have `max_in_flight_bytes` together, as sent.
    """
    receiver = _Receiver(spool, keys, max_body_bytes, max_in_flight_bytes, body_seconds)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with receiver.running():
            yield

    return FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        routes=[
            *(Route(f"/v1/{signal}", partial(receiver.export, signal), methods=["POST"]) for signal in _SIGNALS),
            Route("/healthz", _alive, methods=["GET"]),
            Route("/readyz", receiver.ready, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _not_found},
    )


class _Receiver:
    """The state behind the routes: the committing thread, the decoding threads and the memory in use."""

    def __init__(
        self, spool: Spool, keys: IngestKeys, max_body_bytes: int, max_in_flight_bytes: int, body_seconds: float
    ) -> None:
        self._spool = spool
        self._keys = keys
        self._max_body_bytes = max_body_bytes
        self._max_in_flight_bytes = max_in_flight_bytes
        self._body_seconds = body_seconds
        self._in_flight_bytes = 0
        self._ready: tuple[float, str] = (float("-inf"), "")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the threads; on the way out commit what was received."""
        self._commits = GroupCommit(self._spool)
        with ThreadPoolExecutor(_DECODERS, "decode") as self._decoders, contextlib.closing(self._commits):
            yield

    async def export(self, signal: Signal, request: Request) -> Response:
        """Answer an export request."""
        encoding = _answer_encoding(request)
        try:
            return await self._take(signal, request, encoding)
        except RefusedError as error:
            return _refusal(encoding, error)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end in a traceback, whose text may quote
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename}:{place.lineno}"
            log.error("a request for %s failed: %s at %s", signal, type(error).__name__, where)  # noqa: TRY400 - the same
            return _answer(encoding, failure(encoding, code_pb2.INTERNAL, "The collector failed on this request."), 500)

    async def _take(self, signal: Signal, request: Request, encoding: Encoding) -> Response:
        key = self._keys.authenticate(request.headers)
        encoding = encoding_of(request.headers.get("content-type"))
        compression = content_encoding(request.headers.get("content-encoding"))
        chunks: list[bytes] = []
        try:
            await self._read(request, chunks)
            client = request.client.host if request.client else ""
            body = Body(signal, b"".join(chunks), encoding, compression, client)
            accepted = await self._accept(body, key)
            receipt = None
            if accepted.incoming is not None:
                receipt = await asyncio.wrap_future(self._commits.submit(accepted.incoming))
        except SpoolFullError:
            raise TryAgainError("The spool is full: what waits must be stored first.") from None
        except SpoolError:
            raise UnavailableError("The spool cannot be written at the moment.") from None
        except MemoryError:
            raise UnavailableError("There is no memory for this request at the moment.") from None
        finally:
            self._in_flight_bytes -= sum(map(len, chunks))
        answer = _answer(
            encoding, success(encoding, rejected_spans=accepted.rejected_spans, reason=_INVALID_SPANS), 200
        )
        if receipt is not None:
            answer.headers[REQUEST_HEADER] = str(receipt.id)
        return answer

    async def _read(self, request: Request, chunks: list[bytes]) -> None:
        """Read the body into `chunks`, counting its bytes as in flight."""
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._max_body_bytes:
            raise TooLargeError(f"The body has {int(length)} bytes; the limit is {self._max_body_bytes}.")
        size = 0
        try:
            async with asyncio.timeout(self._body_seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > self._max_body_bytes:
                        raise TooLargeError(f"The body is over the limit of {self._max_body_bytes} bytes.")
                    if self._in_flight_bytes + len(chunk) > self._max_in_flight_bytes:
                        raise TryAgainError("Too many requests are being read at the moment.")
                    self._in_flight_bytes += len(chunk)
                    chunks.append(chunk)
        except ClientDisconnect:
            raise BadRequestError("The body ended too early.") from None
        except TimeoutError:
            raise SlowRequestError(f"The body did not arrive within {self._body_seconds:g} s.") from None

    async def _accept(self, body: Body, key: IngestKey) -> Accepted:
        if len(body.content) <= _INLINE_BYTES and body.compression == "identity":
            return accept(body, self._keys, key, self._max_body_bytes)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoders, accept, body, self._keys, key, self._max_body_bytes)

    async def ready(self, _: Request) -> Response:
        """Answer whether a request would be taken now."""
        checked_at, problem = self._ready
        if time.monotonic() - checked_at > _CHECK_EVERY_SECONDS:  # it writes to the disk: not once per question
            problem = await asyncio.to_thread(self._problem)
            self._ready = (time.monotonic(), problem)
        return JSONResponse({"status": problem or "ready"}, 503 if problem else 200)

    def _problem(self) -> str:
        try:
            self._spool.check()
        except SpoolFullError:
            return "the spool is full"
        except SpoolError:
            return "the spool cannot be written"
        return ""


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _not_found(request: Request, error: Exception) -> Response:
    """Answer a path or a method that is not ours as OTLP answers failures."""
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
    return answer


def _answer(encoding: Encoding, content: bytes, status: int) -> Response:
    return Response(content, status, media_type=CONTENT_TYPES[encoding])
