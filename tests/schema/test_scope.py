"""A viewer of one team reads nothing of another, whatever question is asked."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sample_runs import fill, insert_logs, log_record, trace_of

from schema import queries
from schema.queries.arrivals import last_arrival
from schema.queries.costs import by_group, over_time
from schema.queries.drills import last_drill
from schema.queries.filters import Filter, facets
from schema.queries.holdings import holdings
from schema.queries.latency import percentiles
from schema.queries.ledger import lines
from schema.queries.logs import count_loose_logs, count_span_logs, loose_logs, span_logs
from schema.queries.run import load_run, load_span, load_tree, other_teams
from schema.queries.runs import list_runs, summary
from schema.queries.scope import EVERYTHING, OutOfScopeError, Scope
from schema.queries.session_sizes import session_sizes
from schema.queries.sessions import load_session

if TYPE_CHECKING:
    from schema.store.store import Store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = Filter(NOW - timedelta(days=2), NOW)
PAYMENTS, SUPPORT = Scope(frozenset({"payments"})), Scope(frozenset({"support"}))
RUN, TEAM = trace_of(6), "support"

Question = tuple[Any, tuple[Any, ...], dict[str, Any]]
"""A query, what it is asked about, and its options."""

OF_MANY: dict[str, Question] = {
    "list": (list_runs, (ALL,), {"limit": 1_000}),
    "summary": (summary, (ALL,), {}),
    "facets": (facets, (ALL.start, ALL.end), {}),
    **{f"over time {by}": (over_time, (ALL,), {"by": by}) for by in ("team", "workflow")},
    **{f"costs {by}": (by_group, (ALL,), {"by": by}) for by in ("team", "workflow", "model")},
    **{f"latency {by}": (percentiles, (ALL,), {"by": by}) for by in ("workflow", "tool", "model")},
}
OF_NO_TEAM = {last_drill}
INSTANCE: dict[str, Question] = {
    "holdings": (holdings, (), {}),
    "ledger": (lines, (ALL.start, ALL.end), {}),
}


@pytest.fixture(scope="module")
def filled(store: Store) -> Store:
    for table in ("spans", "runs", "logs"):
        store.command(f"TRUNCATE TABLE {table}")
    now = int(NOW.timestamp()) * 10**9
    fill(store, now=now)
    span_id = load_tree(store, EVERYTHING, RUN).column("span_id")[0].as_py()
    insert_logs(store, [log_record(RUN, at=now, span_id=named, body=f"record of {named}") for named in (span_id, "")])
    return store


def of_one(store: Store) -> dict[str, Question]:
    """Return every question about the run RUN."""
    run, span = load_run(store, EVERYTHING, RUN), load_tree(store, EVERYTHING, RUN).column("span_id")[0].as_py()
    assert run is not None
    return {
        "run": (load_run, (RUN,), {}),
        "run of a team": (load_run, (RUN, TEAM), {}),
        "others": (other_teams, (RUN, "another"), {}),
        "tree": (load_tree, (RUN,), {"others": True}),
        "span": (load_span, (RUN, span), {}),
        "span of a team": (load_span, (RUN, span, TEAM), {}),
        "arrival": (last_arrival, (RUN, TEAM), {}),
        "records of a span": (count_span_logs, (RUN, TEAM, span), {}),
        "span's records": (span_logs, (RUN, TEAM, span), {"limit": 9}),
        "records": (count_loose_logs, (RUN, TEAM), {}),
        "loose records": (loose_logs, (RUN, TEAM), {"limit": 9}),
        "session": (load_session, (run.first_trace_id, TEAM), {"limit": 9}),
        "size": (session_sizes, ([(run.first_trace_id, TEAM)],), {}),
    }


def answer(store: Store, scope: Scope, question: Question) -> Any:
    ask, about, options = question
    return plain(ask(store, scope, *about, **options))


def plain(value: Any) -> Any:
    if hasattr(value, "to_pylist"):
        return value.to_pylist()
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def empty(value: Any) -> bool:
    return not any(value.values()) if isinstance(value, dict) else not value


def test_every_query_takes_a_scope_and_is_asked_here(filled: Store) -> None:
    modules = (importlib.import_module(f"schema.queries.{one.name}") for one in pkgutil.iter_modules(queries.__path__))
    asking = {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "store" in inspect.signature(function).parameters
    }
    assert len(asking) > 15
    asking -= OF_NO_TEAM
    for function in asking:
        assert list(inspect.signature(function).parameters)[:2] == ["store", "scope"], function.__qualname__
    assert asking == {ask for ask, *_ in (*OF_MANY.values(), *of_one(filled).values(), *INSTANCE.values())}


@pytest.mark.parametrize("name", OF_MANY)
def test_figures_are_those_of_the_teams_in_scope(filled: Store, name: str) -> None:
    ask, about, options = OF_MANY[name]
    found = answer(filled, PAYMENTS, OF_MANY[name])
    assert found != answer(filled, EVERYTHING, OF_MANY[name])
    if about == (ALL,):
        chosen = Filter(ALL.start, ALL.end, teams=("payments",))
        assert found == plain(ask(filled, EVERYTHING, chosen, **options))
        of_others = Filter(ALL.start, ALL.end, teams=(TEAM, "research"))
        assert plain(ask(filled, PAYMENTS, of_others, **options)) == plain(
            ask(filled, EVERYTHING, Filter(NOW, NOW), **options)
        )
    else:
        assert found == {"teams": ["payments"], "workflows": ["dispute-letter", "refund"]}


def test_a_run_of_another_team_is_not_there(filled: Store) -> None:
    for name, question in of_one(filled).items():
        everything = answer(filled, EVERYTHING, question)
        assert answer(filled, SUPPORT, question) == everything, name
        assert not empty(everything), name
        assert empty(answer(filled, PAYMENTS, question)), name


def test_what_concerns_the_instance_is_for_viewers_of_everything(empty_store: Store) -> None:
    for question in INSTANCE.values():
        with pytest.raises(OutOfScopeError):
            answer(empty_store, PAYMENTS, question)
        answer(empty_store, EVERYTHING, question)
