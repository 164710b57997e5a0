"""Ingest keys: who may send, in whose name, how long and how much."""
