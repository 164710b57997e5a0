from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from running_receiver import RunningReceiver

from collector.settings import Settings
from schema.policy.policy import Policy

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def start_receiver(tmp_path: Path) -> Iterator[Callable[..., RunningReceiver]]:
    """Return a function that starts a receiver under a policy; `settings` are fields of Settings."""
    receivers: list[RunningReceiver] = []

    def start(
        policy: Policy | None = None, *, client_tls: ssl.SSLContext | None = None, **settings: object
    ) -> RunningReceiver:
        made = Settings.model_validate({"data_dir": tmp_path, **settings})
        receivers.append(RunningReceiver(made, policy or Policy(), client_tls))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()
