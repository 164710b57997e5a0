"""Every supported content encoding: complete, in several members, cut short, as a bomb, and with random bytes."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.otlp.refusals import BadRequestError, RefusedError, TooLargeError, UnsupportedError
from collector.receivers.inflate import content_encoding, inflate

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}
MIB = 1 << 20


@pytest.mark.parametrize("encoding", COMPRESS)
@given(body=st.binary(max_size=2_000))
def test_what_was_compressed_comes_back(encoding: str, body: bytes) -> None:
    assert inflate(COMPRESS[encoding](body), encoding, 2_000) == body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_several_members_are_one_body_and_one_limit(encoding: str) -> None:
    members = COMPRESS[encoding](b"a" * 600) + COMPRESS[encoding](b"b" * 600)
    assert inflate(members, encoding, 1_200) == b"a" * 600 + b"b" * 600
    with pytest.raises(TooLargeError):
        inflate(members, encoding, 1_199)


@pytest.mark.parametrize("encoding", COMPRESS)
def test_a_body_that_is_cut_off_is_refused(encoding: str) -> None:
    compressed = COMPRESS[encoding](bytes(range(256)) * 8)
    for end in range(len(compressed)):
        with pytest.raises(BadRequestError):
            inflate(compressed[:end], encoding, MIB)


@pytest.mark.parametrize("encoding", COMPRESS)
def test_a_bomb_is_stopped_at_the_limit(encoding: str) -> None:
    bomb = COMPRESS[encoding](bytes(256 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            inflate(bomb, encoding, MIB)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 30, zstd.CompressionParameter.content_size_flag: 0}
    compressor = zstd.ZstdCompressor(options=options)
    with pytest.raises(BadRequestError):
        inflate(compressor.compress(b"small") + compressor.flush(), "zstd", MIB)


@pytest.mark.parametrize("encoding", COMPRESS)
@given(body=st.binary())
def test_any_bytes_are_refused_or_decoded_and_never_quoted(encoding: str, body: bytes) -> None:
    try:
        inflate(body, encoding, MIB)
    except RefusedError as error:
        assert str(error) in {f"The body is not {encoding}.", f"The {encoding} body ends too early."}  # noqa: PT017 - either is right


def test_encodings_are_named_in_any_case_and_the_others_refused() -> None:
    assert content_encoding(None) == content_encoding(" Identity ") == "identity"
    assert content_encoding("ZSTD") == "zstd"
    for other in ("br", "gzip, gzip", "compress", "snappy"):
        with pytest.raises(UnsupportedError, match="gzip, deflate, zstd"):
            content_encoding(other)
