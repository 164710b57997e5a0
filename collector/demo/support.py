"""Team support: triage of tickets, and answers from the help center."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from collector.demo.conversation import Conversation, Message, Model

if TYPE_CHECKING:
    from collector.demo.people import Person
    from collector.demo.recorder import Recorder

_MINI = Model("openai", "gpt-4o-mini", 350, 7)
_FLASH = Model("gcp.gemini", "gemini-2.5-flash", 250, 4)

_TRIAGE = (
    "You sort the tickets of Northwind Outfitters. Read the ticket, look the customer up, and set queue and priority."
    " Queues: billing, delivery, product, legal. Threats and injuries go to legal with priority 1 and to a person."
)
_ANSWERS = (
    "You answer questions from the help center of Northwind Outfitters. Use only the articles that the search returns,"
    " name them, and say so when they do not answer the question."
)
_TICKETS = (
    ("billing", "I was charged twice for order {p.order}, {p.amount:.2f} USD each time, on the card ending {last}."),
    ("delivery", "Parcel {p.parcel} should be at {p.address} since Monday, and nobody rang. Call me: {p.phone}."),
    ("product", "The {p.item} from order {p.order} makes a grinding noise. Is that covered by the warranty?"),
    ("legal", "The {p.item} gave me an electric shock. My lawyer will write to you. {p.name}, {p.email}"),
)
_QUESTIONS = (
    ("How long do I have to send something back, and who pays for the parcel?", "returns", (
        "Returns: send articles back within 60 days in their original box.",
        "Return labels: we pay for the parcel when the article is damaged or wrong.",
    ), "You have 60 days (article Returns). We pay when it is damaged or wrong (article Return labels)."),
    ("Can I change the delivery address after I ordered?", "delivery", (
        "Change an address: possible until the parcel is handed to the carrier, in your account under Orders.",
    ), "Yes, until the parcel is handed over: in your account under Orders (article Change an address)."),
    ("Do you ship batteries to islands, and what does it cost?", "delivery", (
        "Delivery costs: 4.90 USD, free above 50 USD.",
    ), "The articles give the delivery costs (4.90 USD, free above 50 USD) but nothing on batteries or islands."),
)  # fmt: skip


def triage(recorder: Recorder, person: Person, *, new: bool) -> None:
    """Record the triage of a ticket. In the new release, a second check follows."""
    talk = Conversation(_MINI, _TRIAGE, ("get_customer", "set_queue", "page_person"))
    queue, wording = _TICKETS[recorder.rng.choices(range(4), (4, 5, 4, 1))[0]]
    ticket = wording.format(p=person, last=person.card[-4:])
    with recorder.agent("ticket-triage", ticket) as agent:
        talk.messages.append(Message("user", ticket))
        customer = {"name": person.name, "email": person.email, "phone": person.phone, "orders": [person.order]}
        recorder.use(talk, "get_customer", {"email": person.email}, json.dumps(customer), 60)
        if recorder.chance(0.03):
            recorder.give_up(agent, talk, "rate_limit_exceeded", "the model provider asks to slow down")
            return
        priority = 1 if queue == "legal" else 3
        recorder.use(talk, "set_queue", {"queue": queue, "priority": priority}, '{"ok": true}', 45)
        if new:
            recorder.guardrail("second-look", "allow", f"a second reading agrees with the queue {queue}", 300)
        if queue == "legal":
            recorder.guardrail("injury", "escalate", "the customer reports an injury")
            recorder.use(
                talk, "page_person", {"team": "legal", "order": person.order}, '{"paged": "legal-oncall"}', 150
            )
        recorder.answered(agent, recorder.say(talk, f"Queue {queue}, priority {priority}."))
        if queue == "legal":
            recorder.outcome(agent, "escalated", "an injury goes to a person")
        elif recorder.chance(0.85):  # the other runs report no outcome, so it is unknown
            recorder.outcome(agent, "success", f"sorted into {queue}")


def help_center(recorder: Recorder, person: Person, *, new: bool) -> None:
    """Record an answer from the help center; `new` has no effect."""
    del person, new
    talk = Conversation(_FLASH, _ANSWERS, ("search_help",))
    question, source, articles, answer = recorder.rng.choice(_QUESTIONS)
    with recorder.agent("help-center", question) as agent:
        talk.messages.append(Message("user", question))
        call = recorder.ask(talk, "search_help", {"query": question})
        with recorder.tool(call) as span:
            recorder.retrieval(f"help-{source}", question, articles)
            recorder.returned(span, json.dumps(articles))
        talk.messages.append(Message("tool", json.dumps(articles), answers=call))
        text = recorder.say(talk, answer)
        recorder.guardrail("grounded-answer", "allow", "every sentence is in an article", 180)
        recorder.answered(agent, text)
        recorder.outcome(agent, "success", "answered from the help center")
