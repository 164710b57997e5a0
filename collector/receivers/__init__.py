"""OTLP receivers, one module a transport."""
