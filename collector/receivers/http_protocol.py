"""Limits that uvicorn lacks: slow or large request heads, and too many connections without a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedHeadProtocol(HttpToolsProtocol):
    """Closes a connection if its request line and headers take too long or are too large.

    Above `max_connections`, the connection that has been without a request for the longest is closed. The application
    limits bodies, and uvicorn limits pauses between requests.
    """

    max_connections: ClassVar[int] = 4096

    head_seconds: ClassVar[float] = 30
    head_bytes: ClassVar[int] = 64 << 10
    _without_request: ClassVar[dict[BoundedHeadProtocol, None]] = {}  # longest without a request first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's signature
        """Start the timer of the first request's head."""
        super().connection_made(transport)
        self._head_size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._wait_for_head()
        self._without_request[self] = None
        if len(self.connections) > self.max_connections:
            next(iter(self._without_request)).close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        self._without_request.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head."""
        super().data_received(data)
        if self._timer is not None:
            self._head_size += len(data)
            if self._head_size > self.head_bytes:
                self._end(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Start the timer of the rest of a head."""
        super().on_message_begin()
        if self._timer is None:
            self._wait_for_head()

    def on_headers_complete(self) -> None:
        """Stop the timer; the application handles the request."""
        self._stop_timer()
        self._without_request.pop(self, None)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Count the connection as one without a request again."""
        if not self.pipeline and not self.transport.is_closing():
            self._without_request[self] = None
        super().on_response_complete()

    def _wait_for_head(self) -> None:
        self._head_size = 0
        self._timer = self.loop.call_later(self.head_seconds, self._end, _TOO_SLOW)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
        self.close()

    def close(self) -> None:
        """Close the connection without another response."""
        self._stop_timer()
        self._without_request.pop(self, None)
        self.transport.close()
