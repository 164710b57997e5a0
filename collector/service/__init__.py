"""The processes of `spanledger up`: supervisor, receiver, server; reloading the policy.

Nothing here knows what a span is: it starts, watches, restarts and stops.
"""
