"""What one viewer may read. Every query of a page takes a Scope and reads no row outside of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Scope:
    """The teams that a viewer may read; None: every team, and what is of no team (ledger, holdings)."""

    teams: frozenset[str] | None = None

    @property
    def where(self) -> str:
        """The condition, for every table with a column `team`; its parameters are `parameters`."""
        return self.covers("team")

    def covers(self, team: str) -> str:
        """Return the condition that the viewer may read the team that this SQL expression gives."""
        return "1" if self.teams is None else f"{team} IN {{scope_teams:Array(String)}}"

    @property
    def parameters(self) -> dict[str, Any]:
        """What `where` and `covers` bind."""
        return {} if self.teams is None else {"scope_teams": sorted(self.teams)}

    def require_instance(self) -> None:
        """Raise OutOfScopeError unless the viewer may read what concerns the instance as a whole."""
        if self.teams is not None:
            raise OutOfScopeError("This concerns the whole instance: a viewer of single teams may not read it.")


EVERYTHING: Final = Scope()
"""The scope of an operator on this machine, and until there are roles that of every viewer."""


class OutOfScopeError(PermissionError):
    """A viewer asked for what is not in the viewer's scope; the message is written for the user."""
