"""The drill: plants invented personal data in made-up runs, sends them through the receiver, and looks for the data."""

from __future__ import annotations

from collector.drill.rehearsal import DrillError, DrillReport, rehearse

__all__ = ["DrillError", "DrillReport", "rehearse"]
