"""Generates tool results: nested objects with keys that name their values, or do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redaction.training.slots import Labelled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from redaction.training.slots import Slots

_PERSONAL = {
    "{first}": "first_name firstName given_name forename nickname first contact greeting_name preferred_name",
    "{full}": (
        "name full_name customer_name contact author owner assignee reporter patient guest sender member displayName"
        " recipient passenger created_by user to from signedBy holder speaker attendee person label title value"
    ),
    "{last}": "last_name lastName surname family_name last",
    "{city}": "city town hometown birthplace location place destination departure_city arrival_city origin_city",
    "{street_address}": "address address1 street street_address address_line_1 home_address line1",
    "{address}": "address shipping_address billing_address delivery_address location deliver_to home full_address",
    "{zip}": "zip postcode postal_code zip_code",
    "{phone}": "phone mobile tel phone_number contact_number fax",
}
_FREE = "note message comment description content text reason summary instructions body feedback reply question answer"
_PLAIN = {
    "{product}": "name product title item product_name label model description",
    "{id}": "id order_id trace_id session_id key sku ticket tool_call_id ref",
    "{num}": "count score total quantity position duration index rank",
    "{four}": "last_four last4 year extension card_ending expiry_year",
    "{date}": "date created_at updated_at departure due",
    "{noun}": "type kind category topic status tag group unit subject field name",
    "{adj}": "state condition size material quality level",
    "{color}": "color colour finish",
    "{org}": "company employer brand vendor organization publisher name",
    "{tool}": "tool service framework name app provider function agent model",
    "{heading}": "title heading name label subject section option",
    "{sent}": _FREE,
    "{token}": "name id type mode anchor axis font package extension value key location target",
    "{upper}": "code currency airport origin destination status abbreviation",
    "{job}": "job role title position occupation",
    "{language}": "language nationality",
    "{country}": "country",
    "{state}": "state region",
    "{title_case}": "title name movie book album event",
    "{error}": "error message reason detail",
    "{venue}": "hotel restaurant venue merchant merchant_name airline company provider location place title name store",
    "{tier}": "plan account_type card_type tier level product membership name title model event team",
    "{brand}": "brand brand_name vendor make manufacturer provider app name product",
    "{jargon}": "name type package medication drug dependency keyword tag term code value location unit",
    "{rare}": "name category specialty species condition genre description word",
    "{locator}": "reservation reservation_id booking pnr confirmation code record_locator",
    "{snake}": "name id key action function field event user owner created_by",
    "{kebab}": "name slug package branch image project owner channel host",
    "{field}": "description title label placeholder prompt field",
    "{town}": "example default format description",
    "{foreign}": "message text title label description content body",
    "{eponym}": "method test unit condition diagnosis name",
    "{money}": "price total amount fee balance",
    "{hex}": "hash commit digest etag id",
    "{path}": "path file filename location",
}


class Objects:
    """Generates objects as JSON or as Python's repr."""

    def __init__(self, rng: Random, slots: Slots) -> None:
        self.rng = rng
        self._slots = slots
        self._personal = {slot: keys.split() for slot, keys in _PERSONAL.items()}
        self._plain = {slot: keys.split() for slot, keys in _PLAIN.items()}
        self._quote, self._colon, self._comma = '"', ": ", ", "

    def document(self) -> Labelled:
        """An object, or a list of objects."""
        rng = self.rng
        self._quote = rng.choices(['"', "'", '\\"'], [80, 8, 12])[0]
        self._colon = rng.choice([": ", ": ", ":"])
        self._comma = rng.choice([", ", ", ", ",", ",\n  "])
        personal = rng.random() < 0.55
        if rng.random() < 0.12:
            return self._listing(personal=personal)
        if rng.random() < 0.75:
            return self._object(0, personal=personal)
        made = Labelled("[")
        for number in range(rng.randint(1, 4)):
            made.add(self._comma if number else "")
            made.join(self._object(1, personal=personal))
        made.add("]")
        return made

    def _listing(self, *, personal: bool) -> Labelled:
        """A line a pair, without quotes, as in YAML and in forms."""
        rng, made = self.rng, Labelled()
        before = rng.choice(["", "", "  ", "- ", "* "])
        for _ in range(rng.randint(2, 7)):
            of_kind = self._personal if personal and rng.random() < 0.5 else self._plain
            slot = rng.choice(list(of_kind))
            key = rng.choice(of_kind[slot])
            made.add(f"{before}{key.replace('_', ' ').capitalize() if before == '* ' else key}: ")
            made.join(self._slots.fill(slot))
            made.add("\n")
        return made

    def _object(self, depth: int, *, personal: bool) -> Labelled:
        rng = self.rng
        made = Labelled("{")
        for number in range(rng.randint(2, 7)):
            made.add(self._comma if number else "")
            dice = rng.random()
            if dice < 0.12 and depth < 2:
                made.add(
                    self._key(
                        [
                            "data",
                            "details",
                            "customer",
                            "address",
                            "payload",
                            "user",
                            "result",
                            "item",
                            "meta",
                            "options",
                        ]
                    )
                )
                made.join(self._object(depth + 1, personal=personal))
            elif dice < 0.18:
                slot = rng.choice(list(self._plain))
                made.add(self._key([*self._plain[slot], "items", "tags", "options"]) + "[")
                for entry in range(rng.randint(1, 4)):
                    made.add(", " if entry else "")
                    made.join(self._string(slot))
                made.add("]")
            elif personal and dice < 0.5:
                slot = rng.choice(list(self._personal))
                made.add(self._key(self._personal[slot]))
                made.join(self._string(slot))
            elif dice < 0.62:
                made.add(self._key(_FREE.split()))
                made.join(self._string(rng.choice(_TALK) if personal else "{sent}"))
            else:
                slot = rng.choice(list(self._plain))
                made.add(self._key(self._plain[slot]))
                made.join(self._string(slot)) if slot != "{num}" else made.add(
                    self._slots.values.things.digits(3).lstrip("0") or "0"
                )
        made.add("}")
        return made

    def _key(self, keys: Sequence[str]) -> str:
        return f"{self._quote}{self.rng.choice(keys)}{self._quote}{self._colon}"

    def _string(self, template: str) -> Labelled:
        """A value in quotes; characters that need an escape are replaced, so that labels stay in place."""
        value = self._slots.fill(template)
        value.text = value.text.translate(_UNESCAPED)
        made = Labelled(self._quote)
        made.join(value)
        made.add(self._quote)
        return made


_UNESCAPED = str.maketrans({'"': "\u201d", "'": "\u2019", "\\": "/", "\n": " ", "\r": " ", "\t": " "})
_TALK = (
    "{first} says {sent}",
    "{sent} ({full})",
    "call {first} at {phone}",
    "Deliver to {address}",
    "{full} from {city}: {sent}",
    "spoke with {full} about the {noun}",
    "{sent} {first} was {adj}.",
    "Leave it with {first} at {street_address}",
    "{title} {last} asked to {verb} the {noun}",
    "I'm {first}, {sent}",
    "thanks {first}! {sent}",
    "{sent}",
    "Called {full}, {sent}",
    "met {full} and {first}; {sent}",
    "{first} from {venue} {verbs} the {noun}",
    "{full} paid {money} to {brand}",
    "ok - {first}",
)
