"""The server's HTTP API on loopback, and its client: what the command line asks of a running instance.

`app` puts the routes together, `client` calls them; each group of routes has its module.
"""
