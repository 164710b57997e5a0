"""The one way to ClickHouse: embedded, a server or a cluster.

`store` is the client, `migrate` applies `schema/migrations/*.sql`, `cluster` turns one server's DDL into a cluster's,
`read_only` checks other people's SQL, `bulk_update` changes stored spans, `errors` are what callers catch.
What may not live here: questions (queries/) and what rows mean (normalise/, runs/).
"""
