from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
import sample_runs
from app_pages import ENTRY, opened, said

from dashboard import connection
from schema.store.errors import StoreError
from schema.store.store import Store

if TYPE_CHECKING:
    from conftest import Sample  # type: ignore[attr-defined]  # each test folder has one


def test_pages_folder_is_not_beside_the_script() -> None:
    """Streamlit would run its modules as scripts of their own (see dashboard.entry)."""
    assert not (ENTRY.parent / "pages").exists()


def test_the_version_is_on_the_page(sample: Sample) -> None:
    assert sample.spans
    assert f"<small>{version('spanledger')}</small>" in said(opened())


def test_runs_are_counted(sample: Sample) -> None:
    runs = len({span.trace_id for span in sample.spans})
    text = said(opened(range="7d"))
    assert f"{runs} of {runs} runs shown" in text
    assert f"<dt>Runs</dt><dd>{runs}</dd>" in text
    assert "calls without a price" in text


def test_team_in_the_address_is_chosen_and_kept(sample: Sample) -> None:
    page = opened(range="7d", team="payments")
    assert page.multiselect(key="filter_team").value == ["payments"]
    runs = {span.trace_id for span in sample.spans if span.team == "payments"}
    assert f"{len(runs)} of {len(runs)} runs shown" in said(page)
    assert page.query_params["team"] == "payments"


def test_filter_is_written_into_the_address(sample: Sample) -> None:
    assert sample.spans
    page = opened()
    page.multiselect(key="filter_team").set_value(["support"]).run()
    assert page.query_params["team"] == "support"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"range": "9z"}, "time range “9z”"),
        ({"page": "-1"}, "page “-1”"),
        ({"page": "1e3"}, "page “1e3”"),
        ({"range": "<b>x</b>"}, "&lt;b&gt;x&lt;/b&gt;"),
        ({"team": "nobody"}, "No runs in this time range for nobody"),
    ],
)
def test_odd_address_is_answered_with_a_sentence(sample: Sample, query: dict[str, str], expected: str) -> None:
    assert sample.spans
    assert expected in said(opened(**query))


def test_store_that_does_not_answer_is_a_sentence(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample.spans

    def fail(*_: object) -> None:
        raise StoreError("raw text of a query")

    monkeypatch.setattr(Store, "query", fail)
    text = said(opened())
    assert "The store does not answer" in text
    assert "raw text" not in text


def test_empty_store_says_how_to_send(empty_store: Store) -> None:
    connection.connect(empty_store, "http://127.0.0.1:4318")
    text = said(opened())
    assert "spanledger demo" in text
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in text


def test_many_runs_are_paged(empty_store: Store) -> None:
    connection.connect(empty_store, "http://127.0.0.1:4318")
    start = time.time_ns() - 3 * sample_runs.MINUTE
    sample_runs.insert(empty_store, [span for number in range(120) for span in sample_runs.run(number, start)[:1]])
    assert "100 of 120 runs shown, page 1 of 2" in said(opened())
    page = opened(page="2")
    assert "20 of 120 runs shown, page 2 of 2" in said(page)
    assert page.button(key="older").disabled
