"""Another policy while everything runs: the supervisor reads and checks the file once, every process takes it over.

What is wrong with a file is logged, and the policy before it stays in force. Processes are handed the policy itself,
so none of them can read another state of the file than the one that was checked.
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
from collector.spool.seal import KeyFileError
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

LOOK_EVERY: Final = 1.0
"""Seconds between looks at the file; it is read when two looks have seen the same, so that no half-written one is."""

_NAMED: Final = 10  # of what is gone; the rest is counted

_NOTHING: Final = {"ingest_keys": "[]", "prices": "[]"}
"""How a section says nothing, where that is no empty mapping."""

Message = Policy | int
"""What a supervisor hands to a process: another policy, or how many files it has refused so far."""

_State = tuple[int, int, int]


class PolicyFile:
    """The policy file as the supervisor watches it: one that appears or changes is taken over, a lost one is not."""

    def __init__(self, settings: Settings, policy: Policy, *, receiver: bool, dashboard: bool) -> None:
        self.refused = 0
        self._policy = policy
        self._text = ""  # of the file that the policy in force was read from; unknown until the first look
        self._settings = settings
        self._receiver = receiver
        self._dashboard = dashboard
        self._path = settings.policy_path or Path("spanledger.yaml").absolute()
        self._read: _State | None = None  # unknown: it may have changed since the policy was made of it
        self._seen: _State | None = None
        self._looked_at = 0.0
        self._asked = False

    def ask(self) -> None:
        """Have the file read at the next call of `changed`; for signal handlers."""
        self._asked = True

    def changed(self) -> Policy | None:
        """Return another policy if the file has changed, is whole and can be used; to be called now and then."""
        if self._asked:
            self._asked = False
            return self._again(asked=True)
        if time.monotonic() < self._looked_at + LOOK_EVERY:
            return None
        self._looked_at = time.monotonic()
        seen, self._seen = self._seen, self._state()
        return self._again(asked=False) if self._seen == seen != self._read else None

    def _again(self, *, asked: bool) -> Policy | None:
        self._read = self._state()
        try:
            text = read_policy_text(self._path)
            policy = parse_policy(text, self._path)
            self._check(policy)
            gone = self._lost(text, policy)
        except (PolicyError, SettingsError, RedactionError, KeyFileError) as error:
            self._refuse(str(error))
            return None
        except Exception as error:  # noqa: BLE001 - no file, whatever it holds, may end the supervisor
            self._refuse(f"{self._path}: {type(error).__name__} while it was read")
            return None
        if self._state() != self._read:  # it was written meanwhile; a later look reads it
            self._read = None
            return None
        self._text = text
        if policy == self._policy:
            if asked:
                log.info("%s was read again and says the same", self._path)
            return None
        self._policy = policy
        log.info("%s was read again: %s", self._path, _summary(policy))
        if gone:
            log.warning("%s protects less than before, without: %s", self._path, _listed(gone))
        return policy

    def _refuse(self, why: str) -> None:
        self.refused += 1
        log.error("the policy file is refused, the policy before it stays in force: %s (refusal %s)", why, self.refused)

    def _lost(self, text: str, policy: Policy) -> list[str]:
        """Return what the policy no longer protects. Raises PolicyError where it looks emptied or cut off."""
        if self._policy.ingest_keys and not policy.ingest_keys:
            raise PolicyError(
                f"{self._path}: no ingest keys are set in it, and a running receiver keeps asking for one:"
                " restart it to do without"
            )
        if sections := sections_gone(self._policy, policy):
            raise PolicyError(
                f"{self._path}: has no section {_listed(sections)} any more, as a file that was emptied or cut off:"
                f" write {sections[0]}: {_NOTHING.get(sections[0], '{}')} to do without it, or restart"
            )
        gone = losses(self._policy, policy)
        if gone and self._text.startswith(text.rstrip()):
            raise PolicyError(
                f"{self._path}: is the beginning of the file in force and lacks {_listed(gone)}, as one that was"
                " cut off: restart to do without"
            )
        return gone

    def _check(self, policy: Policy) -> None:
        """Hold a policy against what a start with it would ask."""
        refuse_keyless_receiver(self._settings, policy, receiver=self._receiver, dashboard=self._dashboard)
        if self._receiver:
            for name in policy.redaction.models:
                require_model(name or DEFAULT)
            load_pseudonym_key(self._settings, policy)

    def _state(self) -> _State | None:
        """Return what changes when the file does."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


class PolicyFeed:
    """The policy in force in a process; others come from its supervisor by `source`, the latest counts."""

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
        """Call `take_over` with the policy that is in force and with every one that comes, one after the other."""
        with self._lock:
            self._take_over = take_over
            take_over(self._policy)

    def counting(self, count: Callable[[int], None]) -> None:
        """Call `count` with the number of files that were refused so far, whenever one more is."""
        self._count_refusals = count

    def _receive(self) -> None:
        while True:
            try:
                policy = self._source.recv()  # type: ignore[union-attr]  # there is one, or no thread
            except (EOFError, OSError):
                return
            if isinstance(policy, int):
                self._count_refusals(policy)
                continue
            with self._lock:
                self._policy = policy
                if self._take_over is not None:
                    _or_end(self._take_over, policy)


def _or_end(take_over: Callable[[Policy], None], policy: Policy) -> None:
    """End the process if it cannot take a policy over: it is started again under it, and never goes on with half."""
    try:
        take_over(policy)
    except Exception as error:  # noqa: BLE001 - whatever it is
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.critical("a policy is not taken over: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
        os._exit(1)


def heed_hangup(again: Callable[[], None], stop: Callable[[], None]) -> None:
    """On SIGHUP call `again`; or `stop`, where it says that the terminal was closed (and nohup was not asked for)."""
    on_terminal = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and _has_terminal()
    signal.signal(signal.SIGHUP, lambda *_: stop() if on_terminal and not _has_terminal() else again())


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join([*names[:_NAMED], f"and {more} more"] if more > 0 else names)


def _summary(policy: Policy) -> str:
    keys = len(policy.ingest_keys)
    digest = "" if policy.redaction == type(policy.redaction)() else policy.redaction.digest
    return f"{keys} ingest {'key' if keys == 1 else 'keys'}, redaction {digest or 'as by default'}"
