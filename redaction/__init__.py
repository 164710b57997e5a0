"""Redaction: takes a text, returns the redacted text and its findings. Knows nothing of OTLP, HTTP or ClickHouse."""
