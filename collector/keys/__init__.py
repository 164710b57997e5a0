"""Ingest keys: who may send, in whose name, how long and how much; new ones, and their place in the policy file."""
