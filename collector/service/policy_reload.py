"""Reloads the policy at run time: the supervisor reads and checks the file once, and sends it to every process.

A bad file is logged, and the previous policy stays in force. Processes receive the policy itself, not the path, so none
of them can read another state of the file than the checked one.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from collector.service.pseudonym_key import load_pseudonym_key
from collector.settings import SettingsError, refuse_keyless_receiver
from collector.spool.key_files import KeyFileError
from redaction.errors import RedactionError
from redaction.models import DEFAULT, require_model
from schema.policy.file import read_policy_text
from schema.policy.losses import losses, sections_gone
from schema.policy.policy import Policy, PolicyError, parse_policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from collector.settings import Settings

log = logging.getLogger(__name__)

CHECK_EVERY: Final = 1.0
"""Seconds between two checks of the file. It is read after two equal checks, so that no half-written file is read."""

_MAX_NAMED: Final = 10  # lost protections to name; the others are counted

_EMPTY: Final = {"ingest_keys": "[]", "prices": "[]"}
"""How to write an empty section, if that is not an empty mapping."""

Message = Policy | int
"""What the supervisor sends to a process: another policy, or the number of files that it has refused so far."""

_State = tuple[int, int, int]


class PolicyFile:
    """Watches the policy file for the supervisor. A new or changed file is used; a deleted one is ignored."""

    def __init__(self, settings: Settings, policy: Policy, *, receiver: bool, dashboard: bool) -> None:
        self.refused = 0
        self._policy = policy
        self._text = ""  # text of the policy in force; unknown until the first reload
        self._settings = settings
        self._receiver = receiver
        self._dashboard = dashboard
        self._path = settings.policy_path or Path("spanledger.yaml").absolute()
        self._read: _State | None = None  # unknown at first: the file may have changed since the start read it
        self._seen: _State | None = None
        self._checked_at = 0.0
        self._requested = False

    def request_reload(self) -> None:
        """Reload the file at the next call of `changed`; safe in signal handlers."""
        self._requested = True

    def changed(self) -> Policy | None:
        """Return the new policy if the file has changed, is complete and can be used; to be called regularly."""
        if self._requested:
            self._requested = False
            return self._reload(requested=True)
        if time.monotonic() < self._checked_at + CHECK_EVERY:
            return None
        self._checked_at = time.monotonic()
        seen, self._seen = self._seen, self._state()
        return self._reload(requested=False) if self._seen == seen != self._read else None

    def _reload(self, *, requested: bool) -> Policy | None:
        self._read = self._state()
        try:
            text = read_policy_text(self._path)
            policy = parse_policy(text, self._path)
            self._check(policy)
            lost = self._losses(text, policy)
        except (PolicyError, SettingsError, RedactionError, KeyFileError) as error:
            self._refuse(str(error))
            return None
        except Exception as error:  # noqa: BLE001 - no content of the file may end the supervisor
            self._refuse(f"{self._path}: {type(error).__name__} while it was read")
            return None
        if self._state() != self._read:  # it was written meanwhile; a later check reads it
            self._read = None
            return None
        self._text = text
        if policy == self._policy:
            if requested:
                log.info("%s was read again and has not changed", self._path)
            return None
        self._policy = policy
        log.info("%s was read again: %s", self._path, _summary(policy))
        if lost:
            log.warning("%s protects less than before, without: %s", self._path, _listed(lost))
        return policy

    def _refuse(self, reason: str) -> None:
        self.refused += 1
        log.error(
            "the policy file is refused, the previous policy stays in force: %s (refusal %s)", reason, self.refused
        )

    def _losses(self, text: str, policy: Policy) -> list[str]:
        """Return what the policy no longer protects. Raises PolicyError if the file looks emptied or cut short."""
        if self._policy.ingest_keys and not policy.ingest_keys:
            raise PolicyError(
                f"{self._path}: has no ingest keys, and a running receiver cannot stop requiring one:"
                " restart to do without keys"
            )
        if sections := sections_gone(self._policy, policy):
            raise PolicyError(
                f"{self._path}: no longer has the section {_listed(sections)}, like a file that was emptied or cut"
                f" short: write {sections[0]}: {_EMPTY.get(sections[0], '{}')} to do without it, or restart"
            )
        lost = losses(self._policy, policy)
        if lost and self._text.startswith(text.rstrip()):
            raise PolicyError(
                f"{self._path}: is only the beginning of the file in force and lacks {_listed(lost)}, like a file that"
                " was cut short: restart to do without"
            )
        return lost

    def _check(self, policy: Policy) -> None:
        """Check a policy as a start with it would."""
        refuse_keyless_receiver(self._settings, policy, receiver=self._receiver, dashboard=self._dashboard)
        if self._receiver:
            for name in policy.redaction.models:
                require_model(name or DEFAULT)
            load_pseudonym_key(self._settings, policy)

    def _state(self) -> _State | None:
        """Return inode, modification time and size of the file, None if it is missing."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


class PolicyFeed:
    """The policy in force in a process. The supervisor sends new ones through `source`; the latest one applies."""

    def __init__(self, policy: Policy, source: Connection[Policy, Message] | None) -> None:
        self._policy = policy
        self._count_refusals: Callable[[int], None] = lambda _: None
        self._source = source
        self._lock = threading.Lock()
        self._take_over: Callable[[Policy], None] | None = None
        if source is not None:
            threading.Thread(target=self._receive, name="policy-feed", daemon=True).start()

    @property
    def policy(self) -> Policy:
        """The policy in force now."""
        return self._policy

    def each(self, take_over: Callable[[Policy], None]) -> None:
        """Call `take_over` with the policy in force now, and later with each new one."""
        with self._lock:
            self._take_over = take_over
            take_over(self._policy)

    def counting(self, count: Callable[[int], None]) -> None:
        """Call `count` with the number of refused files after each refusal."""
        self._count_refusals = count

    def _receive(self) -> None:
        while True:
            try:
                policy = self._source.recv()  # type: ignore[union-attr]  # the thread runs only with a source
            except (EOFError, OSError):
                return
            if isinstance(policy, int):
                self._count_refusals(policy)
                continue
            with self._lock:
                self._policy = policy
                if self._take_over is not None:
                    _exit_on_error(self._take_over, policy)


def _exit_on_error(take_over: Callable[[Policy], None], policy: Policy) -> None:
    """Exit if the process cannot take over a policy: it restarts with that policy, and never runs half-changed."""
    try:
        take_over(policy)
    except Exception as error:  # noqa: BLE001 - whatever it is
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.critical("a policy cannot be taken over: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
        os._exit(1)


def reload_on_sighup(reload: Callable[[], None], stop: Callable[[], None]) -> None:
    """On SIGHUP call `reload`; call `stop` if the signal means that the terminal was closed (and nohup is not used)."""
    on_terminal = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and _has_terminal()
    signal.signal(signal.SIGHUP, lambda *_: stop() if on_terminal and not _has_terminal() else reload())


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _listed(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join([*names[:_MAX_NAMED], f"and {more} more"] if more > 0 else names)


def _summary(policy: Policy) -> str:
    keys = len(policy.ingest_keys)
    digest = "" if policy.redaction == type(policy.redaction)() else policy.redaction.digest
    return f"{keys} ingest {'key' if keys == 1 else 'keys'}, redaction {digest or 'as by default'}"
