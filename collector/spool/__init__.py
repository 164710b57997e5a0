"""The spool: what was acknowledged and is not stored yet, sealed, in one SQLite file."""
