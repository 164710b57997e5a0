"""Texts that carry planted data: sentences and JSON, as agents and tools write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from schema.drill_results import IDENTIFIER

if TYPE_CHECKING:
    import random

    from collector.drill.invented import Invented

_SENTENCES: Final[dict[str, tuple[str, ...]]] = {
    "PERSON": (
        "Hello, this is {} and the parcel has not come yet.",
        "Please tell {} that the refund was approved.",
        "The customer {} asked twice about this order.",
        "i spoke with {} this morning, nothing was solved",
        "Account holder: {}\nStatus: active",
        "Escalated to {} in the back office.",
    ),
    "EMAIL_ADDRESS": ("Write to {} once it is done.", "The receipt went to {}, not to me.", "contact={}"),
    "PHONE_NUMBER": ("You can call me at {} after six.", "My phone number is {}.", "Phone: {}"),
    "ADDRESS": ("Please ship it to {} instead.", "Delivery address: {}", "I moved, my new address is {}."),
    "BIRTH_DATE": ("I was born on {}.", "Date of birth: {}", "For verification, my birthday is {}."),
    "CREDIT_CARD": ("Refund it to my card {}.", "Card number: {}", "The payment with {} was charged twice."),
    "IBAN": ("Transfer it to {} please.", "IBAN {}", "My bank account is {}."),
    "US_SSN": ("My social security number is {}.", "SSN: {}", "Verified by SSN {} on the phone."),
    "IP_ADDRESS": ("The login came from {}.", "client ip {} was blocked", "Request from {} timed out."),
    "USERNAME": ("My user id is {}.", "user {} changed the order", "Logged in as {}."),
    "API_KEY": ("Use the key {} for now.", "Authorization: Bearer {}", "export TOKEN={}"),
    "CONNECTION_STRING": ("The database is {} in production.", "DATABASE_URL={}", "connect to {} and retry"),
    IDENTIFIER: ("Please look at {} again.", "Tool answered for {} in time.", "Reference: {}"),
}
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "PERSON": ("name", "customer_name", "assignee", "recipient"),
    "EMAIL_ADDRESS": ("email", "contact", "to"),
    "PHONE_NUMBER": ("phone", "mobile", "contact_number"),
    "ADDRESS": ("address", "ship_to", "billing_address"),
    "BIRTH_DATE": ("dob", "date_of_birth", "birthday"),
    "CREDIT_CARD": ("card_number", "card", "payment_method"),
    "IBAN": ("iban", "bank_account"),
    "US_SSN": ("ssn", "social_security_number"),
    "IP_ADDRESS": ("ip", "client_ip", "remote_addr"),
    "USERNAME": ("user_id", "username", "login"),
    "API_KEY": ("api_key", "token", "authorization"),
    "CONNECTION_STRING": ("database_url", "dsn", "connection"),
    IDENTIFIER: ("reference", "item", "object"),
}


def sentence(rng: random.Random, planted: Invented) -> str:
    """Return the planted text in a sentence."""
    return rng.choice(_SENTENCES[planted.entity]).replace("{}", planted.text)


def labelled(rng: random.Random, planted: Invented) -> str:
    """Return the planted text after a key, for places without room for a sentence."""
    return f"{rng.choice(_KEYS[planted.entity])}={planted.text}"


def record(rng: random.Random, planted: Invented) -> dict[str, object]:
    """Return the planted text in an object, under a key that names its kind."""
    key = rng.choice(_KEYS[planted.entity])
    return {"ok": True, "found": 1, "rows": [{"id": rng.randrange(10**6), key: planted.text, "state": "open"}]}


def nested(rng: random.Random, planted: Invented) -> str:
    """Return the planted text in JSON inside a JSON string, as tools that wrap other tools return it."""
    return json.dumps({"type": "tool", "output": json.dumps(record(rng, planted)), "attempt": 1})
