"""From the bytes of a request to redacted rows, in worker processes.

`pipeline` runs the steps (decode, redact, normalise, price), `workers` runs it in processes, `redact` walks the texts
of a request, `text_owner` finds the team of a text, `rules_from_policy` builds the redactors.
"""
