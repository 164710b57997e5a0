"""Ingest keys: authentication of senders, their team and environment, expiry and limits; new keys."""
