"""The table `runs`: computed from spans and log records whenever some of them arrive.

`refresh` is the entry point. `late_context` and `log_content` complete the spans, `spans` reads them, `summary` and
`outcome` compute a run, `recompute` writes runs, `sessions` and `session_links` connect them, `closing` closes runs
without a root. What may live here: facts of a run. What may not: questions of pages (queries/).
"""
