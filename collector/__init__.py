"""The collector: OTLP receivers, spool, redaction workers, writer, and the command line."""
