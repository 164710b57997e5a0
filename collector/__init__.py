"""OTLP in: receivers, spool, redaction workers, writer and the command line."""
