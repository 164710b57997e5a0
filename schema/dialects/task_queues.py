"""Celery and Temporal: the frame in which agents run. Their message and run ids are no sessions.

https://opentelemetry-python-contrib.readthedocs.io/en/latest/instrumentation/celery/celery.html
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="task_queues",
    scopes=("opentelemetry.instrumentation.celery", "temporalio"),
    failures={"celery.state": frozenset({"failure"})},
)
