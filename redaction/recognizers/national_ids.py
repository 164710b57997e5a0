"""National numbers of people: their check digit must be valid, and their form or a context word must name them.

A run of bare digits needs a context word or key: one order number in ten has a valid check digit.
Numbers with a form of their own ("078-05-1120", "529.982.247-25") and those with letters need none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redaction.recognizers import check_digits as check
from redaction.recognizers.base import Search, TextRecognizer, has_context, words
from redaction.recognizers.numbered_things import names_a_thing
from redaction.text import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GROUPS = re.compile(r"(?<![A-Za-z0-9_.#/@+$€£-])\d{1,18}(?:[ .\-/]\d{1,9}){0,7}(?![A-Za-z0-9_@-]|[.,]\d)")
_GROUP = re.compile(r"\d+")
_EIGHT_DIGITS = re.compile(r"\d(?:[ .\-/]?\d){7}")
# Letters and digits, and the three codes that are written with separators: NINO, NIF with a dash, CNPJ.
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_.#/@-])(?:(?=[A-Za-z]{0,6}\d)[A-Za-z0-9]{9,18}|[A-Za-z]{2}(?: \d\d){3} [A-Za-z]"
    r"|[XYZxyz]?-?\d{7,8}-[A-Za-z]|[A-Za-z0-9]{2}(?:\.[A-Za-z0-9]{3}){2}/[A-Za-z0-9]{4}-\d\d"
    r"|\d \d\d \d\d 2[ABab] \d{3} \d{3} \d\d)(?![A-Za-z0-9_@-]|\.\d)"
)
_SEPARATOR = re.compile(r"[ ./-]")
_FORM = str.maketrans("0123456789", "dddddddddd")
_FEWEST, _MOST = 8, 15
_MOST_GROUPS = 7
_WITH_WORD, _IN_FORM = 0.9, 0.65  # telephone numbers sometimes have the same form


@dataclass(frozen=True, slots=True)
class Number:
    """A national number made of digits; `forms` are its spellings that need no context word."""

    entity: str
    lengths: tuple[int, ...]
    valid: Callable[[str], bool]
    context: re.Pattern[str]
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """A national number with letters; `alone`: written in capital letters, it needs no context word."""

    entity: str
    pattern: str
    valid: Callable[[str], bool]
    context: re.Pattern[str]
    alone: bool = True


def _always(value: str) -> bool:
    del value  # there is no public check digit
    return True


_NINO = "(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
_FRENCH = words("nir", "insee", "s[eé]curit[eé] sociale", "social security", "carte vitale")
_BRITISH = words("nino", "national insurance", "ni (?:number|no)")
_TAX = ("tax(?:payer)? ?(?:id|number|no|identification)", "tin")
_NUMBERS = (
    Number("US_SSN", (9,), check.us_ssn, words("ssns?", "social security", "ss#"), ("ddd-dd-dddd", "ddd dd dddd")),
    Number("US_ITIN", (9,), check.us_itin, words("itin", *_TAX), ("ddd-dd-dddd", "ddd dd dddd")),
    Number("UK_NHS", (10,), check.uk_nhs, words("nhs", "national health"), ("ddd ddd dddd", "ddd-ddd-dddd")),
    Number("DE_TAX_ID", (11,), check.de_tax_id, words("steuer\\w*", "idnr", "identifikationsnummer", *_TAX)),
    Number("FR_NIR", (15,), check.fr_nir, _FRENCH, ("d dd dd dd ddd ddd dd",)),
    Number("NL_BSN", (8, 9), check.nl_bsn, words("bsn", "burgerservice\\w*", "sofinummer", "citizen service number")),
    Number("PL_PESEL", (11,), check.pl_pesel, words("pesel")),
    Number(
        "IN_AADHAAR", (12,), check.verhoeff, words("aadhaa?r", "uidai", "uid"), ("dddd dddd dddd", "dddd-dddd-dddd")
    ),
    Number("BR_CPF", (11,), check.br_cpf, words("cpf", "cadastro de pessoas?"), ("ddd.ddd.ddd-dd",)),
    Number("BR_CNPJ", (14,), check.br_cnpj, words("cnpj"), ("dd.ddd.ddd/dddd-dd",)),
    Number("AU_TFN", (8, 9), check.au_tfn, words("tfn", "tax file number", "tax file")),
    Number("AU_MEDICARE", (10, 11), check.au_medicare, words("medicare"), ("dddd ddddd d",)),
    Number("CA_SIN", (9,), check.luhn, words("sin", "social insurance", "nas")),
    Number("CH_AHV", (13,), check.ch_ahv, words("ahv", "avs", "nss", "oasi"), ("ddd.dddd.dddd.dd",)),
    Number("KR_RRN", (13,), check.kr_rrn, words("rrn", "resident registration"), ("dddddd-ddddddd",)),
    Number("SE_PERSONAL_NUMBER", (10, 12), check.se_personal_number, words("person\\w*nummer", "personal number")),
)
_CODES = (
    Code("ES_NIF", r"\d{8}-?[A-HJ-NP-TV-Z]", check.es_nif, words("nif", "dni")),
    Code("ES_NIE", r"[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]", check.es_nif, words("nie", "extranjero")),
    Code(
        "IT_FISCAL_CODE",
        r"[A-Z]{6}[\dLMNP-V]{2}[A-EHLMPR-T][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z]",
        check.it_fiscal_code,
        words("codice fiscale", "fiscal code", "cf"),
    ),
    Code("SG_NRIC_FIN", r"[STFGM]\d{7}[A-Z]", check.sg_nric, words("nric", "fin")),
    Code("UK_NINO", _NINO + r" \d\d \d\d \d\d [A-D]", _always, _BRITISH),
    Code("UK_NINO", _NINO + r"\d{6}[A-D]", _always, _BRITISH, alone=False),
    Code("IN_PAN", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", _always, words("pan", "permanent account"), alone=False),
    Code("CN_RESIDENT_ID", r"\d{17}[\dX]", check.cn_resident_id, words("resident id", "身份证\\w*", "identity card")),
    Code(
        "MX_CURP", r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z\d]\d", check.mx_curp, words("curp")
    ),
    Code("BR_CNPJ", r"[A-Z\d]{2}\.[A-Z\d]{3}\.[A-Z\d]{3}/[A-Z\d]{4}-\d{2}", check.br_cnpj, words("cnpj")),
    Code("FR_NIR", r"[1-478]\d{4}2[AB]\d{8}", check.fr_nir, _FRENCH),
    Code("FR_NIR", r"[1-478] \d\d \d\d 2[AB] \d{3} \d{3} \d\d", check.fr_nir, _FRENCH),
)
_OWN_FORM = frozenset({"US_SSN", "US_ITIN", "BR_CPF", "BR_CNPJ", "FR_NIR", "KR_RRN"})
ENTITIES = tuple(sorted({kind.entity for kind in (*_NUMBERS, *_CODES)}))


class NationalNumberRecognizer(TextRecognizer):
    """Finds groups of digits by their form, or by their length and a context word; then codes with letters."""

    def __init__(self) -> None:
        super().__init__("NationalNumberRecognizer", ENTITIES)
        self._by_form: dict[str, list[Number]] = {}
        self._by_length: dict[int, list[Number]] = {}
        for number in _NUMBERS:
            for form in number.forms:
                self._by_form.setdefault(form, []).append(number)
            for length in number.lengths:
                self._by_length.setdefault(length, []).append(number)
        self._patterns = tuple((code, re.compile(code.pattern, re.IGNORECASE)) for code in _CODES)

    def contexts(self, entity: str) -> list[re.Pattern[str]]:
        """Return the context words of an entity."""
        return [kind.context for kind in (*_NUMBERS, *_CODES) if kind.entity == entity]

    def searches(self) -> list[Search]:
        """Return the searches; hits of several kinds may overlap."""
        forms = "|".join(re.escape(form).replace("d", r"\d") for form in self._by_form)
        codes = "|".join(code.pattern for code in _CODES)
        contexts = "|".join(dict.fromkeys(number.context.pattern for number in _NUMBERS))
        return [
            Search(re.compile(forms), self._in_form),
            Search(_EIGHT_DIGITS, self._with_context, re.compile(contexts, re.IGNORECASE)),
            Search(re.compile(codes, re.IGNORECASE), self._codes),
        ]

    def _in_form(self, text: str, key_words: str) -> Iterator[Hit]:
        for start, end in _numbers(text):
            value = text[start:end]
            for number in self._by_form.get(value.translate(_FORM), ()):
                # One number in ten of any thing has the right check digit by chance; the form of an SSN is its own.
                if number.entity not in _OWN_FORM and names_a_thing(text, start, end, key_words):
                    continue
                if number.valid("".join(_GROUP.findall(value))):
                    yield Hit(start, end, number.entity, self.name, _IN_FORM)

    def _with_context(self, text: str, key_words: str) -> Iterator[Hit]:
        for start, end in _numbers(text):
            digits = "".join(_GROUP.findall(text, start, end))
            for number in self._by_length.get(len(digits), ()):
                if number.valid(digits) and has_context(number.context, text, start, key_words):
                    yield Hit(start, end, number.entity, self.name, _WITH_WORD)

    def _codes(self, text: str, key_words: str) -> Iterator[Hit]:
        for match in _TOKEN.finditer(text):
            yield from self._code(text, match, key_words)

    def _code(self, text: str, match: re.Match[str], key_words: str) -> Iterator[Hit]:
        value = match.group()
        for code, pattern in self._patterns:
            if pattern.fullmatch(value) is None:
                continue
            proved = code.alone and value == value.upper()
            supported = proved or has_context(code.context, text, match.start(), key_words)
            if supported and code.valid(_SEPARATOR.sub("", value)):
                yield Hit(match.start(), match.end(), code.entity, self.name, _WITH_WORD)


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    """Yield stretches that may be one number: adjacent groups of digits, with as many digits as some kind has."""
    for match in _GROUPS.finditer(text):
        if match.end() - match.start() < _FEWEST:
            continue
        groups = [group.span() for group in _GROUP.finditer(text, *match.span())]
        for first, (start, _) in enumerate(groups):
            count = 0
            for last_start, end in groups[first : first + _MOST_GROUPS]:
                count += end - last_start
                if count > _MOST:
                    break
                if count >= _FEWEST:
                    yield start, end


def recognizers() -> list[TextRecognizer]:
    """Return the recognizers of this family."""
    return [NationalNumberRecognizer()]
