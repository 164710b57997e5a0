"""The processes of `spanledger up`: supervisor, receiver, server; reloading the policy.

What may live here: starting, watching, restarting and stopping processes. Nothing here depends on what a span is.
"""
