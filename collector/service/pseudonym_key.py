"""The key for pseudonyms, from the environment or from a file in the data directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.spool.key_files import load_or_create_key

if TYPE_CHECKING:
    from collector.settings import Settings
    from schema.policy.policy import Policy


def load_pseudonym_key(settings: Settings, policy: Policy) -> bytes:
    """Return the key for pseudonyms, empty if the policy uses none. Raises KeyFileError."""
    if not policy.redaction.pseudonymous:
        return b""
    settings.make_data_dir()
    return load_or_create_key(
        settings.pseudonym_key_path, settings.pseudonym_key or None, variable="SPANLEDGER_PSEUDONYM_KEY"
    )
