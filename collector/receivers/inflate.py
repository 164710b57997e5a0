"""Decompresses request bodies in slices, with limits on size, members and CPU time for any content."""

from __future__ import annotations

import sys
import time
import zlib
from typing import TYPE_CHECKING, Final, Protocol

from collector.otlp.refusals import BadRequestError, TooLargeError, UnsupportedError

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_MEMBERS: Final = 4096
"""Limit of gzip members or zstd frames in a body; parallel compressors write one per 64 KiB or more."""

CPU_SECONDS: Final = 5.0
"""Limit of CPU time to decompress one body; an ordinary one of 64 MiB takes a tenth of it."""

_SLICE_BYTES: Final = 16 << 10  # first slice of a member; small, because its unused rest is copied at the member's end
_LARGEST_SLICE_BYTES: Final = 4 << 20
_ZSTD_WINDOW_LOG: Final = 26  # 64 MiB: a frame may ask for a window, which is memory, of up to 2 GiB


class _Decompressor(Protocol):
    """The common interface of zlib's and zstd's decompressors."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: memoryview, max_length: int, /) -> bytes: ...


def _gzip() -> _Decompressor:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _zstd() -> _Decompressor:
    return ZstdDecompressor(options={DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": zlib.decompressobj,  # the zlib format, RFC 9110, 8.4.1
    "zstd": _zstd,
}
ENCODINGS = "gzip, deflate, zstd, identity"
"""Value of `accept-encoding` in a refusal."""


def content_encoding(header: str | None) -> str:
    """Return the encoding in a Content-Encoding header; `identity` if it is missing. Raises UnsupportedError."""
    encoding = (header or "identity").strip().lower()
    if encoding != "identity" and encoding not in _DECOMPRESSORS:
        raise UnsupportedError(f"Content-Encoding must be one of {ENCODINGS}, and one alone.")
    return encoding


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the decompressed body of at most `limit` bytes; the time is linear in its length.

    Raises BadRequestError (not of this encoding, cut short, too many members, too slow) or TooLargeError.
    """
    if encoding == "identity":
        return body
    content = memoryview(body)
    parts: list[bytes] = []
    total = position = 0
    began = time.thread_time()
    for _ in range(MAX_MEMBERS):
        decompressor = _DECOMPRESSORS[encoding]()
        size = _SLICE_BYTES
        while not decompressor.eof:
            if position == len(content):
                raise BadRequestError(f"The {encoding} body ends too early.")
            part = content[position : position + size]
            size = min(4 * size, _LARGEST_SLICE_BYTES)
            try:
                parts.append(decompressor.decompress(part, limit - total + 1))
            except (zlib.error, ZstdError):
                raise BadRequestError(f"The body is not {encoding}.") from None
            total += len(parts[-1])
            if total > limit:
                raise TooLargeError(f"The decompressed body is over {limit} bytes.")
            if time.thread_time() - began > CPU_SECONDS:
                raise BadRequestError(f"The {encoding} body takes more than {CPU_SECONDS:g} s to decompress.")
            position += len(part)
        position -= len(decompressor.unused_data)
        if position == len(content):
            return b"".join(parts)
    raise BadRequestError(f"The {encoding} body has more than {MAX_MEMBERS} members: compress it as one.")
