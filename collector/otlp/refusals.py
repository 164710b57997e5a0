"""Reasons for refusing a request, each with its HTTP status and its gRPC code.

RefusedError
├── BadRequestError         400  the body cannot be read
├── UnauthenticatedError    401  no ingest key, or an unknown one
├── ForbiddenError          403  a known key that is not valid now, or a web page that may not send
├── SlowRequestError        408  the body did not arrive in time
├── TooLargeError           413  the body is over the limit
├── UnsupportedError        415  an unsupported content type or encoding
└── TryAgainError           429 or 503, with Retry-After: exporters retry after these

A message never quotes the request.
"""

from __future__ import annotations

from typing import ClassVar

from google.rpc import code_pb2


class RefusedError(Exception):
    """Base class: the request is refused with `http_status` or `grpc_code`."""

    http_status: ClassVar[int]
    grpc_code: ClassVar[int]


class BadRequestError(RefusedError):
    """The body does not match its content type or encoding: a retry cannot succeed."""

    http_status = 400
    grpc_code = code_pb2.INVALID_ARGUMENT


class UnauthenticatedError(RefusedError):
    """The request has no ingest key, or an unknown one."""

    http_status = 401
    grpc_code = code_pb2.UNAUTHENTICATED


class ForbiddenError(RefusedError):
    """The sender is known but may not send now."""

    http_status = 403
    grpc_code = code_pb2.PERMISSION_DENIED


class SlowRequestError(RefusedError):
    """The body did not arrive in time: a slow client must not hold memory."""

    http_status = 408
    grpc_code = code_pb2.DEADLINE_EXCEEDED


class TooLargeError(RefusedError):
    """The body is larger than the limit, as sent or after decompression."""

    http_status = 413
    grpc_code = code_pb2.INVALID_ARGUMENT


class UnsupportedError(RefusedError):
    """The content type or the content encoding is not supported."""

    http_status = 415
    grpc_code = code_pb2.INVALID_ARGUMENT


class TryAgainError(RefusedError):
    """Out of capacity for now (spool or memory full). Nothing was stored; the sender may retry the same request."""

    http_status = 429
    grpc_code = code_pb2.RESOURCE_EXHAUSTED

    def __init__(self, message: str, *, retry_after_seconds: int = 2) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds  # default exporters give up after 10 s: allow several retries


class UnavailableError(TryAgainError):
    """The disk or memory is not available at the moment."""

    http_status = 503
    grpc_code = code_pb2.UNAVAILABLE


class OverdueError(UnavailableError):
    """The oldest request has waited too long: new ones are refused until it is stored."""
