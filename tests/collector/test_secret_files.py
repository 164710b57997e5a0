"""Secrets in files: read once, limited in size, and named in errors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from collector.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "clickhouse://spanledger@clickhouse:8123/spanledger"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SPANLEDGER_")]:
        monkeypatch.delenv(name)


def given(monkeypatch: pytest.MonkeyPatch, name: str, path: Path) -> None:
    monkeypatch.setenv(f"SPANLEDGER_{name}_FILE", str(path))


def test_each_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("dashboard_password", "spool_key", "pseudonym_key", "store_password"):
        (tmp_path / name).write_text(f"the {name}\n")
        given(monkeypatch, name.upper(), tmp_path / name)
    monkeypatch.setenv("SPANLEDGER_STORE", SERVER)
    settings = load_settings()
    assert settings.dashboard_password == "the dashboard_password"
    assert (settings.spool_key, settings.pseudonym_key) == ("the spool_key", "the pseudonym_key")
    assert settings.store_url == "clickhouse://spanledger:the%20store_password@clickhouse:8123/spanledger"


def test_a_password_of_any_characters_goes_into_the_address() -> None:
    settings = Settings(store=SERVER + "?cluster=main", store_password="p@ss:w/rd?#%")
    assert (
        settings.store_url == "clickhouse://spanledger:p%40ss%3Aw%2Frd%3F%23%25@clickhouse:8123/spanledger?cluster=main"
    )


@pytest.mark.parametrize("store", ["", "clickhouse://clickhouse:8123/x", "clickhouse://a:b@clickhouse:8123/x"])
def test_a_password_without_its_user_is_refused(monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    monkeypatch.setenv("SPANLEDGER_STORE", store)
    monkeypatch.setenv("SPANLEDGER_STORE_PASSWORD", "secret")
    with pytest.raises(SettingsError, match=r"SPANLEDGER_STORE_PASSWORD: needs SPANLEDGER_STORE=") as error:
        load_settings()
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff", b"x" * 5000, None])
def test_a_file_without_a_secret_is_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    given(monkeypatch, "DASHBOARD_PASSWORD", tmp_path / "secret")
    with pytest.raises(SettingsError, match=rf"SPANLEDGER_DASHBOARD_PASSWORD_FILE={tmp_path}/secret "):
        load_settings()


@pytest.mark.parametrize("thing", [os.mkfifo, os.mkdir])
def test_a_pipe_or_folder_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, thing: object) -> None:
    assert callable(thing)
    thing(tmp_path / "secret")
    given(monkeypatch, "SPOOL_KEY", tmp_path / "secret")
    with pytest.raises(SettingsError, match="SPANLEDGER_SPOOL_KEY_FILE"):
        load_settings()


def test_a_secret_is_given_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    given(monkeypatch, "DASHBOARD_PASSWORD", tmp_path / "secret")
    monkeypatch.setenv("SPANLEDGER_DASHBOARD_PASSWORD", "y")
    with pytest.raises(SettingsError, match="are both set"):
        load_settings()
