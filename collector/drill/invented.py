"""Invented personal data and secrets of many countries, reproducible from a seed."""

from __future__ import annotations

import base64
import json
import random
import string
from typing import TYPE_CHECKING, Final, NamedTuple

from faker import Faker

from schema.drill_results import IDENTIFIER

if TYPE_CHECKING:
    from collections.abc import Callable

LOCALES: Final = (
    *("en_US", "en_GB", "en_AU", "en_CA", "en_IE", "en_IN", "en_NZ", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_CA"),
    *("es_ES", "es_MX", "es_AR", "es_CO", "it_IT", "nl_NL", "nl_BE", "pt_BR", "pt_PT", "pl_PL", "cs_CZ", "sk_SK"),
    *("sv_SE", "da_DK", "no_NO", "fi_FI", "hu_HU", "ro_RO", "tr_TR", "hr_HR", "id_ID", "et_EE", "lt_LT"),
)
"""Locales of the invented people: languages in Latin script."""

_ALNUM: Final = string.ascii_letters + string.digits
_DIGITS: Final = string.digits


class Invented(NamedTuple):
    """One text to plant."""

    entity: str
    text: str


class Inventor:
    """Invents texts; the same seed gives the same texts."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - test data, reproducible by design
        self._fakers: dict[str, Faker] = {}

    def personal(self) -> Invented:
        """Return personal data or a secret, which must not be stored."""
        entity = self.rng.choice(sorted(_PERSONAL))
        return Invented(entity, _PERSONAL[entity](self))

    def identifier(self) -> Invented:
        """Return an identifier, which must survive redaction."""
        return Invented(IDENTIFIER, self.rng.choice(_IDENTIFIERS)(self.rng))

    def faker(self) -> Faker:
        """Return a Faker of a random locale."""
        locale = self.rng.choice(LOCALES)
        if locale not in self._fakers:
            self._fakers[locale] = Faker(locale)
            self._fakers[locale].seed_instance(self.rng.getrandbits(32))
        return self._fakers[locale]

    def word(self, letters: str, length: int) -> str:
        """Return `length` random characters out of `letters`."""
        return "".join(self.rng.choices(letters, k=length))


def _person(inventor: Inventor) -> str:
    faker = inventor.faker()
    name = f"{faker.first_name()} {faker.last_name()}"
    return inventor.rng.choice([name, name, name, name.lower(), name.upper()])


def _handle(inventor: Inventor) -> str:
    first, last = _ascii(inventor, "first_name"), _ascii(inventor, "last_name")
    return (
        f"{first}{inventor.rng.choice('_.-')}{last}{inventor.rng.choice(['', '_'])}{inventor.rng.randrange(10, 9999)}"
    )


def _ascii(inventor: Inventor, part: str) -> str:
    name = getattr(inventor.faker(), part)().lower()
    return "".join(letter for letter in name if letter in string.ascii_lowercase) or "alex"


def _address(inventor: Inventor) -> str:
    address = str(inventor.faker().address())
    return address if inventor.rng.random() < 0.3 else address.replace("\n", ", ")  # noqa: PLR2004 - some over two lines


def _card(inventor: Inventor) -> str:
    digits = inventor.faker().credit_card_number()
    spaced = " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
    return inventor.rng.choice([digits, spaced, spaced.replace(" ", "-")])


def _birth_date(inventor: Inventor) -> str:
    day = inventor.faker().date_of_birth(minimum_age=18, maximum_age=90)
    return day.strftime(inventor.rng.choice(["%Y-%m-%d", "%d/%m/%Y", "%B %d, %Y", "%d %b %Y"]))


def _ssn(inventor: Inventor) -> str:
    area = inventor.rng.choice([number for number in range(1, 900) if number != 666])  # noqa: PLR2004 - never assigned
    return f"{area:03d}-{inventor.rng.randrange(1, 100):02d}-{inventor.rng.randrange(1, 10_000):04d}"


def _api_key(inventor: Inventor) -> str:
    kinds: tuple[Callable[[], str], ...] = (
        lambda: "AKIA" + inventor.word(string.ascii_uppercase + "234567", 16),
        lambda: "ghp_" + inventor.word(_ALNUM, 36),
        lambda: "sk-ant-api03-" + inventor.word(_ALNUM + "_-", 93) + "AA",
        lambda: "sk-proj-" + inventor.word(_ALNUM, 48),
        lambda: "xoxb-" + "-".join([inventor.word(_DIGITS, 12), inventor.word(_DIGITS, 12), inventor.word(_ALNUM, 24)]),
        lambda: "AIza" + inventor.word(_ALNUM + "_-", 35),
        lambda: "glpat-" + inventor.word(_ALNUM + "_-", 20),
        lambda: "sk_" + "live_" + inventor.word(_ALNUM, 24),
        lambda: ".".join(
            _coded(part) for part in (_HEADER, {"sub": inventor.word(_DIGITS, 10)}, inventor.word(_ALNUM, 32))
        ),
    )
    return inventor.rng.choice(kinds)()


_HEADER: Final = {"alg": "HS256", "typ": "JWT"}


def _coded(part: object) -> str:
    raw = part.encode() if isinstance(part, str) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _connection(inventor: Inventor) -> str:
    scheme = inventor.rng.choice(["postgresql", "mysql", "redis", "mongodb", "amqp"])
    user, password, host = inventor.word(_ALNUM, 5), inventor.word(_ALNUM, 14), inventor.word(_DIGITS, 2)
    return f"{scheme}://svc_{user}:{password}@db-{host}.internal/orders"


_PERSONAL: Final[dict[str, Callable[[Inventor], str]]] = {
    "PERSON": _person,
    "EMAIL_ADDRESS": lambda inventor: inventor.faker().email(safe=inventor.rng.random() < 0.5),  # noqa: PLR2004
    "PHONE_NUMBER": lambda inventor: inventor.faker().phone_number(),
    "ADDRESS": _address,
    "BIRTH_DATE": _birth_date,
    "CREDIT_CARD": _card,
    "IBAN": lambda inventor: inventor.faker().iban(),
    "US_SSN": _ssn,
    "IP_ADDRESS": lambda inventor: inventor.faker().ipv4_public(),
    "USERNAME": _handle,
    "API_KEY": _api_key,
    "CONNECTION_STRING": _connection,
}

_IDENTIFIERS: Final[tuple[Callable[[random.Random], str], ...]] = (
    lambda rng: f"ORD-{rng.randrange(10_000, 99_999)}",
    lambda rng: f"{rng.getrandbits(128):032x}",
    lambda rng: f"{rng.randrange(1, 9)}.{rng.randrange(30)}.{rng.randrange(20)}",
    lambda rng: f"/srv/app/agents/tool_{rng.randrange(1000)}.py",
    lambda rng: f"{rng.randrange(1, 5_000)}.{rng.randrange(100):02d} USD",
    lambda rng: f"SKU{rng.randrange(100_000, 999_999)}",
    lambda rng: f"2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}T{rng.randrange(24):02d}:15:00Z",
)
