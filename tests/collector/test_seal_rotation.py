"""The key of the seal can be replaced while requests wait."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from collector.spool.key_files import KeyFileError, load_or_create_key, load_or_create_keys
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool, SpoolUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def incoming(body: bytes) -> Incoming:
    return Incoming("traces", body, "sender", "payments", 1)


def test_the_old_key_opens_and_the_new_one_seals(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    spool = Spool(path, Seal(OLD), max_bytes=1 << 20)
    before = spool.append([incoming(b"before")])[0].id
    spool.close()
    spool = Spool(path, Seal(NEW, OLD), max_bytes=1 << 20)
    assert spool.append([incoming(b"before")])[0].duplicate, "a repeat is a repeat also across the change"
    after = spool.append([incoming(b"after")])[0].id
    assert [(one.id, one.body) for one in spool.take(9, 1 << 20)] == [(before, b"before"), (after, b"after")]
    spool.close()
    with pytest.raises(SpoolUnavailableError, match="another key"):
        Spool(path, Seal(NEW), max_bytes=1 << 20)
    spool = Spool(path, Seal(NEW, OLD), max_bytes=1 << 20)
    spool.assign([before], "batch")
    spool.done("batch")
    spool.close()
    spool = Spool(path, Seal(NEW), max_bytes=1 << 20)
    assert [one.body for one in spool.take(9, 1 << 20)] == [b"after"]
    assert spool.append([incoming(b"after")])[0].duplicate
    spool.close()


def test_several_keys_are_named_in_the_setting_or_in_the_file(tmp_path: Path) -> None:
    old, new = (base64.b64encode(key).decode() for key in (OLD, NEW))
    assert load_or_create_keys(tmp_path / "none", f"{new}, {old}") == (NEW, OLD)
    file = tmp_path / "spool.key"
    file.touch(0o600)
    file.write_text(f"{new}\n{old}\n")
    assert load_or_create_keys(file, None) == (NEW, OLD)
    with pytest.raises(KeyFileError, match="2 keys"):
        load_or_create_key(file, None)
    file.write_text("\n")
    with pytest.raises(KeyFileError, match="is empty"):
        load_or_create_keys(file, None)
