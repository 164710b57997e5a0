"""Why a request is not taken, in the words of HTTP and of gRPC at once.

RefusedError
├── BadRequestError         400  the body cannot be read
├── UnauthenticatedError    401  no ingest key, or one that is not ours
├── ForbiddenError          403  a key of ours that is not in force, a page that may not send
├── SlowRequestError        408  the body did not arrive in time
├── TooLargeError           413  the body is over the limit
├── UnsupportedError        415  an encoding that we do not speak
└── TryAgainError           429 or 503, with Retry-After: exporters send again what is answered with these

A message never quotes what was sent.
"""

from __future__ import annotations

from typing import ClassVar

from google.rpc import code_pb2


class RefusedError(Exception):
    """A request that is not taken; `http_status` and `grpc_code` say why to a machine."""

    http_status: ClassVar[int]
    grpc_code: ClassVar[int]


class BadRequestError(RefusedError):
    """The body is not what its content type and encoding say: sending it again cannot help."""

    http_status = 400
    grpc_code = code_pb2.INVALID_ARGUMENT


class UnauthenticatedError(RefusedError):
    """The sender gave no ingest key, or none of ours."""

    http_status = 401
    grpc_code = code_pb2.UNAUTHENTICATED


class ForbiddenError(RefusedError):
    """We know who it is, and they may not send now."""

    http_status = 403
    grpc_code = code_pb2.PERMISSION_DENIED


class SlowRequestError(RefusedError):
    """The body did not arrive in time; a client that trickles must not hold memory."""

    http_status = 408
    grpc_code = code_pb2.DEADLINE_EXCEEDED


class TooLargeError(RefusedError):
    """The body is larger than the limit, as sent or after decompression."""

    http_status = 413
    grpc_code = code_pb2.INVALID_ARGUMENT


class UnsupportedError(RefusedError):
    """The content type or the content encoding is none that we speak."""

    http_status = 415
    grpc_code = code_pb2.INVALID_ARGUMENT


class TryAgainError(RefusedError):
    """Too much at the moment (the spool is full, or memory): nothing was taken, the same request may come again."""

    http_status = 429
    grpc_code = code_pb2.RESOURCE_EXHAUSTED

    def __init__(self, message: str, *, retry_after_seconds: int = 2) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds  # stock exporters give up after 10 s: leave room for tries


class UnavailableError(TryAgainError):
    """The disk refuses at the moment."""

    http_status = 503
    grpc_code = code_pb2.UNAVAILABLE


class OverdueError(UnavailableError):
    """What came before has waited for too long: nothing more is promised until it is stored."""
