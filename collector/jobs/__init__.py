"""Periodic work in the server process on data that is already stored: the ledger's copy, the runs.

A new job (alerts, retention, checkpoints) is a module here with one function that does one pass.
"""
