"""A gRPC client that sends messages as bytes and returns every part of the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from running_receiver import one_span

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

METHOD = "/opentelemetry.proto.collector.{}Service/Export"
SERVICES = {"traces": "trace.v1.Trace", "logs": "logs.v1.Logs", "metrics": "metrics.v1.Metrics"}


class Client:
    """Sends messages as bytes; a response is (code, message, trailing metadata)."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        unlimited = (("grpc.max_send_message_length", -1),)
        self._channel = (
            grpc.secure_channel(address, credentials, unlimited)
            if credentials
            else grpc.insecure_channel(address, unlimited)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def trickle(self, go_on: threading.Event) -> grpc.Future[bytes]:
        """Begin a request for traces; its message is sent when `go_on` is set."""

        def message() -> Iterator[bytes]:
            go_on.wait(60)
            yield one_span()

        export: Any = self._channel.stream_unary(METHOD.format(SERVICES["traces"]))
        answer: grpc.Future[bytes] = export.future(message(), timeout=60)
        return answer

    def send(
        self, message: bytes, signal: str = "traces", *, compression: grpc.Compression | None = None, **metadata: str
    ) -> tuple[grpc.StatusCode, bytes, dict[str, bytes | str]]:
        export: Any = self._channel.unary_unary(METHOD.format(SERVICES[signal]))
        named = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        try:
            answer, call = export.with_call(message, timeout=60, metadata=named, compression=compression)
        except grpc.RpcError as error:
            refused: Any = error
            return refused.code(), refused.details().encode(), dict(refused.trailing_metadata() or ())
        return call.code(), answer, dict(call.trailing_metadata())


def retry_delay(trailers: dict[str, bytes | str]) -> int:
    """Return the retry delay of a refused request in seconds."""
    details = trailers["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    info = RetryInfo()
    (packed,) = Status.FromString(details).details
    assert packed.Unpack(info)
    assert trailers["google.rpc.retryinfo-bin"] == info.SerializeToString()
    return int(info.retry_delay.seconds)
