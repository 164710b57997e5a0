"""OTLP over gRPC: the same requests, checks and responses as over HTTP."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from starlette.datastructures import Headers

from collector.otlp.messages import success
from collector.otlp.refusals import BadRequestError, RefusedError, TryAgainError
from collector.receivers.accept import Body
from collector.receivers.reception import REQUEST_HEADER, account_of, log_failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from collector.receivers.in_flight import Held
    from collector.receivers.reception import Acknowledged, Reception
    from collector.receivers.refusal_counter import Sender
    from collector.spool.spool import Signal

_SERVICE = "/opentelemetry.proto.collector.{0}.v1.{1}Service/Export"
_METHODS: dict[str, Signal] = {
    _SERVICE.format("trace", "Trace"): "traces",
    _SERVICE.format("logs", "Logs"): "logs",
    _SERVICE.format("metrics", "Metrics"): "metrics",
}
_CODES = {code.value[0]: code for code in grpc.StatusCode}

READING_BYTES = 1 << 20
"""Bytes reserved for a message while it is being read and its size is unknown; most are smaller."""

_STREAMS = 1024  # concurrent requests of one connection; further ones wait in the client
_IDLE_SECONDS = 300  # a connection without requests is closed after this; exporters open another
_PING_SECONDS = 60  # of silence before a ping; a client that does not answer it is disconnected

_GZIP_MAGIC = b"\x1f\x8b"  # no protobuf message starts with it: 0x1f would be field 3 of an invalid wire type
_IDENTITY_AND_GZIP = 0b101  # one bit each for identity, deflate and gzip

_Context = grpc.aio.ServicerContext[bytes, bytes]


def create_server(
    reception: Reception, address: str, credentials: grpc.ServerCredentials | None = None, *, connections: int = 1024
) -> grpc.aio.Server:
    """Return a server for the address (`127.0.0.1:4317`) and this event loop; it is not started yet.

    `connections` limits concurrent connections. Raises RuntimeError if the address is not available.
    """
    server = grpc.aio.server(
        handlers=(_Receiver(reception),),
        options=[
            ("grpc.max_receive_message_length", reception.limits.max_body_bytes),
            # The library would decompress without a limit, so it must pass compressed messages on.
            ("grpc.per_message_decompression", 0),
            ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_AND_GZIP),
            ("grpc.so_reuseport", 1),  # the parent keeps the port bound while a receiver is started again
            ("grpc.keepalive_permit_without_calls", 1),  # exporters may ping to keep an idle connection open
            ("grpc.max_concurrent_streams", _STREAMS),
            ("grpc.max_allowed_incoming_connections", connections),
            ("grpc.max_connection_idle_ms", _IDLE_SECONDS * 1000),
            ("grpc.keepalive_time_ms", _PING_SECONDS * 1000),
            ("grpc.server_handshake_timeout_ms", int(reception.limits.body_seconds * 1000)),
        ],
    )
    if credentials is None:
        server.add_insecure_port(address)
    else:
        server.add_secure_port(address, credentials)
    return server


class _Receiver(grpc.GenericRpcHandler):
    """Handles the three Export methods, with messages as bytes."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler of the method, None for an unknown one."""
        signal = _METHODS.get(handler_call_details.method)
        if signal is None:
            return None
        # On the wire a stream of one message equals a single message. A stream's handler runs before the message is
        # read, so it can refuse a missing key first and time out a slow client.
        return grpc.stream_unary_rpc_method_handler(partial(self._export, signal))

    async def _export(self, signal: Signal, _: AsyncIterator[bytes], context: _Context) -> bytes:
        try:
            with self._reception.refusals.request(signal) as sender, self._reception.in_flight.request() as held:
                result = await self._take(signal, context, held, sender)
        except RefusedError as error:
            error.__traceback__ = error.__context__ = None  # the library keeps the error, these would keep the body
            await context.abort(_CODES[error.grpc_code], str(error), _details(error))
        except Exception as error:  # noqa: BLE001 - a bug must not print a traceback, which may quote the request
            log_failure(signal, error)
            await context.abort(grpc.StatusCode.INTERNAL, "The collector failed on this request.")
        if result.receipt is not None:
            context.set_trailing_metadata(((REQUEST_HEADER, str(result.receipt.id)),))
        return success(signal, "protobuf", result.defects)

    async def _take(self, signal: Signal, context: _Context, held: Held, sender: Sender) -> Acknowledged:
        metadata = context.invocation_metadata() or ()
        headers = [(name.encode(), value.encode()) for name, value in metadata if isinstance(value, str)]
        key = self._reception.keys.authenticate(Headers(raw=headers))
        sender.key_name = key.name
        self._reception.keys.require_in_force(key)
        client = context.peer().rpartition(":")[0]
        held.belongs_to(account_of(key, client))
        held.resize(READING_BYTES)
        async with held.reading(self._reception.limits.body_seconds):
            content = await context.read()
        if not isinstance(content, bytes):
            raise BadRequestError("The message ended too early.")
        held.resize(len(content))
        compression = "gzip" if content.startswith(_GZIP_MAGIC) else "identity"
        body = Body(signal, content, "protobuf", compression, client)
        del content
        return await self._reception.take(body, key, held)


def _details(error: RefusedError) -> tuple[tuple[str, bytes], ...]:
    """Return the metadata with the retry delay. Without it, SDKs drop a request refused for lack of room."""
    if not isinstance(error, TryAgainError):
        return ()
    info = RetryInfo(retry_delay=Duration(seconds=error.retry_after_seconds))
    status = Status(code=error.grpc_code, message=str(error))
    status.details.add().Pack(info)
    return (
        ("grpc-status-details-bin", status.SerializeToString()),
        ("google.rpc.retryinfo-bin", info.SerializeToString()),  # read by the Python exporter
    )
