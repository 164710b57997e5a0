"""A command that depends on the policy works by the one in force, and never by a file that was refused."""

from __future__ import annotations

import threading
from multiprocessing import Pipe
from typing import TYPE_CHECKING

import pytest

from collector.service import policy_in_force as module
from collector.service.policy_in_force import policy_in_force
from collector.service.policy_reload import PolicyFeed
from collector.settings import Settings
from schema.policy.policy import Policy, PolicyError, load_policy

if TYPE_CHECKING:
    from pathlib import Path

FREE, DEAR = (f"prices: [{{ model: m, input_per_million: {price}, output_per_million: 1 }}]\n" for price in (0, 9))


def settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "spanledger.yaml"
    file.write_text(text)
    return Settings(data_dir=tmp_path / "data", config=file)


def test_the_policy_of_the_file_is_used_once_it_is_in_force(tmp_path: Path) -> None:
    theirs, ours = Pipe(duplex=False)
    chosen = settings(tmp_path, FREE)
    feed = PolicyFeed(chosen.policy(), theirs)
    assert policy_in_force(chosen, feed) == chosen.policy()
    (tmp_path / "spanledger.yaml").write_text(DEAR)
    threading.Timer(0.3, ours.send, [load_policy(chosen.policy_path)]).start()
    found = policy_in_force(chosen, feed)
    assert found is feed.policy
    assert found.prices == load_policy(chosen.policy_path).prices
    ours.close()


def test_a_file_that_is_not_taken_over_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WITHIN", 0.2)
    feed = PolicyFeed(Policy(), None)
    with pytest.raises(PolicyError, match=r"spanledger\.yaml: is not in force"):
        policy_in_force(settings(tmp_path, DEAR), feed)
    with pytest.raises(PolicyError, match=r"spanledger\.yaml:1: prices\.0"):
        policy_in_force(settings(tmp_path, "prices: [{ model: m, per_second: -1 }]"), feed)


def test_a_lost_file_leaves_the_policy_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    feed = PolicyFeed(settings(tmp_path, DEAR).policy(), None)
    (tmp_path / "spanledger.yaml").unlink()
    assert policy_in_force(Settings(data_dir=tmp_path / "data"), feed).prices
