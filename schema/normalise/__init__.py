"""Redacted OTLP to rows of the store: one row a span, a log record, a metric point.

`traces`, `logs` and `metrics` are the ways in, one a signal. `plan` reads the dialects' tables, `reading` applies them
to one span, `columns`, `content` and `context` fill the row, `unmapped` keeps what has no column.
What may live here: anything between a decoded, redacted request and the rows to insert.
What may not: a framework's words (dialects/), prices (pricing/), anything that needs other spans of the trace (runs/).
"""
