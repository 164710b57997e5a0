"""Text in, redacted text and findings out. Knows nothing of OTLP, HTTP or ClickHouse."""
