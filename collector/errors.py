"""Errors with a message for the user. Imports nothing, so that every module may import it.

UserError
├── SettingsError  a setting cannot be used (collector.settings)
├── SpoolError     the spool cannot be used (collector.spool.file has its subclasses)
├── KeyFileError   a key file cannot be used (collector.spool.seal)
├── IntakeError    a file is not an OTLP request
├── DemoError      the sample runs were not accepted (collector.demo)
└── DrillError     a drill could not be run (collector.drill)

Errors of `schema` and `redaction` have base classes of their own: PolicyError, StoreError and RedactionError.
"""

from __future__ import annotations


class UserError(Exception):
    """The command line prints the message, one sentence, and exits with status 1."""


class IntakeError(UserError, ValueError):
    """A file is not an OTLP request; the message names the file and the expected content."""
