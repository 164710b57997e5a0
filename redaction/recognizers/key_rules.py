"""Rules for keys: which key makes which values PII, and which rule wins where several could apply."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Values under keys that match `key` are PII of one entity, if the whole value matches `value`.

    `key` is matched against the whole last key in snake_case. `number` is what a bare number must match, as
    redaction.recognizers.numbers writes it, without leading zeros. None: no number is PII there.
    """

    entity: str
    key: re.Pattern[str]
    value: re.Pattern[str]
    number: re.Pattern[str] | None = None


def rule_of(entity: str, key: str, value: str, *, number: str = "") -> KeyRule:
    """Compile a rule; without `number` no bare number is PII."""
    return KeyRule(entity, re.compile(key), re.compile(value, re.DOTALL), re.compile(number) if number else None)


NAME = r"(?=.*[^\W\d_])[^{}\[\]<>=@/\\]{1,80}"
_DIGITS = r"[+(]?\d[\d\s().\-/+x]{%d,28}"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_RANDOM = (
    rf"(?!{_UUID}$)(?:(?=[^a-z]*+[a-z])(?=[^A-Z]*+[A-Z])|(?=(?:\D*+\d){{5}})(?=[^A-Za-z]*+[A-Za-z]))"
    r"(?=\D*+\d)[A-Za-z0-9._~+/=%-]{20,}"
)
"""Random, as far as a pattern can tell: long, letters and digits, both cases or many digits, and no UUID."""
_ID_VALUE = r"(?=(?:.*\d){3})[\w .\-/]{4,34}"
_STREET = r"(?=.*[^\W\d_].*)(?!\S+$)(?!.*://)[^{}<>]{3,120}|\d{1,5}[a-zA-Z]?"
_ID_DIGITS = r"\d{4,20}"
_DEGREES = r"\d{1,3}\.\d{3,25}"  # a double has up to 17 digits, and zeros before them
_COORDINATES = r"[-+]?\d{1,3}\.\d{3,15}(?:[,; ]{1,2}[-+]?\d{1,3}\.\d{3,15})?"

RULES = (
    rule_of(
        "PERSON",
        r"(?:(?:first|last|full|given|middle|sur|family|maiden|nick|legal|preferred|birth|customer|contact|patient|employee"
        r"|passenger|card_?holder|account_holder|recipient|sender|guest|client|holder|beneficiary|billing|shipping|spouse"
        r"|father|mother|doctor|driver|person|owner|member|student|teacher|attendee|caller|payer|payee|author|reviewer"
        r"|approver|manager|real|display|emergency_contact)_?names?(?:_on_card)?"
        r"|firstnames?|lastnames?|fullname|surnames?|forenames?|name_on_card|card_?holder)",
        NAME,
    ),
    rule_of("EMAIL_ADDRESS", r"(?:.*_)?e?_?mail(?:_address|_addr|_id)?s?", r".*(?:@|%40|\bat\b).*"),
    rule_of(
        "PHONE_NUMBER",
        r"(?:.*_)?(?:phone|telephone|tel|mobile|cell|cellphone|fax|msisdn|whatsapp)(?:_?(?:number|no|num|nr))?s?\d?|contact_(?:number|no)",
        _DIGITS % 5,
        number=r"\d{6,15}",
    ),
    rule_of(
        "ADDRESS",
        r"(?:.*_)?(?:house|street|apartment|apt|flat)_?(?:number|no|num|nr)|apartment",
        _STREET,
        number=r"\d{1,5}",
    ),
    rule_of(
        "ADDRESS",
        r"(?:(?:home|street|postal|mailing|billing|shipping|delivery|residential|work|permanent|current|full)_)?"
        r"(?:address(?:_?line)?_?\d?|addr(?:_?line)?_?\d?|street(?:_?(?:name|number|no|line|address))?_?\d?|address_text)"
        r"|line_?[12]|apartment|apt|house_?number",
        _STREET,
    ),
    rule_of(
        "ADDRESS",
        r"(?:.*_)?(?:zip|zip_?code|postal_?code|post_?code|pin_?code)s?",
        r"[A-Za-z0-9][A-Za-z0-9 \-]{2,9}",
        number=r"\d{3,10}",
    ),
    rule_of(
        "LOCATION",
        r"(?:(?:home|billing|shipping|birth|residence|departure|arrival|origin|destination)_)?(?:city|town|village|suburb)"
        r"|place_of_birth|birth_?place",
        rf"(?![A-Z]{{2}}$){NAME}",
    ),
    rule_of(
        "DATE_OF_BIRTH",
        r"(?:.*_)?(?:dob|date_of_birth|birth_?dates?|birth_?days?|born(?:_on)?|birth_?year|year_of_birth)s?",
        r"(?=.*\d)[\w .,/:\-+]{4,35}|(?:datetime\.)?date(?:time)?\([\d, ]{8,40}\)",
        number=r"\d{4,14}(?:\.\d+)?",  # a year, 19800131, or an epoch in seconds, ms or us
    ),
    rule_of(
        "US_SSN",
        r"(?:.*_)?(?:ssn|social_security)(?:_?(?:number|no|num))?s?",
        r"(?:.*\d){4}.*",
        number=r"\d{4,12}",
    ),
    rule_of(
        "CREDIT_CARD",
        r"(?:.*_)?(?:card|cc|credit_card|debit_card|payment_card)_?(?:number|no|num|nr)s?|pans?|credit_?cards?|debit_?cards?",
        r"(?:\d[ \-]?){11,18}\d",
        number=r"\d{12,19}",
    ),
    rule_of("CREDIT_CARD_CODE", r"(?:.*_)?(?:cvv2?|cvc2?|card_security_code)s?", r"\d{3,4}", number=r"\d{1,4}"),
    rule_of(
        "PIN",
        r"(?!gpio_)(?:.*_)?(?:pin|otp|one_time_code|security_code|verification_code)(?:_?(?:number|no)|_code)?s?",
        r"\d{4,12}",
        number=r"\d{1,12}",
    ),
    rule_of("IBAN_CODE", r"(?:.*_)?iban(?:_code|_number)?", r"[A-Za-z]{2}\d{2}[A-Za-z0-9 ]{8,36}"),
    # Where money comes from or goes to, a number in this form is an account even if its check digits are wrong.
    rule_of(
        "IBAN_CODE", r"sender|recipient|pay(?:er|ee)|beneficiary|(?:from|to)_account", r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}"
    ),
    rule_of(
        "BANK_ACCOUNT",
        r"(?:.*_)?(?:bank_account|account_(?:number|no)|acct_(?:number|no)|routing_(?:number|no)|sort_code|aba|bic|swift|bsb"
        r"|clabe|ifsc)(?:_number|_no|_code)?s?",
        _ID_VALUE,
        number=_ID_DIGITS,
    ),
    rule_of(
        "ID_NUMBER",
        r"(?:.*_)?(?:passport|national_id|national_insurance|nino|(?:driver_?s?_?|driving_?|medical_?|professional_?)licen[cs]e|dl|tax_id"
        r"|taxpayer_id|tin|itin|aadhaa?r|nhs|medical_record|mrn|voter_id|identity_card|identity_number|residence_permit"
        r"|bsn|pesel|cpf|cnpj|nif|nie|dni|steuer_?id|tfn|medicare|nric|codice_fiscale|fiscal_code|curp|personnummer"
        r"|social_insurance|insurance_member)(?:_?(?:number|no|num|nr|id)s?)?|(?:.*_)?(?:licen[cs]e|policy|insurance|id)_(?:number|no|num|nr)s?"
        r"|passports",
        _ID_VALUE,
        number=_ID_DIGITS,
    ),
    rule_of(
        "PASSWORD",
        r"(?:.*_)?(?:password|passwd|pwd|passphrase|passcode)s?(?:_hash)?",
        r"(?!(?:true|false|none|null|yes|no|required|optional)$)\S[^\r\n]{2,118}",
        number=r"\d{2,40}(?:\.\d+)?",
    ),
    rule_of(
        "API_KEY",
        r"(?:.*_)?(?:api_?key|apikey|access_?key|secret_?key|private_?key|client_?secret|secret_access_key|signing_?key"
        r"|encryption_?key|webhook_?secret|app_?secret|secret|(?:subscription|licen[cs]e|account|master|service|shared|auth"
        r"|app|application|storage|deploy|write|ssh)_?key|client_?key_?data)s?(?:_(?:value|base64))?",
        r"(?!(?:true|false|none|null|required|optional|missing|invalid|string|undefined)$)(?![a-z_]+(?:\.[a-z_]+)+(?:\W|$))\S{6,}",
        number=r"\d{6,40}",
    ),
    rule_of(
        "ACCESS_TOKEN",
        r"(?:.*_)?(?:access|refresh|auth|id|bearer|session|csrf|security|api|bot|user|device|push)_?token|authorization"
        r"|x_auth_token|set_cookie|cookie",
        r"(?!(?:true|false|none|null|bearer|basic)$)(?=(?:.*\d)|.{20}).{8,}",
        number=r"\d{8,40}",
    ),
    rule_of(
        "API_KEY",
        r"(?!(?:.*_)?(?:next|page|continuation|cursor|sync|max|min|pad|eos|bos|stop|start|end|top|num|input|output|prompt)_"
        r"token)(?:.*_)?(?:token|credentials?|auth|sig|signature)s?",
        _RANDOM + r"|[^\s:]{1,64}:\S{6,}",
    ),
    rule_of(
        "GEO_COORDINATES",
        r"(?:.*_)?(?:latitude|longitude|coordinates?)(?:_deg(?:rees)?)?s?",
        _COORDINATES,
        number=rf"{_DEGREES}|\d{{6,10}}",  # whole numbers are millionths of a degree, or tenths of them
    ),
    rule_of(
        "GEO_COORDINATES",
        r"(?:.*_)?(?:lat|lng|lon|lat_?l(?:ng|on)|coords?|gps|geo_?point|geo_?location)(?:_deg(?:rees)?)?s?",
        _COORDINATES,
        number=_DEGREES,
    ),
    rule_of("GEO_COORDINATES", r"(?:.*_)?(?:latitude|longitude|lat|lng|lon)_e", r"[-+]?\d{5,10}", number=r"\d{5,10}"),
    rule_of("IP_ADDRESS", r"(?:.*_)?ip(?:_?v?4)?(?:_?addr(?:ess)?)?", r"\d{8,10}", number=r"\d{8,10}"),
)

PERSON_PARENT = re.compile(
    r"(?:.*_)?(?:user|enduser|end_user|customer|person|patient|contact|employee|passenger|travell?er|guest|recipient|sender"
    r"|owner|member|profile|card_?holder|attendee|participant|holder|client|caller|author|approver|reviewer|assignee"
    r"|candidate|applicant|student|teacher|doctor|driver|beneficiary|spouse|tenant_contact|borrower|buyer|seller|lead)s?"
)
"""Keys of objects that describe a person."""
_PERSON = rule_of("PERSON", r"names?", NAME)
_USERNAME = rule_of(
    "USERNAME", r"(?:.*_)?(?:user_?name|screen_?name|login|handle)", r"(?!.*[\s@{}<>])(?=.*[A-Za-z]).{2,64}"
)
USER = rule_of(
    "USERNAME", "user", r"(?=(?:.*[A-Za-z]){3})[A-Za-z]+(?:[._-][A-Za-z]+){0,2}[._-]?\d{0,4}|[a-z]{2}\d{2,4}"
)
HOLDERS = frozenset({"number", "value"})
"""Keys that hold what their parent names: {"phone": {"number": 4155550137}}."""
_NUMBER_RULES = tuple(rule for rule in RULES if rule.number is not None)


class KeyNames(NamedTuple):
    """The innermost key of a path and its surroundings, in snake_case; "" for what there is not.

    `spelled` is the innermost key with its digits kept. `siblings` is what the keys of the same object say about it:
    "person", "product", "business", "speaker" or "".
    """

    last: str
    parent: str = ""
    spelled: str = ""
    siblings: str = ""


def _own_names(key: KeyNames) -> tuple[str, ...]:
    return (key.last,) if key.spelled == key.last else (key.last, key.spelled)


def _names_with_parent(key: KeyNames) -> tuple[str, ...]:
    return (f"{key.parent}_{key.last}", key.parent) if key.parent and key.last in HOLDERS else ()


def _name_of_person(key: KeyNames) -> tuple[str, ...]:
    is_person = key.last in {"name", "names"} and (key.siblings == "person" or PERSON_PARENT.fullmatch(key.parent))
    return (key.last,) if is_person else ()


def _last_name(key: KeyNames) -> tuple[str, ...]:
    return (key.last,)


def _user(key: KeyNames) -> tuple[str, ...]:
    return (key.last,) if key.last == "user" and key.siblings != "speaker" else ()


PRECEDENCE: tuple[tuple[Callable[[KeyNames], tuple[str, ...]], tuple[KeyRule, ...]], ...] = (
    (_own_names, RULES),  # {"phone_number": "415 555 0137"}
    (_names_with_parent, _NUMBER_RULES),  # {"phone": {"number": 4155550137}}
    (_name_of_person, (_PERSON,)),  # {"customer": {"name": "Ann Lee"}}
    (_last_name, (_USERNAME,)),  # {"login": "ann.lee"}
    (_user, (USER,)),  # {"user": "ann.lee"}
)
"""Rules in the order in which they are tried, and for each group the names that they are matched against."""


def find_rule(key: KeyNames) -> KeyRule | None:
    """Return the first rule of PRECEDENCE that matches a key, None when no rule does."""
    for names_of, rules in PRECEDENCE:
        if names := names_of(key):
            for rule in rules:
                for name in names:  # not any(): this runs 27 times for most keys
                    if rule.key.fullmatch(name):
                        return rule
    return None
