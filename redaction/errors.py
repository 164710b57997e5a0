"""Errors of redaction. None of them ever contains a piece of the text that was being redacted.

RedactionError
├── ModelMissing     the NER model was never prepared in the model directory
├── UnknownModel     configuration names a model that does not exist
├── ModelCorrupt     a model file, or its source, has another SHA-256 than it must have
└── Unredactable     one text could not be redacted; the redactor answers with a marker in its place
    ├── TextTooLong
    ├── TextStalled
    └── TimeLimitExceeded
"""

from __future__ import annotations


class RedactionError(Exception):
    """Base of all errors that this package raises on purpose."""


class ModelMissing(RedactionError):  # noqa: N818 - reads as the state it reports, like FileNotFound
    """The model directory holds no prepared model: say which command prepares it."""


class UnknownModel(RedactionError):  # noqa: N818 - reads as the state it reports
    """Configuration names a model that does not exist; the message lists those that do."""


class ModelCorrupt(RedactionError):  # noqa: N818 - reads as the state it reports
    """A file's SHA-256 differs from the one it must have: the model must not be used."""


class Unredactable(RedactionError):  # noqa: N818 - reads as the state it reports
    """Stops the work on one text, which is then replaced by a marker."""


class TextTooLong(Unredactable):
    """The text is longer than the limit in the settings."""


class TimeLimitExceeded(Unredactable):
    """The text took longer than the limit in the settings."""


class TextStalled(Unredactable):
    """A process was ended because of this text, or of others of its request; it must not happen to another process."""
