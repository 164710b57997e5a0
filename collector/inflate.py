"""Content encodings of a request, decompressed step by step so that a zip bomb is stopped where the limit is."""

from __future__ import annotations

import zlib

from collector.refusals import BadRequestError, TooLargeError, UnsupportedError

_GZIP = 16 + zlib.MAX_WBITS
_WINDOW = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}  # RFC 9110, 8.4.1


def content_encoding(header: str | None) -> str:
    """Return the encoding that a Content-Encoding header names; `identity` for none. Raises UnsupportedError."""
    encoding = (header or "identity").strip().lower()
    if encoding != "identity" and encoding not in _WINDOW:
        raise UnsupportedError("Content-Encoding must be gzip, deflate or identity.")
    return encoding


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the decompressed body; never holds more than `limit` bytes of it."""
    if encoding == "identity":
        return body
    parts: list[bytes] = []
    total = 0
    rest = body
    while rest or not parts:
        decompressor = zlib.decompressobj(_WINDOW[encoding])
        try:
            part = decompressor.decompress(rest, limit - total + 1)
        except zlib.error:
            raise BadRequestError(f"The body is not {encoding}.") from None
        total += len(part)
        if total > limit:
            raise TooLargeError(f"The decompressed body is over {limit} bytes.")
        if not decompressor.eof:
            raise BadRequestError(f"The {encoding} body ends too early.")
        parts.append(part)
        rest = decompressor.unused_data  # gzip allows several members one after the other
    return b"".join(parts)
