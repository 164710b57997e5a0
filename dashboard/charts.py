"""Plotly charts in the dashboard's style."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go
import streamlit as st

from dashboard import formatting, theme

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo
    from decimal import Decimal

MOST_SERIES: Final = len(theme.PALETTE)
_FEW_DECADES: Final = 4  # axes with more are labelled once a decade
_CONFIG: Final = {"displayModeBar": False, "responsive": True}


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None, "traceorder": "normal"},
        "hoverlabel": {"namelength": 40},
    }


def cost_over_time(
    series: Mapping[str, Mapping[datetime, Decimal]], *, start: datetime, end: datetime, zone: tzinfo, width_s: int
) -> None:
    """Draw stacked bars of cost, one colour a label, dearest first.

    More labels than there are colours are drawn as one grey "others"; their number is in its name.
    """
    ranked = sorted(series, key=lambda label: sum(series[label].values()), reverse=True)
    shown: dict[str, Mapping[datetime, Decimal]] = {label: series[label] for label in ranked[:MOST_SERIES]}
    rest = ranked[MOST_SERIES:]
    if rest:
        total: dict[datetime, Decimal] = {}
        for label in rest:
            for bucket, usd in series[label].items():
                total[bucket] = total.get(bucket, 0) + usd
        shown[f"{len(rest)} others"] = total
    figure = go.Figure(
        [
            go.Bar(
                name=_plain(label),
                x=[_wall(bucket, zone) for bucket in values],
                y=[float(usd) for usd in values.values()],
                customdata=[formatting.money(usd) for usd in values.values()],
                hovertemplate="%{customdata}",
                width=width_s * 1000 * 0.86,
                offset=width_s * 1000 * 0.07,
                marker={"color": color, "line": {"width": 0}},
            )
            for (label, values), color in zip(shown.items(), (*theme.PALETTE, theme.REMAINDER), strict=False)
        ]
    )
    figure.update_layout(
        barmode="stack",
        hovermode="x unified",
        # The last bar may reach past the end of the range.
        xaxis={"range": [_wall(start, zone), _wall(end + timedelta(seconds=width_s), zone)], "type": "date"},
        yaxis={"tickprefix": "$", "rangemode": "tozero", "nticks": 5},
        showlegend=True,
        **_layout(320),
    )
    st.plotly_chart(figure, key="cost_over_time", config=_CONFIG)


def latency(labels: Sequence[str], percentiles: Mapping[str, Sequence[float]]) -> None:
    """Draw p50, p95 and p99 (ns) of each label as points on one line, on a logarithmic axis."""
    colors = dict(zip(percentiles, (theme.PALETTE[4], theme.PALETTE[0], theme.PALETTE[5]), strict=True))
    symbols = dict(zip(percentiles, ("circle", "diamond", "line-ns-open"), strict=True))
    names = [_plain(label) for label in labels]
    lowest, highest = (list(values) for values in (percentiles["p50"], percentiles["p99"]))
    figure = go.Figure(
        [
            go.Scatter(
                x=[value for low, high in zip(lowest, highest, strict=True) for value in (low, high, None)],
                y=[value for name in names for value in (name, name, None)],
                mode="lines",
                line={"color": theme.REMAINDER, "width": 2},
                hoverinfo="skip",
                showlegend=False,
            ),
            *(
                go.Scatter(
                    name=percentile,
                    x=list(values),
                    y=names,
                    mode="markers",
                    marker={
                        "color": colors[percentile],
                        "symbol": symbols[percentile],
                        "size": 12,
                        "line": {"width": 3, "color": colors[percentile]},
                    },
                    customdata=[formatting.duration(value) for value in values],
                    hovertemplate="%{customdata}",
                )
                for percentile, values in percentiles.items()
            ),
        ]
    )
    figure.update_layout(
        hovermode="closest",
        xaxis=_duration_axis(min(lowest), max(highest)),
        yaxis={"autorange": "reversed", "automargin": True, "type": "category"},
        **_layout(90 + 34 * len(labels)),
    )
    st.plotly_chart(figure, key="latency", config=_CONFIG)


def _duration_axis(least: float, most: float) -> dict[str, Any]:
    """Return a logarithmic axis over durations in ns, labelled the way durations are written everywhere."""
    first, last = math.floor(math.log10(max(least, 1))), math.ceil(math.log10(max(most, 1)))
    factors = (1, 2, 5) if last - first <= _FEW_DECADES else (1,)
    ticks = [factor * 10**power for power in range(first, last + 1) for factor in factors]
    return {
        "type": "log",
        "tickvals": ticks,
        "ticktext": [formatting.duration(tick) for tick in ticks],
        "range": [math.log10(max(least, 1)) - 0.1, math.log10(max(most, 1)) + 0.1],
    }


def _wall(time: datetime, zone: tzinfo) -> datetime:
    """Return the viewer's wall-clock time without its zone: Plotly draws every time as it is written."""
    return time.astimezone(zone).replace(tzinfo=None)


def _plain(label: str) -> str:
    """Return text that Plotly draws as it is: it reads a few HTML tags in names, and labels come from senders."""
    return label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") or "(none)"
