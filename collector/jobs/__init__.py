"""Work on what is stored already, in the server process: the ledger's copy.

A new job (alerts, retention, checkpoints) is a module here with one function that does one pass.
"""
