"""The drill: invented personal data, planted in made-up runs, sent through the real door, and looked for afterwards."""

from __future__ import annotations

from collector.drill.rehearsal import DrillError, DrillReport, rehearse

__all__ = ["DrillError", "DrillReport", "rehearse"]
