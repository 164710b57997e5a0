"""Numbers that identify an account, a document or a machine: cards, bank accounts, passports, addresses."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from redaction.recognizers.base import Rule, RuleRecognizer, words
from redaction.recognizers.check_digits import aba, luhn, mod_97
from redaction.recognizers.numbered_things import names_a_thing

if TYPE_CHECKING:
    from redaction.recognizers.base import TextRecognizer

_NOT_INSIDE = r"(?<![A-Za-z0-9_.#/@+-])"  # not \w: Chinese and Japanese have no space before a number
_NOT_FOLLOWED = r"(?![A-Za-z0-9_@-]|\.\d)"

# Issuer prefixes and lengths, ISO/IEC 7812 and the networks' own tables; longer runs of digits are mostly ids.
_ISSUERS = re.compile(
    r"(?:4\d{15}(?:\d{3})?"  # Visa; the 13 digits of old cards need context
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11,16}"  # Diners Club
    r"|(?:6011|65\d{2}|64[4-9]\d)\d{12,15}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12,15}|(?:2131|1800)\d{11}"  # JCB
    r"|62\d{14,17})"  # UnionPay; Maestro's prefixes are too many to stand without context
)
_CARD_WORDS = words(
    "cards?",
    "credit",
    "debit",
    "payment_method",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "discover",
    "diners",
    "maestro",
    "jcb",
    "payment",
    "pan",
    "cc",
    "charged?",
    "expir\\w+",
    "cvv",
)
_FEWEST_CARD_DIGITS, _MOST_CARD_DIGITS = 12, 19


def _digits(value: str) -> str:
    return "".join(character for character in value if character.isdecimal() and character.isascii())


def _is_card(value: str) -> bool:
    digits = _digits(value)
    return _FEWEST_CARD_DIGITS <= len(digits) <= _MOST_CARD_DIGITS and len(set(digits)) > 1 and luhn(digits)


def _is_issued_card(value: str) -> bool:
    digits = _digits(value)
    return _ISSUERS.fullmatch(digits) is not None and _is_card(value)


def _is_numbered_thing(text: str, start: int, end: int, key_words: str) -> bool:
    """Whether groups of digits are the number of an order or the like: their check digit is not that of a card."""
    return not _is_card(text[start:end]) and names_a_thing(text, start, end, key_words)


def _starts_like_card(value: str) -> bool:
    if value[:4] in {"1800", "2131"}:  # JCB with 15 digits; many telephone numbers begin like that
        return _is_card(value)
    return value[0] in "3456" or value[:2] in {"22", "23", "24", "25", "26", "27"}


def _is_iban(value: str) -> bool:
    compact = re.sub(r"[\s-]", "", value).upper()
    if not 15 <= len(compact) <= 34:  # noqa: PLR2004 - shortest (Norway) and longest of the standard
        return False
    return mod_97(compact)


def _is_public_ip(value: str) -> bool:
    """Whether this is the address of a machine: not loopback, not the wildcard, not a mask, not a version."""
    try:
        address = ipaddress.ip_address(value.split("/", maxsplit=1)[0].split("%", maxsplit=1)[0])
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast or value.startswith("255."):
        return False
    return not (address.version == 4 and int(address) >> 24 == 0)  # noqa: PLR2004 - IPv4, and 0.0.0.0/8 is no host


_IBAN_COUNTRIES = (
    "AD|AE|AL|AT|AZ|BA|BE|BG|BH|BR|BY|CH|CR|CY|CZ|DE|DK|DO|EE|EG|ES|FI|FO|FR|GB|GE|GI|GL|GR|GT|HR|HU|IE|IL|IQ|IS|IT|JO|KW|KZ"
    "|LB|LC|LI|LT|LU|LV|MC|MD|ME|MK|MR|MT|MU|NL|NO|PK|PL|PS|PT|QA|RO|RS|SA|SC|SE|SI|SK|SM|ST|SV|TL|TN|TR|UA|VA|VG|XK"
)
# Groups of four and a rest; in lower case only with a digit, or the next word of the sentence would match.
_IBAN_GROUPS = (
    r"(?:[ -](?:[A-Z0-9]{4}|(?=[a-z]{0,3}\d)[A-Za-z0-9]{4})){2,7}"
    r"(?:[ -](?:[A-Z0-9]{1,3}|(?=[a-z]{0,2}\d)[A-Za-z0-9]{1,3}))?"
)

_CARDS = (
    Rule("CREDIT_CARD", re.compile(_NOT_INSIDE + r"\d{12,19}" + _NOT_FOLLOWED), 0.9, check=_is_issued_card),
    Rule(
        "CREDIT_CARD",
        re.compile(_NOT_INSIDE + r"\d{12,19}" + _NOT_FOLLOWED),
        0.8,
        context=_CARD_WORDS,
        check=_is_card,
    ),
    Rule(
        "CREDIT_CARD",
        re.compile(_NOT_INSIDE + r"\d{4}([ -])\d{4}\1\d{4}(?:\1\d{1,4}(?:\1\d{1,3})?)?" + _NOT_FOLLOWED),
        0.8,
        check=_starts_like_card,
        unless=_is_numbered_thing,
    ),
    Rule(
        "CREDIT_CARD",
        re.compile(_NOT_INSIDE + r"3\d{3}([ -])\d{6}\1\d{4,5}" + _NOT_FOLLOWED),
        0.9,
        unless=_is_numbered_thing,
    ),
)
_ACCOUNTS = (
    Rule(
        "IBAN_CODE",
        re.compile(r"(?<![\w-])[A-Za-z]{2}\d{2}[A-Za-z0-9]{11,30}(?![\w-])"),
        1.0,
        check=_is_iban,
    ),
    Rule("IBAN_CODE", re.compile(rf"(?<![\w-])[A-Za-z]{{2}}\d{{2}}{_IBAN_GROUPS}(?![\w-])"), 1.0, check=_is_iban),
    Rule(
        "IBAN_CODE",
        re.compile(rf"(?<![\w-])(?:{_IBAN_COUNTRIES})\d{{2}}(?: [A-Z0-9]{{4}}){{2,7}}(?: [A-Z0-9]{{1,3}})?(?![\w-])"),
        0.8,
    ),
    Rule(
        "IBAN_CODE",
        re.compile(
            r"(?<![\w-])[A-Za-z]{2}\d{2}[A-Za-z0-9]{0,30}"
            r"(?: (?:[A-Z0-9]{1,8}|(?=[a-z]{0,7}\d)[A-Za-z0-9]{1,8})(?!\w)){0,8}(?![\w-])"
        ),
        0.7,
        context=words("iban"),
        check=lambda value: sum(map(str.isdecimal, value)) >= 8,  # noqa: PLR2004 - every IBAN has more
    ),
    Rule(
        "BANK_ACCOUNT",
        re.compile(r"(?<![\w.#-])(?:\d{2}-\d{2}-\d{2}|\d{6,17}|\d{3,6}(?:[ -]\d{2,8}){1,3})" + _NOT_FOLLOWED),
        0.6,
        context=words(
            "(?:bank )?account (?:number|no|#)",
            "acct(?: number| no)?",
            "routing(?: number| no)?",
            "sort code",
            "aba",
            "bank account",
            "konto(?:nummer|nr)?",
            "(?:numéro de )?compte bancaire",
            "numéro de compte",
            "cuenta bancaria",
            "número de cuenta",
            "conto corrente",
            "conta bancária",
            "rekeningnummer",
            "(?:nr|numer) konta",
            "blz",
            "bankleitzahl",
            "bsb",
            "clabe",
            "ifsc",
            "transit (?:number|no)",
        ),
    ),
    Rule(
        "BANK_ACCOUNT",
        re.compile(r"(?<![A-Za-z0-9_.#/@+-])\d{9}" + _NOT_FOLLOWED),
        0.7,
        context=words("bank", "wire", "ach", "routing", "transfer"),
        check=aba,
    ),
    Rule(  # ISO 9362; India's IFSC
        "BANK_ACCOUNT",
        re.compile(r"(?<![\w-])(?:[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?|[A-Z]{4}0[A-Z0-9]{6})(?![\w-])"),
        0.6,
        context=words("bic", "swift(?: code)?", "ifsc"),
    ),
)
_DOCUMENTS = (
    Rule(
        "US_SSN",
        re.compile(_NOT_INSIDE + r"(?:\d{9}|\d{3}\.\d{2}\.\d{4}|\d{3}-\d{2}(?:-\d{0,3})?)(?![\w@]|-\d)"),
        0.7,
        context=words("ssns?", "social security", "social", "ss#"),
    ),
    Rule(
        "ID_NUMBER",
        re.compile(
            r"(?<![\w-])(?=[A-Za-z0-9]*\d|[A-Z]{1,2}[- ]\d)(?=(?:[A-Za-z -]{0,8}\d){3})"
            r"[A-Za-z0-9](?:[- ]?[A-Z0-9]){4,17}(?![\w-])"
        ),
        0.6,
        context=words(
            "passport",
            "driver'?s? licen[cs]e",
            "driving licen[cs]e",
            "licen[cs]e (?:number|no)",
            "national id",
            "national insurance",
            "tax id",
            "tin",
            "itin",
            "aadhaa?r",
            "pan card",
            "voter id",
            "medical record",
            "mrn",
            "nhs",
            "nino",
            "identity card",
            "id card",
            "green card",
            "insurance (?:number|policy)",
            "policy number",
            "residence permit",
            "driver(?:'s)? id",
            "dl(?: ?#| number| no)",
            "reisepass\\w*",
            "führerschein\\w*",
            "passeport",
            "permis de conduire",
            "pasaporte",
            "passaporto",
            "paszport\\w*",
            "steuer\\w*",
            "bsn",
            "pesel",
            "cpf",
            "dni",
            "nif",
            "nric",
            "codice fiscale",
        ),
    ),
)
_MACHINES = (
    Rule(
        "IP_ADDRESS",
        re.compile(
            r"(?<![\w.-])(?<![=~>]=)(?<!version )(?<!release )"
            r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w-]|\.\d)"
        ),
        0.8,
        check=_is_public_ip,
    ),
    Rule(
        "IP_ADDRESS",
        re.compile(
            r"(?<![\w:.])(?=[0-9A-Fa-f:]{7})(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:\.\d{1,3}){0,3}(?![\w:.])"
        ),
        0.8,
        check=_is_public_ip,
    ),
    Rule(
        "MAC_ADDRESS",
        re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])"),
        0.8,
    ),
    Rule(  # as Cisco writes it
        "MAC_ADDRESS",
        re.compile(r"(?<![\w.-])[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}(?![\w-]|\.\w)"),
        0.7,
        context=words("mac", "hardware", "ethernet", "wifi", "interface", "bssid"),
    ),
)


def recognizers() -> list[TextRecognizer]:
    """Return the recognizers of this family."""
    return [
        RuleRecognizer("CardRecognizer", _CARDS),
        RuleRecognizer("BankAccountRecognizer", _ACCOUNTS),
        RuleRecognizer("DocumentNumberRecognizer", _DOCUMENTS),
        RuleRecognizer("NetworkAddressRecognizer", _MACHINES),
    ]
