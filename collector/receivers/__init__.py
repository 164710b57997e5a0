"""OTLP receivers: one module a transport, and what the transports share."""
