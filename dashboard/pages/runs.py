"""The list of runs: what happened lately, and what it adds up to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard import connection, filters, formatting, links, run_cells, store_away, viewer
from dashboard.components.blocks import Fact, facts, notice
from dashboard.components.table import Cell, Column, Row, table
from schema.queries.drills import LastDrill, last_drill, removed_share
from schema.queries.filters import Filter
from schema.queries.runs import RunList, Summary, list_runs, summary
from schema.queries.session_sizes import session_sizes

if TYPE_CHECKING:
    from datetime import tzinfo

    from dashboard.components.blocks import Tone
    from schema.queries.scope import Scope

PAGE_SIZE: Final = 100
LAST_PAGE: Final = 1_000_000
_REFRESH_S: Final = 1.0
_COLUMNS: Final = (
    Column("Started"),
    Column("Team"),
    Column("Workflow"),
    Column("Outcome"),
    Column("Duration", numeric=True),
    Column("Cost", numeric=True),
    Column("Model calls", numeric=True),
    Column("Tool calls", numeric=True),
    Column("Errors", numeric=True),
    Column("Models"),
    Column("Input", wide=True),
)
_SHOWN: Final = (
    *("trace_id", "first_trace_id", "team", "workflow", "workflow_version", "root_name", "outcome", "error"),
    *("complete", "closed", "start_time", "duration_ns", "cost_usd", "unpriced_calls", "model_calls", "model_errors"),
    *("tool_calls", "tool_errors", "models", "input_preview"),
)
_EMPTY: Final = """
#### No runs yet

Point an OpenTelemetry exporter at Spanledger and its runs appear here within two seconds:

```sh
export OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
```

To look around first, send sample runs of a few teams:

```sh
spanledger demo
```
"""


def page() -> None:
    """Draw the page; while the range is relative to now, it follows what arrives."""
    selection = filters.bar()
    follows = selection.range != filters.CUSTOM
    st.fragment(_body, run_every=_REFRESH_S if follows else None)()


def _body() -> None:
    with store_away.errors_shown():
        _draw(filters.current().filter, filters.viewer_zone())


def _draw(chosen: Filter, zone: tzinfo) -> None:
    number = _page_number()
    found = _list(viewer.scope(), chosen, number)
    if found.total == 0:
        _say_why_empty(chosen)
        return
    _figures(_summary(viewer.scope(), chosen))
    rows = run_cells.plain_rows(found.rows.select(_SHOWN))
    sizes = _session_sizes(viewer.scope(), frozenset((run["first_trace_id"], run["team"]) for run in rows))
    drawn = [_row(run, zone, session_runs=sizes.get((run["first_trace_id"], run["team"]), 1)) for run in rows]
    opened = table("runs", label="Runs, newest first", columns=_COLUMNS, rows=drawn)
    _paging(number, len(rows), found.total)
    if opened:
        links.follow(opened)


# Viewers of the same range share an answer; a second is how old it may be.
@st.cache_resource(ttl=_REFRESH_S * 0.9, max_entries=64, show_spinner=False)
def _list(scope: Scope, chosen: Filter, number: int) -> RunList:
    return list_runs(connection.store(), scope, chosen, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)


@st.cache_resource(ttl=_REFRESH_S * 0.9, max_entries=64, show_spinner=False)
def _session_sizes(scope: Scope, sessions: frozenset[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return session_sizes(connection.store(), scope, sessions)


@st.cache_resource(ttl=_REFRESH_S * 0.9, max_entries=64, show_spinner=False)
def _summary(scope: Scope, chosen: Filter) -> Summary:
    return summary(connection.store(), scope, chosen)


@st.cache_resource(ttl=_REFRESH_S * 10, max_entries=1, show_spinner=False)
def _last_drill() -> list[LastDrill]:
    found = last_drill(connection.store())
    return [found] if found else []


def _proven(last: list[LastDrill]) -> Fact:
    """Say what the last drill proved of redaction."""
    for drill in last:
        tone: Tone = "warn" if drill.removed < drill.planted else ""
        proven = f"of {drill.planted} planted texts, last proven {drill.at:%Y-%m-%d}"
        return Fact("Redaction", removed_share(drill.removed, drill.planted), proven, tone)
    return Fact("Redaction", "not proven", "spanledger drill proves it")


def _page_number() -> int:
    given = st.query_params.get("page", "1")
    if given.isdecimal() and 1 <= int(given) <= LAST_PAGE:
        return int(given)
    notice(f"The address asks for page “{given[:40]}”: write a number from 1. Showing page 1 instead.")
    return 1


def _say_why_empty(chosen: Filter) -> None:
    everything = Filter(datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
    if list_runs(connection.store(), viewer.scope(), everything, limit=1).total == 0:
        st.markdown(_EMPTY.format(endpoint=connection.endpoint()))
        return
    named = " and ".join([*(chosen.teams and [" or ".join(chosen.teams)]), *(chosen.workflows and ["these workflows"])])
    notice(f"No runs in this time range{f' for {named}' if named else ''}: choose a longer one or fewer names.")


def _figures(total: Summary) -> None:
    unpriced = (
        formatting.plural(total.unpriced_calls, "call") + " without a price" if total.unpriced_calls else "all priced"
    )
    facts(
        [
            Fact("Runs", formatting.count(total.runs), f"{formatting.count(total.success)} marked a success"),
            Fact(
                "Runs with an error",
                formatting.count(total.errors),
                formatting.share(total.errors, total.runs),
                "bad" if total.errors else "",
            ),
            Fact(
                "Cost",
                formatting.money(
                    total.cost_usd, missing=formatting.NO_PRICE if total.unpriced_calls else formatting.UNKNOWN
                ),
                unpriced if total.cost_usd is not None or total.unpriced_calls else "no model calls",
                "warn" if total.unpriced_calls else "",
            ),
            Fact("Input tokens", formatting.tokens(total.input_tokens)),
            Fact("Output tokens", formatting.tokens(total.output_tokens)),
            Fact("Duration p50", formatting.duration(total.p50_ns)),
            Fact("Duration p95", formatting.duration(total.p95_ns)),
            _proven(_last_drill()),
        ],
        label="Summary of the chosen runs",
    )


def _row(run: dict[str, Any], zone: tzinfo, *, session_runs: int) -> Row:
    errors = run["model_errors"] + run["tool_errors"]
    return Row(
        key=f"{run['trace_id']} {run['team']}",
        href=links.href("/run", **links.run_parameters(run["trace_id"], run["team"])),
        cells=(
            run_cells.started(run, zone, note=f"one of {session_runs:,}" if session_runs > 1 else ""),
            Cell(run["team"]),
            Cell(run["workflow"], note=run["workflow_version"], title=run["root_name"]),
            run_cells.outcome(run),
            Cell(formatting.duration(run["duration_ns"] or None)),
            run_cells.cost(run),
            Cell(formatting.count(run["model_calls"])),
            Cell(formatting.count(run["tool_calls"])),
            Cell(formatting.count(errors), tone="bad" if errors or run["error"] else ""),
            Cell(", ".join(run["models"]) or formatting.UNKNOWN),
            Cell(run["input_preview"] or formatting.UNKNOWN),
        ),
    )


def _paging(number: int, shown: int, total: int) -> None:
    last = -(-total // PAGE_SIZE)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(
            f"{shown:,} of {formatting.plural(total, 'run')} shown" + (f", page {number} of {last}" if last > 1 else "")
        )
        if last > 1:
            st.button("Newer", key="newer", disabled=number <= 1, on_click=_turn, args=(number - 1,))
            st.button("Older", key="older", disabled=number >= last, on_click=_turn, args=(number + 1,))


def _turn(number: int) -> None:
    st.query_params["page"] = str(number)
