"""Team payments: refunds, with a limit above which a person decides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from collector.demo.conversation import Conversation, Message, Model

if TYPE_CHECKING:
    from collector.demo.people import Person
    from collector.demo.teller import Teller

_CLAUDE = Model("anthropic", "claude-sonnet-4-5", 700, 14)
_TOOLS = (
    "lookup_order",
    "search_policy",
    "check_fraud",
    "issue_refund",
    "find_invoice",
    "message_customer",
    "open_case",
)
_LIMIT_USD = 300

_INSTRUCTIONS = (
    "You are the refund agent of Northwind Outfitters. Look up the order first, then read the refund policy, then check"
    " the account for fraud. Refund only to the card that paid. Above 300 USD a person must approve. Answer in a short,"
    " friendly paragraph and never promise a date that you did not get from a tool."
)
_POLICY = (
    "Refunds are possible within 60 days of delivery. Damaged goods are refunded in full, including shipping.",
    "Refunds above 300 USD need the approval of a finance lead. Refunds go to the card that paid, never to another.",
)


def refund(teller: Teller, person: Person, *, new: bool) -> None:
    """Tell a refund; the new release always reads the policy, the old one often forgot."""
    talk = Conversation(_CLAUDE, _INSTRUCTIONS, _TOOLS)
    question = (
        f"Hello, this is {person.name}. My {person.item} (order {person.order}) arrived broken. Please send the"
        f" {person.amount:.2f} USD back to my card {person.card}. My e-mail is {person.email}, my phone {person.phone}."
    )
    with teller.agent("refund-agent", question) as agent:
        teller.guardrail("prompt-injection", "allow", "no instruction in the customer's text")
        talk.messages.append(Message("user", question))
        order = {
            "order": person.order,
            "item": person.item,
            "status": "delivered",
            "total": person.amount,
            "customer": {"name": person.name, "email": person.email, "address": person.address},
        }
        teller.use(talk, "lookup_order", {"order_id": person.order, "email": person.email}, json.dumps(order), 90)
        if new or teller.chance(0.4):
            _read_policy(teller, talk)
        if teller.chance(0.04 if new else 0.08):
            teller.give_up(agent, talk, "overloaded_error", "the model provider is over capacity")
            return
        if teller.chance(0.15):
            timeout = ("TimeoutError", f"fraud service: no answer for {person.email} within 5 s")
            teller.use_in_vain(talk, "check_fraud", {"email": person.email}, timeout, 5_000)
        teller.use(talk, "check_fraud", {"email": person.email}, '{"risk": "low", "score": 12}', 240)
        outcome, reason, answer = _settle(teller, talk, person)
        teller.answered(agent, teller.say(talk, answer))
        teller.outcome(agent, outcome, reason)


def _read_policy(teller: Teller, talk: Conversation) -> None:
    call = teller.ask(talk, "search_policy", {"query": "refund of damaged goods"})
    with teller.tool(call) as span:
        teller.retrieval("refund-policy", "refund of damaged goods", _POLICY)
        teller.returned(span, json.dumps(_POLICY))
    talk.messages.append(Message("tool", json.dumps(_POLICY), answers=call))


def _settle(teller: Teller, talk: Conversation, person: Person) -> tuple[str, str, str]:
    """Tell the decision; return outcome, reason and what the customer is told."""
    first_name = person.name.split()[0]
    if person.amount > _LIMIT_USD:
        teller.guardrail("refund-limit", "escalate", f"the refund is above {_LIMIT_USD} USD")
        what = f"Refund {person.amount:.2f} USD to {person.name} for order {person.order}?"
        approved = teller.chance(0.75)
        teller.approval(what, "approved" if approved else "rejected", "finance-oncall", 1 + teller.rng.random() * 12)
        if not approved:
            answer = (
                f"Dear {first_name}, a colleague of our finance team will write to {person.email} about your order."
            )
            return "escalated", "a person took over the refund", answer
    else:
        teller.guardrail("refund-limit", "allow", f"the refund is within {_LIMIT_USD} USD")
    payment = {"order_id": person.order, "amount": person.amount, "card": person.card}
    teller.use(talk, "issue_refund", payment, f'{{"refund": "RF-{person.order[4:]}", "state": "sent"}}', 420)
    answer = (
        f"Dear {first_name}, your refund of {person.amount:.2f} USD for order {person.order} is on its way to the card"
        f" that paid. A confirmation goes to {person.email}."
    )
    return "success", "refund issued", answer
