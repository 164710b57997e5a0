"""Content encodings of a request, decompressed step by step so that a zip bomb is stopped where the limit is."""

from __future__ import annotations

import sys
import zlib
from typing import TYPE_CHECKING, Protocol

from collector.receivers.refusals import BadRequestError, TooLargeError, UnsupportedError

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

if TYPE_CHECKING:
    from collections.abc import Callable

_ZSTD_WINDOW_LOG = 26  # 64 MiB: a frame may ask for a window, which is memory, of up to 2 GiB


class _Decompressor(Protocol):
    """What zlib's and zstd's decompressors have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


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
        raise UnsupportedError(f"Content-Encoding must be one of {ENCODINGS}.")
    return encoding


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the decompressed body; never holds more than `limit` bytes of it."""
    if encoding == "identity":
        return body
    parts: list[bytes] = []
    total = 0
    rest = body
    while rest or not parts:
        decompressor = _DECOMPRESSORS[encoding]()
        try:
            part = decompressor.decompress(rest, limit - total + 1)
        except (zlib.error, ZstdError):
            raise BadRequestError(f"The body is not {encoding}.") from None
        total += len(part)
        if total > limit:
            raise TooLargeError(f"The decompressed body is over {limit} bytes.")
        if not decompressor.eof:
            raise BadRequestError(f"The {encoding} body ends too early.")
        parts.append(part)
        rest = decompressor.unused_data  # gzip and zstd allow several members one after the other
    return b"".join(parts)
