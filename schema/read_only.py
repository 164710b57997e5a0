"""Somebody's SQL, made safe to run: it may read our tables and nothing else on the machine.

`readonly = 1` alone is not enough in the embedded engine: the function `file` reads any file of this machine and
INTO OUTFILE writes one. So a statement is run as a subquery, where FORMAT, INTO OUTFILE and a second statement
are syntax errors, and the engine's own parse of it must hold neither that function nor a SETTINGS clause.
"""

from __future__ import annotations

import re

_INSPECTION = re.compile(r"(SHOW|DESCRIBE|DESC|EXISTS)(\s+[A-Za-z_][\w.]*)+", re.IGNORECASE)
_FORBIDDEN = {
    re.compile(r"^\s*(Function|Identifier) file\b", re.MULTILINE): "the function file() is not for queries here",
    re.compile(r"^\s*Set\b", re.MULTILINE): "a query may not carry SETTINGS",
}


def as_subquery(statement: str) -> str | None:
    """Return the statement as a SELECT over itself; None for SHOW, DESCRIBE and EXISTS, which cannot be a subquery."""
    statement = statement.strip().rstrip(";").rstrip()
    if _INSPECTION.fullmatch(statement):
        return None
    return f"SELECT * FROM (\n{statement}\n)"  # noqa: S608 - running somebody's SQL is the point; what it may do is checked below


def objection(syntax_tree: str) -> str | None:
    """Return why a query with this syntax tree (EXPLAIN AST) may not run, or None if it may."""
    for pattern, reason in _FORBIDDEN.items():
        if pattern.search(syntax_tree):
            return reason
    return None
