"""The policy that the server works by, for a command that may come right after the policy file was changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from schema.policy.file import PolicyError

if TYPE_CHECKING:
    from collector.service.policy_reload import PolicyFeed
    from collector.settings import Settings
    from schema.policy.policy import Policy

_WITHIN: Final = 10.0  # seconds: the supervisor looks at the file every second and reads it once it stays the same


def policy_in_force(settings: Settings, feed: PolicyFeed) -> Policy:
    """Return the policy in force, once it is the one that the policy file holds.

    Raises PolicyError where the file holds another one that the supervisor does not take over: what a command changes
    must not depend on a file that was refused. Where there is no file any more, the last policy stays in force.
    """
    if settings.policy_path is None:
        return feed.policy
    written = settings.policy()
    deadline = time.monotonic() + _WITHIN
    while feed.policy != written:
        if time.monotonic() > deadline:
            raise PolicyError(
                f"{settings.policy_path}: is not in force: the running instance refused it or has not read it yet."
                " Its log names the reason"
            )
        time.sleep(0.1)
    return feed.policy
