"""Content encodings of a request, decompressed in slices: what a body may cost is bounded, whatever it holds."""

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
"""Members of gzip or frames of zstd in a body; parallel compressors make one for each 64 KiB or more."""

CPU_SECONDS: Final = 5.0
"""What decompressing one body may take of a thread; an honest one of 64 MiB takes a tenth of it."""

_SLICE_BYTES: Final = (
    16 << 10
)  # the first of a member: a decompressor copies what is left of its input at the end of one
_LARGEST_SLICE_BYTES: Final = 4 << 20
_ZSTD_WINDOW_LOG: Final = 26  # 64 MiB: a frame may ask for a window, which is memory, of up to 2 GiB


class _Decompressor(Protocol):
    """What zlib's and zstd's decompressors have in common."""

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
"""What an answer says about which encodings may come."""


def content_encoding(header: str | None) -> str:
    """Return the encoding that a Content-Encoding header names; `identity` for none. Raises UnsupportedError."""
    encoding = (header or "identity").strip().lower()
    if encoding != "identity" and encoding not in _DECOMPRESSORS:
        raise UnsupportedError(f"Content-Encoding must be one of {ENCODINGS}, and one alone.")
    return encoding


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the decompressed body; never holds more than `limit` bytes of it, and takes time by its length.

    Raises BadRequestError (not of this encoding, cut off, too many members, too slow) or TooLargeError.
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
