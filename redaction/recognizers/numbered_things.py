"""Numbers of things: orders, tickets, parts, parcels. The word right before a number, or its key, says what it is."""

from __future__ import annotations

import re
from typing import Final

_NOUNS: Final = (
    r"(?:(?:purchase|sales|work|back)[ -])?orders?|p\.?o\.?|invoices?|bills?|receipts?|tickets?|cases?|incidents?"
    r"|issues?|claims?|dockets?|rma|bookings?|reservations?|pnr|confirmations?|itinerary"
    r"|vouchers?|coupons?|quotes?|quotations?|contracts?|shipments?|consignments?|waybills?|awb"
    r"|parcels?|packages?|tracking|isbn|issn|ean|upc|gtin|asin|barcodes?|skus?|articles?|items?"
    r"|catalog(?:ue)?|parts?|serials?|s/n|models?|batch(?:es)?|lots?|assets?|meters?|builds?|versions?|releases?"
    r"|revisions?|errors?|jobs?|tasks?|refs?|references?|transactions?"
    # German
    r"|bestell(?:ung(?:en)?|nummer|nr)|auftrags?(?:nummer|nr)?|rechnung(?:en|snummer|snr)?|sendung(?:snummer|snr)?"
    r"|vorgang(?:snummer|snr)?|artikel(?:nummer|nr)?|teile?nummer|seriennummer|buchung(?:snummer)?|paket(?:nummer)?"
    # French, Spanish and Portuguese, Italian
    r"|commandes?|factures?|colis|suivi|dossiers?|r[ée]f[ée]rences?|r[ée]servations?|pi[èe]ces?"
    r"|pedidos?|encomendas?|facturas?|faturas?|env[íi]os?|reservas?|referencias?|refer[êe]ncias?|albar[áa]n"
    r"|ordin[ei]|fattur[ae]|spedizion[ei]|prenotazion[ei]|pratica"
    # Dutch, Polish
    r"|bestelling(?:en)?|facturen|factuur|zending(?:en)?|zam[óo]wieni[ea]|faktur[ay]|przesyłk[ai]"
)
_LABEL: Final = r"(?:\s(?:no\.?|nr\.?|num(?:ber|ero)?s?|numéro|número|codes?|ids?|reading|n[°º]\.?))?"
_THING: Final = re.compile(
    rf"(?<!\w)(?<!\bto )(?:{_NOUNS}){_LABEL}(?:\s(?:is|was|are|were|ist|est|es|è))?[\s:#=(\"'\[-]{{0,4}}\Z",
    re.IGNORECASE,
)
_WORD: Final = re.compile(rf"(?:{_NOUNS}|iban|bic|swift){_LABEL}(?:\s?[\d-]+)?", re.IGNORECASE)
_NUMBER_NEXT: Final = re.compile(r"[\s:.#=]{1,4}[A-Za-z]{0,4}\d")
_LISTED: Final = re.compile(
    r"[A-Z]{0,4}\d[\d-]{4,30}(?:,? (?:and|or|und|oder|et|ou|y|o|e|en|i) |, |/| / | & )\Z", re.IGNORECASE
)
"""A number before in an enumeration: "orders 23-08841-55217 and 23-08841-55218"."""
_KEYS: Final = (
    "order|invoice|receipt|ticket|case|rma|booking|reservation|pnr|quote|shipment|waybill|parcel|tracking|isbn|ean|upc"
    "|gtin|sku|article|part|serial|batch|lot|build|transaction"
)
_KEY: Final = re.compile(rf"\b(?:{_KEYS})\b")
_REACH: Final = 40
_INSIDE: Final = re.compile(r"(?<![\d-])[\d-]++\Z|\Z")
_INSIDE_AFTER: Final = re.compile(r"[\d-]*")
_MOST_LISTED: Final = 3

KEY_WORDS: Final = frozenset(_KEYS.split("|"))
"""Words of keys that name the number of a thing."""


def is_word_for_a_number(text: str, start: int, end: int) -> bool:
    """Whether a stretch of a text is a word such as "Rechnung Nr" or "IBAN", with its number in it or right behind."""
    value = text[start:end].rstrip(" .:#")
    if _WORD.fullmatch(value) is None:
        return False
    return value[-1].isdecimal() or _NUMBER_NEXT.match(text, start + len(value)) is not None


def names_a_thing(text: str, start: int, end: int, key_words: str = "") -> bool:
    """Whether the words right before a number, or the key of a text that is nothing but the number, name a thing.

    `start` and `end` may lie inside the number: models find parts of one.
    """
    start -= len(_INSIDE.search(text[max(0, start - _REACH) : start])[0])  # type: ignore[index]  # matches nothing too
    end += len(_INSIDE_AFTER.match(text, end, end + _REACH)[0])  # type: ignore[index]
    if _KEY.search(key_words) and "contact" not in key_words and not text[:start].strip() and not text[end:].strip():
        return True
    for _ in range(_MOST_LISTED):
        if _THING.search(text, max(0, start - _REACH), start) is not None:
            return True
        listed = _LISTED.search(text, max(0, start - _REACH), start)
        if listed is None:
            return False
        start = listed.start()
    return False
