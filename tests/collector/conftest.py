from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from running_door import Door

from collector.settings import Settings
from schema.policy.policy import Policy

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def open_door(tmp_path: Path) -> Iterator[Callable[..., Door]]:
    """Return a function that starts a door under a policy; `settings` are fields of Settings."""
    doors: list[Door] = []

    def start(policy: Policy | None = None, *, client_tls: ssl.SSLContext | None = None, **settings: object) -> Door:
        made = Settings.model_validate({"data_dir": tmp_path, **settings})
        doors.append(Door(made, policy or Policy(), client_tls))
        return doors[-1]

    yield start
    for door in doors:
        door.close()
