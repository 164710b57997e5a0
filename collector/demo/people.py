"""Invented customers. Prompts and tool results contain their data, so that redaction has something to remove."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """An invented customer with an invented order."""

    name: str
    email: str
    phone: str
    address: str
    card: str
    order: str
    item: str
    amount: float
    parcel: str

    @property
    def user(self) -> str:
        """The customer's id in the shop."""
        return f"cust-{int(self.order[4:]) * 7 % 9000 + 1000}"


# Cards are test numbers that payment providers publish; phone numbers with 555 01 are reserved for fiction.
PEOPLE = (
    Person("Marjolein Bakker", "marjolein.bakker@example.com", "+31 6 5550 1187", "Kastanjelaan 14, 3583 Utrecht",
           "4111 1111 1111 1111", "ORD-40217", "espresso grinder", 189.0, "NW7730041NL"),
    Person("Devon Abernathy", "devon.abernathy@example.org", "+1 415 555 0142", "88 Larkspur Road, Eugene, OR 97401",
           "5555 5555 5555 4444", "ORD-40388", "trail running shoes", 124.9, "NW7730102US"),
    Person("Aiko Tanabe", "aiko.tanabe@example.net", "+1 206 555 0119", "2200 Harbor Avenue, Seattle, WA 98126",
           "3782 822463 10005", "ORD-41006", "desk lamp", 64.5, "NW7730177US"),
    Person("Rasmus Lindqvist", "rasmus.lindqvist@example.com", "+46 70 555 01 63", "Björkgatan 7, 752 28 Uppsala",
           "4242 4242 4242 4242", "ORD-41250", "bicycle trailer", 412.0, "NW7730205SE"),
    Person("Oluwaseun Adeyemi", "seun.adeyemi@example.org", "+44 20 7946 0158", "31 Millfield Lane, Leeds LS6 2PT",
           "6011 1111 1111 1117", "ORD-41733", "noise-cancelling headphones", 279.0, "NW7730288GB"),
    Person("Camila Restrepo", "camila.restrepo@example.com", "+1 305 555 0176", "417 Palm Court, Miami, FL 33130",
           "5105 1051 0510 5100", "ORD-42019", "stand mixer", 349.0, "NW7730313US"),
    Person("Tobias Feuerstein", "tobias.feuerstein@example.net", "+49 30 5550 1190", "Lindenstraße 52, 10969 Berlin",
           "4012 8888 8888 1881", "ORD-42544", "camping stove", 58.0, "NW7730360DE"),
    Person("Priya Raghunathan", "priya.raghunathan@example.org", "+1 512 555 0128", "9 Juniper Way, Austin, TX 78704",
           "3530 1113 3330 0000", "ORD-42871", "standing desk", 615.0, "NW7730427US"),
)  # fmt: skip
