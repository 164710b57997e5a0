"""What the rules find and what they keep. No model runs here: every text is read as structured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from presidio_analyzer import predefined_recognizers

from redaction.leaves.json_text import leaves
from redaction.ner.view import View
from redaction.recognizers.analyzer import Analyzer, registry
from redaction.recognizers.check_digits import luhn

if TYPE_CHECKING:
    from presidio_analyzer import RecognizerRegistry

    from redaction.redactor import Redactor


ANALYZER = Analyzer()


@pytest.fixture
def analyzer() -> Analyzer:
    return ANALYZER


FOUND = [
    ("mail m.vandersloot@example.org now", "EMAIL_ADDRESS", "m.vandersloot@example.org"),
    ("wrote to josé.núñez@correo.es", "EMAIL_ADDRESS", "josé.núñez@correo.es"),
    ("my mail is m.vandersloot@exa", "EMAIL_ADDRESS", "m.vandersloot@exa"),
    ("call +1 (415) 555-0137 today", "PHONE_NUMBER", "+1 (415) 555-0137"),
    ("call +1 (415) 555-0", "PHONE_NUMBER", "+1 (415) 555-0"),
    ("where mail = 'jane@example.com' and", "EMAIL_ADDRESS", "jane@example.com"),
    ("mail o'brien@example.com", "EMAIL_ADDRESS", "o'brien@example.com"),
    ("write to zeno.stan@141.ro now", "EMAIL_ADDRESS", "zeno.stan@141.ro"),
    ("ValueError: 'card_number=3518914080742910'", "CREDIT_CARD", "3518914080742910"),
    ("find payment_method=501878361432", "CREDIT_CARD", "501878361432"),
    ("card 1800-9349-1379-795 please", "CREDIT_CARD", "1800-9349-1379-795"),
    ("user mateo-gomez854 changed it", "USERNAME", "mateo-gomez854"),
    ("Failed password for ana.silva from here", "USERNAME", "ana.silva"),
    ("pam: session opened for user jo_meyer by", "USERNAME", "jo_meyer"),
    ("my login bo.lind is locked", "USERNAME", "bo.lind"),
    ("order it by phone: 030-901-82011", "PHONE_NUMBER", "030-901-82011"),
    ("(phone=+14155550137)", "PHONE_NUMBER", "+14155550137"),
    ("電話は03-1234-5678。", "PHONE_NUMBER", "03-1234-5678"),
    ("カード4111111111111111です", "CREDIT_CARD", "4111111111111111"),
    ("PSC 1437, Box 3833\nAPO AA 66791", "ADDRESS", "PSC 1437, Box 3833\nAPO AA 66791"),
    ("password=hunter22&next=1", "PASSWORD", "hunter22"),
    ("ring +44 20 7946 0958", "PHONE_NUMBER", "+44 20 7946 0958"),
    ("my phone number is 4155552671", "PHONE_NUMBER", "4155552671"),
    ("Tel. 030 901820", "PHONE_NUMBER", "030 901820"),
    ("her phone number is 53974040 now", "PHONE_NUMBER", "53974040"),
    ("call us at 98853945", "PHONE_NUMBER", "98853945"),
    ("Konto 532013000 bei der Bank", "BANK_ACCOUNT", "532013000"),
    ("see www.linkedin.com/in/marta-nowak-12/ there", "USERNAME", "marta-nowak-12"),
    ("mysql -u root -pS3cretPass shop", "PASSWORD", "S3cretPass"),
    ("fax: 0049 000 1111", "PHONE_NUMBER", "0049 000 1111"),
    ("ring me at 03484/46316186 later", "PHONE_NUMBER", "03484/46316186"),
    ("contact_number=06-87/595 9545 order 12", "PHONE_NUMBER", "06-87/595 9545"),
    ("card 4111 1111 1111 1111 please", "CREDIT_CARD", "4111 1111 1111 1111"),
    ("paid with 4111111111111111", "CREDIT_CARD", "4111111111111111"),
    ("amex 3782-822463-10005", "CREDIT_CARD", "3782-822463-10005"),
    ("my card is 213176828496175", "CREDIT_CARD", "213176828496175"),
    ("SSN 078-05-1120", "US_SSN", "078-05-1120"),
    ("social security number 078051120", "US_SSN", "078051120"),
    ("IBAN DE89 3704 0044 0532 0130 00", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
    ("pay GB82WEST12345698765432 soon", "IBAN_CODE", "GB82WEST12345698765432"),
    ("cut IBAN DE89 3704 0044 0532", "IBAN_CODE", "DE89 3704 0044 0532"),
    ("came from 203.0.113.77 at night", "IP_ADDRESS", "203.0.113.77"),
    ("host 2001:db8:85a3::8a2e:370:7334 said", "IP_ADDRESS", "2001:db8:85a3::8a2e:370:7334"),
    ("born 1984-03-12 in Ulm", "DATE_OF_BIRTH", "1984-03-12"),
    ("date of birth: March 12, 1984", "DATE_OF_BIRTH", "March 12, 1984"),
    ("passport number X12345678", "ID_NUMBER", "X12345678"),
    ("lives at 18 Kestrel Lane, Astoria, OR 97103", "ADDRESS", "18 Kestrel Lane, Astoria, OR 97103"),
    ("send to 18 Kestrel Lane, Astor", "ADDRESS", "18 Kestrel Lane, Astor"),
    ("Hauptstraße 12, 10115 Berlin", "ADDRESS", "Hauptstraße 12, 10115 Berlin"),
    ("zip code is 80217", "ADDRESS", "80217"),
    ("ships to Denver, CO", "LOCATION", "Denver, CO"),
    ("key sk-proj-abcdefghijklmnop1234", "API_KEY", "sk-proj-abcdefghijklmnop1234"),
    ("id AKIAIOSFODNN7EXAMPLE", "API_KEY", "AKIAIOSFODNN7EXAMPLE"),
    ("token ghp_abcdefghijklmnopqrstuvwxyz0123456789", "API_KEY", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
    ("Authorization: Bearer abc123def456ghi789", "ACCESS_TOKEN", "abc123def456ghi789"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "ACCESS_TOKEN", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
    ("my password is hunter2!", "PASSWORD", "hunter2!"),
    ("postgres://bob:s3cr3t@db:5432/x", "CREDENTIALS", "bob:s3cr3t"),
    ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "PRIVATE_KEY", None),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ cut", "PRIVATE_KEY", None),
    ("User(first_name='Mia', age=3)", "PERSON", "Mia"),
    (r"{\"first_name\": \"Mia\"}", "PERSON", "Mia"),
    ("user_id='mia_li_3668'", "USERNAME", "mia_li_3668"),
    ("send 1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "CRYPTO", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
]


@pytest.mark.parametrize(("text", "entity", "value"), FOUND, ids=lambda value: str(value)[:30])
def test_found(analyzer: Analyzer, text: str, entity: str, value: str | None) -> None:
    hits = {(hit.entity, text[hit.start : hit.end]) for hit in analyzer.find(text)}
    assert (entity, value or text) in hits


IDENTIFIERS = [
    "ORD-77193",
    "order #W2378156",
    "trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7",
    "call_lookup_o",
    "chatcmpl-fake1",
    "gpt-4o-mini-2024-07-18",
    "claude-sonnet-4-5-20250929",
    "2026-11-22T05:26:31.607Z",
    "1795325164",
    "1763798400000000000",
    "created=1795325164, model='gpt-4o'",
    "123e4567-e89b-12d3-a456-426614174000",
    "$42.10 of $1,299.00",
    "0.000123",
    "5 + 3 + 1294.678",
    "version 10.0.1.2",
    "v1.2.3",
    "127.0.0.1:4318",
    "/usr/lib/python3.11/site-packages/x.py",
    "tokens: 1234 in, 5678 out",
    "tracking 561724567137",
    "user-881",
    "test-user-1",
    "session-123456",
    "git@github.com",
    "left-pad@1.3.0, x@2.0.0-beta.1, y@v1.2.x",
    "user test-user-1 and users: web-server-2",
    "pip install requests==2.31.0",
    "sha256:9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
    "the password is required",
    "password = settings.dashboard_password",
    "token = secrets.token_urlsafe(32)",
    "gen21750@vm",
    "1.5e-7",
    "12:30:45",
    "isbn 978-3-16-148410-0",
    "Order 4007-118-22931 was split",
    "ERROR 1062 (23000): duplicate entry",
    "login form.html",
    "login page.open()",
    "the user ran agent.run",
    "username: web.server",
    "credit_card_3095586",
    "<EMAIL_ADDRESS> and <PERSON>",
    "latitude 52.5, longitude 13.4",
    "loss 0.523456, 0.134049",
]


@pytest.mark.parametrize("text", IDENTIFIERS)
def test_identifiers_survive_the_rules(analyzer: Analyzer, text: str) -> None:
    assert [text[hit.start : hit.end] for hit in analyzer.find(text)] == []


def test_a_context_word_counts_only_whole(analyzer: Analyzer) -> None:
    assert analyzer.find("republic 123456789") == []  # "lic" and "pub" are no context
    assert analyzer.find("function_call=None, n=4155552671") == []  # "call" inside a name is none either


@given(st.text(alphabet="0123456789", min_size=11, max_size=18))
def test_luhn_finds_exactly_one_check_digit(digits: str) -> None:
    assert sum(luhn(digits + check) for check in "0123456789") == 1


HOSTILE = ["a", "1", "1 ", "Ab ", "a@b.", "x=", "'a':", "%41", "A1", "1-", "::1 ", "(1", "12 Ab ", "/a", "DE89 ", "[{"]


@pytest.mark.parametrize("unit", HOSTILE)
def test_repetition_takes_time_in_proportion_to_its_length(analyzer: Analyzer, unit: str) -> None:
    text = unit * (100_000 // len(unit))  # anything quadratic would run into the suite's time limit
    view = View()
    for leaf in leaves(text):
        analyzer.find(leaf.text)
        view.add_leaf(0, leaf.text, [])
    assert view.pieces(480) is not None


@given(st.text(max_size=200))
def test_hits_lie_inside_any_text(text: str) -> None:
    for hit in ANALYZER.find(text):
        assert 0 <= hit.start < hit.end <= len(text)


def test_no_recognizer_has_the_name_of_one_of_presidios_own() -> None:
    names = {recognizer.name for recognizer in registry().recognizers}
    assert names.isdisjoint(dir(predefined_recognizers))  # a YAML file that names one would get the other


def test_presidio_can_use_the_recognizers() -> None:
    held: RecognizerRegistry = registry()
    text = "SSN 078-05-1120"
    results = [
        result
        for recognizer in held.get_recognizers(language="en", all_fields=True)
        for result in recognizer.analyze(text, ["US_SSN"], None)  # type: ignore[arg-type]
    ]
    assert {(result.entity_type, text[result.start : result.end]) for result in results} == {("US_SSN", "078-05-1120")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Transfer it to PL05293430750750520650532966 please.", "Transfer it to <IBAN_CODE> please."),
        ("to de89 3704 0044 0532 0130 00 when it suits", "to <IBAN_CODE> when it suits"),
        ("to AT08 7152 9075 3657 5709 when it suits", "to <IBAN_CODE> when it suits"),
        ("ValueError: 'date_of_birth=13/04/1941'", "ValueError: 'date_of_birth=<DATE_OF_BIRTH>'"),
        ("my user id is daniel_s_7334, not his", "my user id is <USERNAME>, not his"),
        ("Logged in as Anik.Szramka_8625.", "Logged in as <USERNAME>."),
        ("the user called tool_call_12 in step_two_3", "the user called tool_call_12 in step_two_3"),
        ("call me at 001-737-769-5896x16285 after six", "call me at <PHONE_NUMBER> after six"),
        ("U1NOOiAyMjAtODAtMDI4Ng==", "<US_SSN>"),
        (
            "internationalization getCustomerOrders ORDERS_ARCHIVE_2",
            "internationalization getCustomerOrders ORDERS_ARCHIVE_2",
        ),
    ],
)
def test_what_drills_found_left_is_removed_and_its_neighbours_stay(
    redactor: Redactor, text: str, expected: str
) -> None:
    assert redactor.redact(text, "note").text == expected
