"""The drill: sends runs with invented personal data through the receiver, and searches the store for that data."""

from __future__ import annotations

from collector.drill.rehearsal import DrillError, DrillReport, rehearse

__all__ = ["DrillError", "DrillReport", "rehearse"]
