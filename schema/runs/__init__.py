"""The table `runs`: computed from spans and log records whenever some of them arrive.

`refresh` is the way in. `spans` reads, `late_context` and `log_content` complete the spans, `recompute` summarises,
`sessions` and `session_links` connect runs, `closing` ends runs whose root never comes.
What may live here: facts of a whole run. What may not: questions of pages (queries/).
"""
