"""Personal data in fixed forms: e-mail addresses, handles, postal addresses, birth dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.recognizers.base import Rule, RuleRecognizer, Search, TextRecognizer, words
from redaction.recognizers.keys import GENERIC_USERS, classify, whole_value
from redaction.recognizers.numbers import by_key
from redaction.text import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    r"(?<![\w/.-])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? \d{{4}})(?![\w/-])",
    re.IGNORECASE,
)
_STREET_KIND = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Way|Terrace|Ter|Circle|Cir|Parkway|Pkwy"
    r"|Highway|Hwy|Square|Sq|Close|Crescent|Cres|Trail|Trl|Alley|Row|Mews|Walk|Grove|Gardens|Esplanade|Quay|Broadway|Plaza)"
)
_LONE_UNIT = r"(?:Suite|Apt\.?|Apartment|Ste\.?|Flat|PO Box|P\.O\. Box)"
_UNIT = rf"(?:{_LONE_UNIT}|Unit|Room|Rm\.?|Floor|Fl\.?|Building|Bldg\.?|#)"  # these are numbered everywhere
_CAPITALISED = r"[A-ZÀ-Þ][\w'\u2019.-]{0,40}"
_STREET = re.compile(
    rf"(?<![\w.#$-])\d{{1,6}}[A-Za-z]?(?:-\d{{1,5}})?,? (?:(?:{_CAPITALISED}|\d{{1,3}}(?:st|nd|rd|th)) ){{0,4}}?"
    rf"(?:{_STREET_KIND}\b\.?)(?: (?:N|S|E|W|NE|NW|SE|SW)\b\.?)?"
    rf"(?:,? {_UNIT} ?[\w-]{{1,8}})?"
    rf"(?:,? (?:{_CAPITALISED} ?){{1,4}})?(?:,? [A-Z]{{2}}\b)?(?:,? \d{{5}}(?:-\d{{4}})?\b)?"
)
_FOREIGN_STREET = re.compile(
    r"(?<![\w])(?:[A-ZÀ-Þ][\w'\u2019]{0,30}+[- ]){0,2}[A-ZÀ-Þa-zß-ÿ-]{0,40}"
    r"(?:straße|strasse|str\.|gasse|weg|platz|allee|gatan|vägen|gata|vej|gade|laan|straat)"
    r" \d{1,4}[a-z]?\b(?:, \d{4,5} [A-ZÀ-Þ][\w-]+)?"
    r"|\b(?:Rue|rue|Avenue|avenue|Via|Viale|Piazza|Calle|Avenida|Rua|Praça|Plaza|ul\.|Boulevard)"
    r"(?: (?:de|du|des|la|le|les|del|della|da|do|dos|das|di|l'|d'))*(?: [A-ZÀ-Þ][\w'\u2019-]{0,40}){1,3},? \d{1,5}\b"
)
_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
)
_CITY_STATE = re.compile(
    rf"(?<![\w.])(?<!e\.g\. )(?<!e\.g\. ['\"])(?<!such as )(?<!example )(?<!format )"
    rf"(?:[A-Z][a-z'\u2019.-]{{1,40}} ){{0,2}}[A-Z][a-z]{{1,40}}, (?:{_STATES})\b(?! [a-z]?[A-Z])"
)
_CITY_STATE_ZIP = re.compile(
    rf"(?<![\w.])(?:{_CAPITALISED}\s){{0,2}}{_CAPITALISED},?\s[A-Z]{{2}},?\s\d{{5}}(?:-\d{{4}})?\b"
)
_MILITARY = re.compile(
    r"(?<!\w)(?:PSC|Unit|CMR) \d{1,5},? Box \d{1,6}(?:[\s,]+(?:APO|FPO|DPO),? A[AEP] \d{5}(?:-\d{4})?)?", re.IGNORECASE
)
_CANADA_POSTCODE = re.compile(r"(?<![\w-])[A-CEGHJ-NPR-TVXY]\d[A-CEGHJ-NPR-TV-Z] \d[A-CEGHJ-NPR-TV-Z]\d(?![\w-])")
_UK_POSTCODE = re.compile(r"(?<![\w-])[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}(?![\w-])")
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}+(?:'[\w.+%-]{1,30}+)?(?<!\.)@(?:[^\W_](?:[\w-]{0,62})\.)+(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,30})(?![\w@])"
)
_CUT_EMAIL = re.compile(r"(?<=[\s\"'<(:=,])[\w.+%-]{2,64}+@[\w.-]{0,64}+\Z")
_HANDLE = re.compile(r"(?<![\w@/.-])[a-z]{2,}(?:[._-][a-z]+){1,3}[._-]?\d{1,6}(?![\w/-]|\.\w)", re.IGNORECASE)
_OF_USER = re.compile(rf"\busers?:? (?P<value>{_HANDLE.pattern})", re.IGNORECASE)
_PROFILE = re.compile(r"\blinkedin\.com/in/(?P<value>[\w%-]{3,100})", re.IGNORECASE)
_TITLED = re.compile(r"(?<![\w.-])(?:dr|mrs|prof)_[a-z]{3,}(?:_[a-z]{2,}){0,2}(?![\w-])", re.IGNORECASE)
_LOGIN = re.compile(
    r"\b(?:log[ -]?in(?: name)?|(?:logged|signed|log|sign) (?:in|on) as|password for(?: invalid user)?|invalid user"
    r"|(?:session )?(?:opened|closed) for user|user ?name|sudo:)(?: is| was)?[:=]?\s{1,3}['\"`]?"
    r"(?P<value>[a-z]{2,20}[._](?!(?:py|js|ts|json|ya?ml|md|txt|csv|com|org|net|io|log|conf|html|sh|php|go|java)\b)"
    r"[a-z]{3,20}\d{0,4})(?![\w@/(\[=-]|\.\w)",
    re.IGNORECASE,
)
"""A user name without a number after a word about logins ("ana.silva"); elsewhere it is code."""
_MAIL_NOT_PERSONAL = re.compile(
    r"git@|.*@(?:sha256|v?\d+(?:\.(?:\d|x\b|rc|beta|alpha|dev|next|latest|final|canary)\w*)*(?:[-+].*)?\Z)",
    re.IGNORECASE,
)


def is_handle(value: str) -> bool:
    """Whether a user name looks like a person's name ("mia_li_3668"), not like a role ("test-user-1")."""
    if (
        _HANDLE.fullmatch(value.lower()) is None
        and re.fullmatch(r"[a-z]{2,}(?:[._-][a-z]{2,}){1,2}", value.lower()) is None
    ):
        return False
    return not any(part in GENERIC_USERS for part in re.findall(r"[a-z]+", value.lower()))


def _not_package(value: str) -> bool:
    return _MAIL_NOT_PERSONAL.match(value) is None


_PAIR = re.compile(
    r"""(?P<open>(?<!\\)\\*+["'])?(?<![\w.-])(?P<key>[A-Za-z][A-Za-z0-9_-]{1,40})(?(open)\\*["'])\s{0,2}[:=]\s{0,2}"""
    r"""(?:(?P<quote>\\*["'])(?P<quoted>[^"'\\{}\[\]\r\n]{2,120}?)(?=\\*["']|\Z)|(?P<bare>[^\s"'\\{}\[\],;&<>()]{2,80}))"""
)
_MORE_DIGITS = re.compile(r"(?: \d{2,4}){1,4}(?![\w.:/,-])")
"""The other groups of a telephone number without quotes; the pair has only the first one."""
_WHOLE_NUMBER = 8
_FEWEST_DIGITS = 3  # a shorter number behind a word such as "pin" is code far more often


class KeyValueRecognizer(TextRecognizer):
    """The rules for keys, in text that is not JSON: Python's repr of objects, logs, queries, escaped fragments."""

    def __init__(self) -> None:
        super().__init__("KeyValueRecognizer", ["PERSON"])

    def searches(self) -> list[Search]:
        """Return one search, for values that are PII because of their key."""
        return [Search(_PAIR, self._values)]

    def _values(self, text: str, key_words: str) -> Iterator[Hit]:
        del key_words  # the keys are in the text itself
        position = 0
        while match := _PAIR.search(text, position):
            key = classify((match["key"],))
            group = "quoted" if match["quoted"] is not None else "bare"
            ruled = key.rule is not None or key.username
            position = match.end() if ruled else max(match.start(group), match.start() + 1)  # it may have pairs in it
            if not ruled:
                continue
            value = match[group]
            if (
                group == "bare"
                and match["open"] is None
                and "_" not in match["key"]
                and not any(map(str.isdecimal, value))
            ):
                continue  # "City: nice", "mobile: yes": prose, which is left to the model
            entity = whole_value(key, value)
            if entity is None and group == "bare" and len(value) >= _FEWEST_DIGITS:
                entity = by_key(value, key)
            if entity is None and key.username and is_handle(value):
                entity = "USERNAME"
            if entity is not None:
                start, end = match.span(group)
                if entity == "PHONE_NUMBER" and sum(map(str.isdecimal, value)) < _WHOLE_NUMBER:
                    more = _MORE_DIGITS.match(text, end)
                    end = more.end() if more else end
                yield Hit(start, end, entity, self.name, 0.8)


def recognizers() -> list[TextRecognizer]:
    """Return the recognizers of this family."""
    mail = RuleRecognizer(
        "EmailAddressRecognizer",
        (
            Rule("EMAIL_ADDRESS", _EMAIL, 1.0, check=_not_package),
            Rule("EMAIL_ADDRESS", _CUT_EMAIL, 0.6, check=_not_package),
        ),
    )
    city = RuleRecognizer("CityRecognizer", (Rule("LOCATION", _CITY_STATE, 0.6),))
    address = RuleRecognizer(
        "PostalAddressRecognizer",
        (
            Rule("ADDRESS", _STREET, 0.8),
            Rule("ADDRESS", _FOREIGN_STREET, 0.7),
            Rule("ADDRESS", _CITY_STATE_ZIP, 0.8),
            Rule("ADDRESS", _MILITARY, 0.8),
            Rule("ADDRESS", _UK_POSTCODE, 0.7),
            Rule("ADDRESS", _CANADA_POSTCODE, 0.6),
            Rule("ADDRESS", re.compile(rf"(?<!\w){_LONE_UNIT} ?\d+[A-Za-z]?\b", re.IGNORECASE), 0.6),
            Rule(
                "ADDRESS",
                re.compile(
                    r"(?<![\w.#$-])(?:\d{5}-\d{4}|\d{2}-\d{3}|\d{3} \d{2}|\d{3,6}|(?i:[a-z]\d[a-z]\d[a-z]\d))"
                    r"(?![\w-]|[.,]\d)"
                ),
                0.6,
                context=words("zip(?: ?code)?", "postal(?: code)?", "post ?code"),
            ),
            Rule(
                "ADDRESS",
                re.compile(r"(?<![\w.#$-])\d{5}(?![\w-]|[.,]\d)"),
                0.5,
                context=words("liv(?:e|es|ed|ing) in", "moved to", "resid(?:e|es|ing) in", "my address"),
            ),
        ),
    )
    birth = RuleRecognizer(
        "BirthDateRecognizer",
        (
            Rule(
                "DATE_OF_BIRTH",
                _DATE,
                0.8,
                context=words(
                    "birth\\w*", "date[ _-]of[ _-]birth", "\\w+_birth\\w*", "born", "dob", "d\\.o\\.b\\.?", "b-?day"
                ),
            ),
        ),
    )
    handle = RuleRecognizer(
        "HandleRecognizer",
        (
            Rule(
                "USERNAME",
                _HANDLE,
                0.7,
                context=words(
                    "user ?(?:names?|ids?)", "user_(?:name|id)", "logged (?:in|on) as", "handle", "nick(?:name)?"
                ),
                check=is_handle,
            ),
            Rule("USERNAME", _TITLED, 0.8),  # "dr_okafor_cardiology"
            Rule("USERNAME", _PROFILE, 0.8),
            Rule("USERNAME", _LOGIN, 0.7, check=is_handle),
            Rule("USERNAME", _OF_USER, 0.7, check=is_handle),
        ),
    )
    return [mail, city, address, birth, handle, KeyValueRecognizer()]
