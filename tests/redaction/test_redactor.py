"""Promises of the redactor: right places, JSON stays JSON, equal texts get equal results, identifiers survive."""

from __future__ import annotations

import json
import logging
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redaction.models.rampart import Rampart
from redaction.redactor import Limits, Redactor, build_redactor
from redaction.text import UNREDACTABLE, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redaction.ner.model import Entity
    from redaction.text import Redacted

LETTER = """Hello, this is Marguerite Vandersloot. I moved to 18 Kestrel Lane, Astoria, OR 97103.
Write to m.vandersloot@example.org or call +1 (415) 555-0137 about ORD-77193, it cost $42.10.
Mrs Vandersloot paid with 4111 1111 1111 1111."""
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_a_letter(redactor: Redactor) -> None:
    assert redactor.redact(LETTER).text == (
        "Hello, this is <PERSON>. I moved to <ADDRESS>.\n"
        "Write to <EMAIL_ADDRESS> or call <PHONE_NUMBER> about ORD-77193, it cost $42.10.\n"
        "Mrs <PERSON> paid with <CREDIT_CARD>."
    )


def test_findings_point_into_the_original(redactor: Redactor) -> None:
    raw = json.dumps({"customer": {"name": "Zoë Müller", "phone": 4155550137}, "note": json.dumps({"mail": "z@m.de"})})
    redacted = redactor.redact(raw)
    assert [(finding.entity, raw[finding.start : finding.end]) for finding in redacted.findings] == [
        ("PERSON", "Zo\\u00eb M\\u00fcller"),
        ("PHONE_NUMBER", "4155550137"),
        ("EMAIL_ADDRESS", "z@m.de"),
    ]
    assert json.loads(redacted.text) == {
        "customer": {"name": "<PERSON>", "phone": "<PHONE_NUMBER>"},
        "note": '{"mail": "<EMAIL_ADDRESS>"}',
    }


def rebuilt(text: str, redacted: Redacted) -> str:
    """The text with each finding replaced, rebuilt from the findings alone."""
    parts, position = [], 0
    for finding in redacted.findings:
        assert position <= finding.start < finding.end <= len(text)
        parts += [text[position : finding.start], f"<{finding.entity}>"]
        position = finding.end
    return "".join([*parts, text[position:]])


@relaxed
@given(
    st.text(max_size=120),
    st.sampled_from([LETTER, "Anna Schmidt", "jane@example.com", "078-05-1120", ""]),
    st.text(max_size=60),
)
def test_everything_but_the_findings_is_kept(redactor: Redactor, before: str, middle: str, after: str) -> None:
    text = f"{before} {middle} {after}"
    redacted = redactor.redact(text)
    assert not redacted.failed
    assert rebuilt(text, redacted) == redacted.text


@pytest.mark.parametrize("counted", ["turn 119", "Step 4", "iteration 12", "page 31", "ticket 4711"])
def test_what_agents_number_is_no_address(redactor: Redactor, counted: str) -> None:
    assert redactor.redact(f"{counted} j@example.com").text == f"{counted} <EMAIL_ADDRESS>"


@pytest.mark.parametrize("raw", ["[true, 111, false]", "[111]", "[415, 555, 132]", " [null, 75007, 10115]"])
def test_bare_numbers_in_an_array_are_not_text(redactor: Redactor, raw: str) -> None:
    assert redactor.redact(raw).text == raw


KEYS_THAT_SAY_WHO = ["j@example.com", "k@example.com", "Alice", "Bob", "mia_li_3668", "10.0.0.7", "+1 415 555 0100"]


@relaxed
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.sampled_from(["Anna Schmidt", "j@example.com", "ok"])
        | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "phone", "ssn", "zip", "note", "id", *KEYS_THAT_SAY_WHO])
                | st.text(max_size=6),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ).filter(lambda value: isinstance(value, dict | list)),
    st.booleans(),
)
def test_json_stays_json_of_the_same_shape(redactor: Redactor, value: object, nested: bool) -> None:  # noqa: FBT001 - drawn
    raw = json.dumps({"body": json.dumps(value)} if nested else value)
    result = json.loads(redactor.redact(raw).text)
    if nested:
        result = json.loads(result["body"])
    assert shape(result) == shape(value)


def shape(value: object) -> object:
    if isinstance(value, dict):
        return [shape(inner) for inner in value.values()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return value if value is None or isinstance(value, bool) else "leaf"


def test_nothing_found_means_byte_for_byte_the_same(redactor: Redactor) -> None:
    for text in ('{"a" :  [1,2.50, "\\u00e9\\/" ] }\n', "", "\x00\ufffd", '{"a": 1', "  ", '["x",]', "{'a': 'b'}"):
        assert redactor.redact(text) == (text, ())


def test_redacting_again_changes_nothing(redactor: Redactor) -> None:
    once = redactor.redact(LETTER).text
    again = redactor.redact(once)
    assert (again.text, again.findings) == (once, ())


IDENTIFIERS = [
    "ORD-77193",
    "call_lookup_o",
    "toolu_A1",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "gpt-4o-mini-2024-07-18",
    "text-embedding-3-small",
    "2026-11-22T05:26:31.607Z",
    "1763798400000000000",
    "src/agents/router.py",
    "agents.router.AgentExecutor",
    "user-881",
    "sess-42",
    "$1,299.00",
    "123e4567-e89b-12d3-a456-426614174000",
    "snake_case_name",
    "v2.1.0-rc1",
]


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize(
    "sentence",
    ["{}", "Marta Nowak asked about {} yesterday.", 'result: {{"id": "{}", "customer_name": "Marta Nowak"}}'],
    ids=["alone", "prose", "json"],
)
def test_identifiers_survive(redactor: Redactor, identifier: str, sentence: str) -> None:
    redacted = redactor.redact(sentence.format(identifier))
    assert identifier in redacted.text
    assert "Nowak" not in redacted.text


def test_the_key_is_context(redactor: Redactor) -> None:
    assert redactor.redact("Mia", "user.first_name").text == "<PERSON>"
    assert redactor.redact("Mia", "tool.name", structured=True).text == "Mia"
    assert redactor.redact("mia_li_3668", "user.id").text == "<USERNAME>"
    assert redactor.redact("user-881", "user.id").text == "user-881"
    assert redactor.redact("078051120", "customer.ssn", structured=True).text == "<US_SSN>"
    assert redactor.redact("api.openai.com", "server.address").text == "api.openai.com"


def test_the_key_of_the_whole_is_a_parent_of_the_json_in_it(redactor: Redactor) -> None:
    raw = '{"name": "Orchid"}'
    assert redactor.redact(raw, "customer").text == '{"name": "<PERSON>"}'
    assert redactor.redact(raw, "product.options").text == raw


def test_structured_texts_see_rules_only(redactor: Redactor) -> None:
    assert redactor.redact("Anna Schmidt j@example.com", structured=True).text == "Anna Schmidt <EMAIL_ADDRESS>"


def test_a_name_is_found_again_in_the_same_text(redactor: Redactor) -> None:
    raw = json.dumps({"customer_name": "Zorvath Quell", "log": "zq: Quell|ok"})
    assert "Quell" not in redactor.redact(raw).text


def test_eponyms_stay() -> None:
    raw = json.dumps({"last_name": "Parkinson", "note": "Parkinson has no Parkinson's disease."})
    expected = {"last_name": "<PERSON>", "note": "<PERSON> has no Parkinson's disease."}
    assert json.loads(Redactor(Broken()).redact(raw).text) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"first_name": "Bob", "by_user": {"Bob": 3, "Rob": 1}, "said": "Bobsleigh", "list": ["Bob"]},
            {"first_name": "<PERSON>", "by_user": {"<PERSON>": 3, "Rob": 1}, "said": "Bobsleigh", "list": ["<PERSON>"]},
        ),
        (
            {"first_name": "May", "rain": {"May": 1}, "said": "it may rain"},
            {"first_name": "<PERSON>", "rain": {"May": 1}, "said": "it may rain"},
        ),
    ],
)
def test_a_short_name_is_found_again_where_it_is_the_whole_of_a_text(
    raw: dict[str, object], expected: dict[str, object]
) -> None:
    assert json.loads(Redactor(Broken()).redact(json.dumps(raw)).text) == expected


def test_the_result_of_a_text_does_not_depend_on_other_texts() -> None:
    texts = [Text(line, "input.value") for line in LETTER.splitlines()]
    texts += [
        Text(json.dumps({"note": f"Ask {name} about it.", "n": n}))
        for n, name in enumerate(["Ann Lee", "Bo Chu", "Li Na"])
    ]
    shuffled = random.Random(4).sample(texts, len(texts))
    alone = build_redactor(limits=Limits(cache_bytes=0))
    together = build_redactor(limits=Limits(cache_bytes=0))
    expected = {text: alone.redact(*text[:2]) for text in texts}
    assert dict(zip(shuffled, together.redact_many(shuffled), strict=True)) == expected


def test_cached_results_are_the_same(redactor: Redactor) -> None:
    fresh = build_redactor()
    first = fresh.redact(LETTER)
    assert fresh.redact(LETTER) == first
    assert redactor.redact(LETTER) == first


class Broken:
    """A model that fails on one word and finds nothing elsewhere."""

    name = "broken"
    max_chars = 480
    pace = 100_000
    reads_keys = False

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        if any("poison" in text for text in texts):
            raise ValueError(texts)
        return [[] for _ in texts]

    def close(self) -> None:
        """Do nothing."""


def test_it_fails_closed_and_logs_no_text(caplog: pytest.LogCaptureFixture) -> None:
    redactor = Redactor(Broken())
    with caplog.at_level(logging.DEBUG):
        bad, good = redactor.redact_many([Text("Marta said poison"), Text("x" * 481)])
    assert bad.text == "<UNREDACTED_CONTENT_REMOVED>"
    assert [(finding.entity, finding.start, finding.end) for finding in bad.findings] == [(UNREDACTABLE, 0, 17)]
    assert bad.failed
    assert redactor.failures == 1
    assert good.text == "x" * 481
    assert "ValueError" in caplog.text
    assert "poison" not in caplog.text
    assert "Marta" not in caplog.text


def test_too_long_is_removed() -> None:
    redactor = Redactor(Broken(), limits=Limits(characters=10))
    assert redactor.redact("12345678901").text == "<UNREDACTED_CONTENT_REMOVED>"
    assert redactor.redact("1234567890").text == "1234567890"


def test_too_slow_is_removed() -> None:
    redactor = Redactor(Broken(), limits=Limits(seconds=0.0, pace=10**12))
    records = json.dumps([{"note": f"some words {number}"} for number in range(40)])
    assert redactor.redact(records).text == "<UNREDACTED_CONTENT_REMOVED>"


def test_a_failure_is_not_remembered() -> None:
    class Recovering(Broken):
        failed = False

        def find(self, texts: Sequence[str]) -> list[list[Entity]]:
            if not self.failed:
                self.failed = True
                raise RuntimeError
            return super().find(texts)

    redactor = Redactor(Recovering())
    assert redactor.redact("some words").failed
    assert redactor.redact("some words").text == "some words"


def test_odd_text_never_fails(redactor: Redactor) -> None:
    for text in (
        "\ud83d alone",
        "\x00" * 50,
        "가" * 700,
        "\U0001d510\U0001d51e\U0001d52f " * 90,
        "[" * 5000,
        "a" * 5000,
        "İ" * 600,
        "\u202e" * 30,
    ):
        assert not redactor.redact(text).failed


def test_the_model_answers_for_each_text_alone() -> None:
    model = Rampart()
    texts = ["Ask Marta Nowak.", "Nothing here.", "Write to Chen Wei in Lyon about the order that was late again."]
    assert model.find(texts) == [model.find([text])[0] for text in texts]
    model.close()
