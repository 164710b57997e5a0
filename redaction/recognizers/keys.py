"""Classifies keys, the attribute key of a text and the keys of JSON in it, by the values that they can have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from redaction.recognizers.key_rules import HOLDERS, PERSON_PARENT, USER, KeyNames, find_rule
from redaction.recognizers.number_keys import is_identifier, is_quantity
from redaction.recognizers.numbered_things import KEY_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redaction.recognizers.key_rules import KeyRule

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_INDEX = re.compile(r"\d+")
_LONGEST_KEY = 120
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class KeyClass:
    """All that redaction uses of a key; values under keys of one class give the same result."""

    rule: KeyRule | None = None
    context: str = ""  # words of the key that a rule may take as context ("ssn", "phone")
    prose: bool = True  # whether the value may be free text, for the NER model to read
    username: bool = False  # whether a handle under this key names a person
    product: bool = False  # whether the value names or describes a thing that is sold
    quantity: bool = False  # whether a number is a count, a size or a time
    identifier: bool = False  # whether a number is an id, a hash or a seed

    @property
    def identity(self) -> str:
        """Equal for keys that are treated alike."""
        rule = self.rule.key.pattern if self.rule else ""
        text = f"{self.prose:d}{self.username:d}{self.product:d}"
        return f"{rule}|{self.context}|{text}{self.quantity:d}{self.identifier:d}"

    @property
    def marks_numbers(self) -> bool:
        """Whether bare numbers may be PII because of the key."""
        return self.rule is not None and self.rule.number is not None


_PERSON_SIBLINGS = re.compile(
    r"(?:.*_)?(?:first_?name|last_?name|e_?mail(?:_address)?|phone(?:_number)?|mobile|dob|date_of_birth|birth_?date|ssn"
    r"|passport\w*|address\d?|gender|nationality|job_?title|date_joined)"
)
_PRODUCT_SIBLINGS = re.compile(
    r"(?:.*_)?(?:price|unit_price|sku|product_id|item_id|quantity|qty|stock|options|variants?|available|discount|barcode|asin)"
)
_BUSINESS_SIBLINGS = re.compile(
    r"(?:.*_)?(?:ratings?|stars|reviews?|reviews_count|cuisines?|cuisine_type|amenities|menu|opening_hours|operating_hours|business_hours"
    r"|price_(?:min|max|range|level|per_\w+)|check_(?:in|out)_time|airlines?|car_types\w*|room_types?|venue_type|iata|icao)"
)
_PRODUCT_PARENT = re.compile(r"(?:.*_)?(?:options|variants?|features?|specs|specifications|attributes|dimensions)")
_USERNAME_KEY = re.compile(
    r"(?:.*_)?(?:user_?names?|user_?ids?|login|handle|screen_?name|nick|nickname|account_?(?:id|name)|uid|user"
    r"|(?:customer|patient|member|employee|passenger|guest|person|student|teacher|doctor|subscriber|borrower|buyer|seller)_?ids?"
    r"|created_by|updated_by|modified_by|assigned_to|assignee|requested_by|approved_by)"
)
_SPEAKERS = frozenset({"assistant", "bot", "ai", "system", "agent", "model", "human"})
"""Sibling keys with which "user" has a message, not the name of its author."""
_GENERIC_USERS_TEXT = (
    "admin administrator anonymous anon api app assistant bot customer default demo dev guest human nobody none"
    " null operator owner postgres root service session string support system test tester ubuntu unknown user usr"
    " viewer id uid acct account agent tool function org team tenant cust client member mail info sales contact"
    " noreply backend batch build ci cron data deploy developer external free frontend group internal job manager new"
    " other premium private public runner scheduler server staging superuser task true false worker www yes no"
    " optional required string"
)
GENERIC_USERS = frozenset(_GENERIC_USERS_TEXT.split())

_CONTEXT_TEXT = (
    "phone tel telephone mobile cell fax card credit debit payment ssn social iban account acct bank routing passport"
    " licence license tax national insurance birth dob born password secret token key pin zip postal email mail"
    " address bsn pesel cpf cnpj nhs nino aadhaar pan tfn medicare nric nif nie dni steuer nir curp pesel sin ahv rrn"
    " lat latitude lon lng longitude gps coordinates wallet bic swift ifsc mac"
)
_CONTEXT = frozenset(_CONTEXT_TEXT.split()) | KEY_WORDS | {"contact"}
_NO_PROSE = re.compile(
    r"(?:.*_)?(?:id|ids|uuid|guid|type|role|object|status|state|kind|mime_?type|content_?type|format|model|model_?name"
    r"|finish_?reasons?|stop_?reason|currency|unit|units|timestamp|time|date|datetime|created|updated|created_?at|updated_?at"
    r"|language|lang|locale|encoding|version|schema|url|uri|href|path|file_?name|method|hash|checksum|signature|fingerprint"
    r"|size|color|colour|brand|category|sku|currency_?code|country|country_?code|province|severity|level|priority|tag|tags"
    r"|enum|required|queue|topic|exchange|routing_key|destination|host|host_?name|runtime|command|module|logger|operation|mode|engine|provider|service|namespace|region|zone|environment"
    r"|last_?(?:four|4)(?:_digits)?)"
)

_TECHNICAL_TEXT = (
    "telemetry process os host container k8s cloud aws gcp azure faas messaging server net network rpc otel code"
    " thread url http db device browser webengine dns tls peer user_agent celery scope"
)
_TECHNICAL = frozenset(_TECHNICAL_TEXT.split())
"""First words of attribute keys of OpenTelemetry's resource and transport conventions; one word there is no name."""


def snake(key: str) -> str:
    """Write a key in snake_case: "shipTo.firstName[0]" is "ship_to_first_name"; indexes are dropped."""
    return "_".join(word.lower() for word in _WORD.findall(key[-_LONGEST_KEY:]) if not _INDEX.fullmatch(word))


def classify(
    path: Sequence[str], siblings: set[str] | frozenset[str] = frozenset(), known: dict[int, set[str]] | None = None
) -> KeyClass:
    """Classify the innermost key of a path. Dots separate keys too, as in OTLP attribute keys.

    `known` caches, from call to call, the kinds of the keys of each object: an object may have as many keys as there
    are calls.
    """
    if not path:
        return KeyClass()
    names = tuple(part for key in path[-3:] for part in key[-_LONGEST_KEY:].split(".") if part and not part.isdecimal())
    about = ""
    if names[-1:] == ("name",) and siblings:
        known = {} if known is None else known
        kinds = known.get(id(siblings))
        if kinds is None:
            kinds = known[id(siblings)] = {_sibling_kind(key) for key in siblings}
        about = next((kind for kind in ("business", "person", "product") if kind in kinds), "")
    elif names[-1:] == ("user",) and not _SPEAKERS.isdisjoint(siblings):
        about = "speaker"
    return _classify((names[0], *names[-3:]) if names else (), about)


@lru_cache(maxsize=4096)
def key_identity(key: str) -> str:
    """Equal for attribute keys under which a text, and every JSON value inside it, is treated alike."""
    inner = ("x", "name", "id", *sorted(HOLDERS))
    return "/".join(classify(path).identity for path in ((key,), *((key, one) for one in inner)))


@lru_cache(maxsize=4096)
def _sibling_kind(key: str) -> str:
    """Return what a key shows its object to be about: "person", "product", "business", or "" where it shows nothing."""
    if _BUSINESS_SIBLINGS.fullmatch(snake(key)):
        return "business"
    if _PERSON_SIBLINGS.fullmatch(snake(key)) or snake(key) == "address":
        return "person"
    return "product" if _PRODUCT_SIBLINGS.fullmatch(snake(key)) else ""


@lru_cache(maxsize=8192)
def _classify(names: tuple[str, ...], siblings: str) -> KeyClass:
    """Classify the last of `names`, which are the first key of a path and its last three; `siblings` as in KeyNames."""
    snakes = [snake(name) or name.lower() for name in names[1:]]
    key = KeyNames(
        last=snakes[-1] if snakes else "",
        parent=snakes[-2] if len(snakes) > 1 else "",
        spelled=re.sub(r"[^a-z0-9]+", "_", names[-1].lower()) if names else "",
        siblings=siblings,
    )
    is_product = (key.last == "name" and siblings == "product") or _PRODUCT_PARENT.fullmatch(key.parent) is not None
    return KeyClass(
        rule=find_rule(key),
        context=" ".join(sorted({*key.last.split("_"), *key.parent.split("_")} & _CONTEXT)),
        prose=not (is_product or _is_technical(key, *names[:1])),
        username=_is_username(key),
        product=is_product,
        quantity=is_quantity(key.last, key.parent),
        identifier=is_identifier(key.last),
    )


def _is_technical(key: KeyNames, first: str = "") -> bool:
    """Whether a key has no prose: ids, states, times, and keys of OpenTelemetry's conventions of resources."""
    return first in _TECHNICAL or any(map(_NO_PROSE.fullmatch, (key.last, key.spelled)))


def _is_username(key: KeyNames) -> bool:
    """Whether a handle under a key names a person."""
    if key.last == "id" and PERSON_PARENT.fullmatch(key.parent):
        return True
    return _USERNAME_KEY.fullmatch(key.last) is not None


def whole_value(key: KeyClass, value: str, *, number: bool = False) -> str | None:
    """Return the entity of a value by its key alone, None if the key or the form of the value does not match."""
    rule = key.rule
    pattern = None if rule is None else rule.number if number else rule.value
    if rule is None or pattern is None:
        return None
    trimmed = value.strip()
    if not trimmed or len(trimmed) > _longest(rule) or not pattern.fullmatch(trimmed):
        return None
    if rule.entity in {"USERNAME", "PERSON"} and trimmed.lower() in GENERIC_USERS:
        return None
    if rule is USER and not GENERIC_USERS.isdisjoint(re.findall("[a-z]+", trimmed.lower())):
        return None
    return rule.entity


def _longest(rule: KeyRule) -> int:
    return 8192 if rule.entity in {"ACCESS_TOKEN", "API_KEY"} else _LONGEST_VALUE
