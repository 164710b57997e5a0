"""Errors of redaction; none of them ever carries a piece of the text that was being redacted.

RedactionError
├── ModelMissing     the NER model was never prepared in the model directory
├── UnknownModel     configuration names a model that there is not
├── ModelCorrupt     a model file is not the one that was prepared, or the source is not the one we know
└── Unredactable     one text could not be redacted; the redactor answers with a marker in its place
    ├── TextTooLong
    ├── TextStalled
    └── TimeLimitExceeded
"""

from __future__ import annotations


class RedactionError(Exception):
    """Base of everything that this package raises on purpose."""


class ModelMissing(RedactionError):  # noqa: N818 - reads as the state it reports, like FileNotFound
    """The model directory holds no prepared model: say which command prepares it."""


class UnknownModel(RedactionError):  # noqa: N818 - reads as the state it reports
    """Configuration names a model that there is not; the message lists those that there are."""


class ModelCorrupt(RedactionError):  # noqa: N818 - reads as the state it reports
    """A file's SHA-256 differs from the one it must have: the model must not be trusted with anybody's text."""


class Unredactable(RedactionError):  # noqa: N818 - reads as the state it reports
    """Stops the work on one text, which is then replaced whole."""


class TextTooLong(Unredactable):
    """The text is longer than the limit in the settings."""


class TimeLimitExceeded(Unredactable):
    """The text took longer than the limit in the settings."""


class TextStalled(Unredactable):
    """A process was ended over this text before, or over others of its request, and another must not be."""
