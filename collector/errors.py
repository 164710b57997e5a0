"""What every error has in common of which the message is written for the user. Imports nothing, so that all may ask.

UserError
├── SettingsError  a setting cannot be used (collector.settings)
├── SpoolError     the spool refuses (collector.spool.file, with those below it)
├── KeyFileError   a key file cannot be used as it is (collector.spool.seal)
├── IntakeError    a file holds no OTLP request
├── DemoError      the sample runs were not taken (collector.demo)
└── DrillError     a drill could not be run (collector.drill)

What `schema` and `redaction` raise has bases of its own: PolicyError, StoreError and RedactionError.
"""

from __future__ import annotations


class UserError(Exception):
    """The command line prints the message as it is, one sentence, and ends with 1."""


class IntakeError(UserError, ValueError):
    """A file that is no OTLP request; the message names it and says what would be one."""
