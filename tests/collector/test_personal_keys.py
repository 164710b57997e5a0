"""Attribute keys with personal data are redacted, and two different keys never become equal."""

from __future__ import annotations

from otlp_requests import key_values, request

from collector.pipeline.redact import redact_traces
from redaction.teams import Rulebook, TeamRedactor


def test_personal_keys_of_a_span_stay_apart() -> None:
    ann, ben = "mails:ann.weber@example.com:sent", "mails:ben.weber@example.com:sent"
    by_user = {"ann.weber@example.com": 1, "ben.weber@example.com": 2}
    export = request(
        {"attributes": {ann: 1, ben: 2, "by_user": by_user}, "events": [("e", {ben: 3})]}, {"attributes": {ben: 4}}
    )
    redactor = TeamRedactor(Rulebook())
    redact_traces(export, redactor, ())
    redactor.close()
    (first,), (second,) = (scope.spans for scope in export.resource_spans[0].scope_spans)
    one, other = "mails:<EMAIL_ADDRESS>:sent", "mails:<EMAIL_ADDRESS_2>:sent"
    by_user = {"<EMAIL_ADDRESS>": 1, "<EMAIL_ADDRESS_2>": 2}
    assert list(first.attributes) == key_values({one: 1, other: 2, "by_user": by_user})
    assert list(first.events[0].attributes) == key_values({other: 3})
    assert list(second.attributes) == key_values({one: 4})
