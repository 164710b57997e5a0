"""Check digits of cards, accounts and national numbers: each function tells whether a bare number is valid.

Each docstring names the rule and the authority that publishes it.
"""

from __future__ import annotations

import re
from datetime import date

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ODD = dict(zip(_ALPHABET, [1, 0, 5, 7, 9, 13, 15, 17, 19, 21], strict=False)) | dict(
    zip(
        _ALPHABET[10:],
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23],
        strict=True,
    )
)
_OMOCODE = str.maketrans("LMNPQRSTUV", "0123456789")
_DIHEDRAL = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTATION = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for index, character in enumerate(reversed(digits)):
        number = int(character)
        if index % 2:
            number = number * 2 - 9 * (number > 4)  # noqa: PLR2004 - the sum of the digits of the doubled digit
        total += number
    return total % 10 == 0


def mod_97(value: str) -> bool:
    """ISO 13616: an IBAN, its first four characters moved to the end and letters as numbers, is 1 modulo 97."""
    return int("".join(str(int(character, 36)) for character in value[4:] + value[:4])) % 97 == 1


def aba(digits: str) -> bool:
    """Routing numbers of US banks: weights 3, 7, 1."""
    return _weighted(digits, (3, 7, 1) * 3) % 10 == 0 and digits[:2] <= "80"


def us_ssn(digits: str) -> bool:
    """Whether the number may have been issued; well-known sample numbers count too."""
    return digits[:3] not in {"000", "666"} and digits[3:5] != "00" and digits[5:] != "0000"


def us_itin(digits: str) -> bool:
    """Publication 1915 of the IRS: begins with 9, the group is 50-65, 70-88, 90-92 or 94-99."""
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or group >= 94)  # noqa: PLR2004 - the groups


def uk_nhs(digits: str) -> bool:
    """NHS Data Dictionary: weights 10 to 2, modulo 11."""
    check = 11 - _weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return len(set(digits)) > 1 and check % 11 == int(digits[9]) and check != 10  # noqa: PLR2004 - no such digit


def de_tax_id(digits: str) -> bool:
    """ISO 7064 MOD 11,10; of the first ten digits, one occurs twice or three times."""
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    if digits[0] == "0" or counts[-1] not in {2, 3} or len(counts) < 8:  # noqa: PLR2004 - eight or nine different digits
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def fr_nir(value: str) -> bool:
    """INSEE: sex, year, month, department, then the key is 97 less the number modulo 97; Corsica has letters."""
    number = value.upper().replace("2A", "19", 1).replace("2B", "18", 1) if value[5:6] == "2" else value
    if not number.isdecimal() or number[0] not in "123478":
        return False
    month = int(number[3:5])
    return (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and 97 - int(number[:13]) % 97 == int(number[13:])  # noqa: PLR2004 - months, and those of unknown ones


def es_nif(value: str) -> bool:
    """Ministerio del Interior: the letter is the number modulo 23; X, Y and Z of foreigners stand for 0, 1 and 2."""
    number = value[:-1].upper().translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == value[-1].upper()


def it_fiscal_code(value: str) -> bool:
    """Decreto ministeriale 23 December 1976; letters replace digits if two people would have the same code."""
    code = value.upper()
    total = sum(
        _ODD[character] if index % 2 == 0 else (int(character) if character.isdecimal() else ord(character) - 65)
        for index, character in enumerate(code[:15])
    )
    day = int(code[9:11].translate(_OMOCODE))
    return chr(65 + total % 26) == code[15] and (1 <= day <= 31 or 41 <= day <= 71)  # noqa: PLR2004 - women's days are 40 more


def nl_bsn(digits: str) -> bool:
    """Rijksdienst voor Identiteitsgegevens: the eleven test, weights 9 to 2 and -1."""
    number = digits.zfill(9)
    return number[:2] != "00" and _weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def pl_pesel(digits: str) -> bool:
    """Weights 1, 3, 7, 9; the month encodes the century."""
    month = int(digits[2:4]) % 20
    valid = _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0
    return valid and 1 <= month <= 12 and 1 <= int(digits[4:6]) <= 31  # noqa: PLR2004 - months and days


def verhoeff(digits: str) -> bool:
    """Aadhaar's check digit: J. Verhoeff, Error Detecting Decimal Codes, 1969."""
    state = 0
    for index, digit in enumerate(reversed(digits)):
        state = int(_DIHEDRAL[state][int(_PERMUTATION[index % 8][int(digit)])])
    return state == 0 and digits[0] not in "01"


def br_cpf(digits: str) -> bool:
    """Receita Federal: two digits, modulo 11."""
    for length in (9, 10):
        check = _weighted(digits, tuple(range(length + 1, 1, -1))) * 10 % 11 % 10
        if check != int(digits[length]):
            return False
    return len(set(digits)) > 1


def br_cnpj(value: str) -> bool:
    """Receita Federal: two digits, modulo 11; since 2026 letters count as their code less 48."""
    numbers = [ord(character) - 48 for character in value.upper()]
    for length in (12, 13):
        weights = [(length - index - 1) % 8 + 2 for index in range(length)]
        check = sum(number * weight for number, weight in zip(numbers, weights, strict=False)) % 11
        if (0 if check < 2 else 11 - check) != numbers[length]:  # noqa: PLR2004 - 0 and 1 give 0
            return False
    return len(set(value)) > 1


def au_tfn(digits: str) -> bool:
    """Australian Taxation Office: weights 1, 4, 3, 7, 5, 8, 6, 9, 10, modulo 11."""
    weights = (1, 4, 3, 7, 5, 8, 6, 9, 10) if len(digits) == 9 else (10, 7, 8, 4, 6, 3, 5, 1)  # noqa: PLR2004 - old ones have 8
    return len(set(digits)) > 1 and _weighted(digits, weights) % 11 == 0


def au_medicare(digits: str) -> bool:
    """Services Australia: begins with 2 to 6; weights 1, 3, 7, 9, modulo 10; then issue and person."""
    return digits[0] in "23456" and _weighted(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])


def sg_nric(value: str) -> bool:
    """Weights 2, 7, 6, 5, 4, 3, 2; the letter depends on the series."""
    code = value.upper()
    series = code[0]
    offset = {"T": 4, "G": 4, "M": 3}.get(series, 0)
    total = (_weighted(code[1:8], (2, 7, 6, 5, 4, 3, 2)) + offset) % 11
    letters = "JZIHGFEDCBA" if series in "ST" else "XWUTRQPNMLK" if series in "FG" else "XWUTRQPNJLK"
    if series == "M":
        total = 10 - total
    return letters[total] == code[8]


def cn_resident_id(value: str) -> bool:
    """GB 11643: ISO 7064 MOD 11-2 over 17 digits with a birth date in them."""
    born = _is_day(int(value[6:10]), int(value[10:12]), int(value[12:14])) and "1900" <= value[6:10] <= "2100"
    total = _weighted(value[:17], tuple(pow(2, 17 - index, 11) for index in range(17)))
    return born and "10X98765432"[total % 11] == value[17].upper()


def ch_ahv(digits: str) -> bool:
    """EAN-13 with Switzerland's 756."""
    return digits[:3] == "756" and _weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def kr_rrn(digits: str) -> bool:
    """Weights 2 to 9 and 2 to 5, modulo 11; numbers since October 2020 have no check digit, only a birth date."""
    born = 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) <= 31 and digits[6] in "12345678"  # noqa: PLR2004 - months and days
    return born and (11 - _weighted(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == int(digits[12])


def se_personal_number(digits: str) -> bool:
    """Skatteverket: Luhn over the last ten digits, which begin with a birth date; 60 may be added to the day."""
    last = digits[-10:]
    return luhn(last) and 1 <= int(last[2:4]) <= 12 and 1 <= int(last[4:6]) % 60 <= 31  # noqa: PLR2004 - months and days


_MX_CURP = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"


def mx_curp(value: str) -> bool:
    """RENAPO: weights 18 to 2 over an alphabet with Ñ, modulo 10."""
    code = value.upper()
    total = sum(_MX_CURP.index(character) * (18 - index) for index, character in enumerate(code[:17]))
    return (10 - total % 10) % 10 == int(code[17]) and re.match(
        r".{6}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", code
    ) is not None
