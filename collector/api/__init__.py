"""The server's HTTP API on loopback, and its client, which the command line uses to reach a running instance.

`app` combines the routes, `client` calls them, `contract` has the types of both; each group of routes has its module.
"""
