from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.spool.key_files import KeyFileError, load_or_create_key
from collector.spool.seal import Seal, SealError

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))


@given(st.binary(max_size=4096), st.binary(max_size=64))
def test_what_is_sealed_opens_again(body: bytes, aad: bytes) -> None:
    assert Seal(KEY).open(Seal(KEY).seal(body, aad), aad) == body


def test_a_sealed_body_does_not_show_what_is_in_it() -> None:
    sealed = Seal(KEY).seal(b"Marjolein Bakker, 4111 1111 1111 1111", b"")
    assert b"Marjolein" not in sealed
    assert Seal(KEY).seal(b"the same", b"") != Seal(KEY).seal(b"the same", b"")


def test_another_key_another_row_and_damage_are_refused() -> None:
    sealed = Seal(KEY).seal(b"a body" * 100, b"row 1")
    with pytest.raises(SealError):
        Seal(bytes(32)).open(sealed, b"row 1")
    with pytest.raises(SealError):
        Seal(KEY).open(sealed, b"row 2")
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        with pytest.raises(SealError):
            Seal(KEY).open(bytes(damaged), b"row 1")


@given(st.binary(max_size=200))
def test_any_bytes_as_a_sealed_body_are_refused_and_not_quoted(junk: bytes) -> None:
    with pytest.raises(SealError) as refusal:
        Seal(KEY).open(junk, b"")
    assert refusal.value.__cause__ is None


def test_a_body_that_opens_to_more_than_the_bound_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = Seal(KEY).seal(bytes(1 << 20), b"")
    monkeypatch.setattr("collector.spool.seal._MAX_OPENED_BYTES", 1 << 16)
    with pytest.raises(SealError, match="more than 65536 bytes"):
        Seal(KEY).open(sealed, b"")
    with pytest.raises(SealError, match="over the 65536"):
        Seal(KEY).seal(bytes(1 << 20), b"")


def test_digests_of_different_bodies_signals_and_keys_differ() -> None:
    digests = {
        Seal(key).digest(signal, body)
        for key in (KEY, bytes(32))
        for signal in ("traces", "logs")
        for body in (b"a", b"b")
    }
    assert len(digests) == 8
    assert Seal(KEY).digest("traces", b"a") == Seal(KEY).digest("traces", b"a")


def test_a_new_key_file_is_private_and_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "seal.key"
    key = load_or_create_key(path, None)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create_key(path, None) == key
    assert [file.name for file in path.parent.iterdir()] == ["seal.key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    keys: list[bytes] = []
    start = threading.Barrier(8)

    def load() -> None:
        start.wait()
        keys.append(load_or_create_key(tmp_path / "seal.key", None))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    assert load_or_create_key(tmp_path / "seal.key", base64.b64encode(KEY).decode()) == KEY
    assert not (tmp_path / "seal.key").exists()


def test_a_key_file_that_others_may_read_is_refused_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    load_or_create_key(path, None)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match=r"mode 0640.*chmod 600"):
        load_or_create_key(path, None)


@pytest.mark.parametrize("text", ["not base64!", "c2hvcnQ=", "é"])
def test_a_key_that_is_no_key_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeyFileError, match="openssl rand") as refusal:
        load_or_create_key(tmp_path / "seal.key", text)
    assert text not in str(refusal.value)
    path = tmp_path / "seal.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"seal\.key"):
        load_or_create_key(path, None)
