"""Team payments: refunds; above a limit a person must approve."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from collector.demo.conversation import Conversation, Message, Model

if TYPE_CHECKING:
    from collector.demo.people import Person
    from collector.demo.recorder import Recorder

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


def refund(recorder: Recorder, person: Person, *, new: bool) -> None:
    """Record a refund. The new release always reads the policy, the old one often does not."""
    talk = Conversation(_CLAUDE, _INSTRUCTIONS, _TOOLS)
    question = (
        f"Hello, this is {person.name}. My {person.item} (order {person.order}) arrived broken. Please send the"
        f" {person.amount:.2f} USD back to my card {person.card}. My e-mail is {person.email}, my phone {person.phone}."
    )
    with recorder.agent("refund-agent", question) as agent:
        recorder.guardrail("prompt-injection", "allow", "no instruction in the customer's text")
        talk.messages.append(Message("user", question))
        order = {
            "order": person.order,
            "item": person.item,
            "status": "delivered",
            "total": person.amount,
            "customer": {"name": person.name, "email": person.email, "address": person.address},
        }
        recorder.use(talk, "lookup_order", {"order_id": person.order, "email": person.email}, json.dumps(order), 90)
        if new or recorder.chance(0.4):
            _read_policy(recorder, talk)
        if recorder.chance(0.04 if new else 0.08):
            recorder.give_up(agent, talk, "overloaded_error", "the model provider is over capacity")
            return
        if recorder.chance(0.15):
            timeout = ("TimeoutError", f"fraud service: no answer for {person.email} within 5 s")
            recorder.use_failing(talk, "check_fraud", {"email": person.email}, timeout, 5_000)
        recorder.use(talk, "check_fraud", {"email": person.email}, '{"risk": "low", "score": 12}', 240)
        outcome, reason, answer = _settle(recorder, talk, person)
        recorder.answered(agent, recorder.say(talk, answer))
        recorder.outcome(agent, outcome, reason)


def _read_policy(recorder: Recorder, talk: Conversation) -> None:
    call = recorder.ask(talk, "search_policy", {"query": "refund of damaged goods"})
    with recorder.tool(call) as span:
        recorder.retrieval("refund-policy", "refund of damaged goods", _POLICY)
        recorder.returned(span, json.dumps(_POLICY))
    talk.messages.append(Message("tool", json.dumps(_POLICY), answers=call))


def _settle(recorder: Recorder, talk: Conversation, person: Person) -> tuple[str, str, str]:
    """Record the decision; return the outcome, its reason and the answer to the customer."""
    first_name = person.name.split()[0]
    if person.amount > _LIMIT_USD:
        recorder.guardrail("refund-limit", "escalate", f"the refund is above {_LIMIT_USD} USD")
        what = f"Refund {person.amount:.2f} USD to {person.name} for order {person.order}?"
        approved = recorder.chance(0.75)
        recorder.approval(
            what, "approved" if approved else "rejected", "finance-oncall", 1 + recorder.rng.random() * 12
        )
        if not approved:
            answer = (
                f"Dear {first_name}, a colleague of our finance team will write to {person.email} about your order."
            )
            return "escalated", "a person took over the refund", answer
    else:
        recorder.guardrail("refund-limit", "allow", f"the refund is within {_LIMIT_USD} USD")
    payment = {"order_id": person.order, "amount": person.amount, "card": person.card}
    recorder.use(talk, "issue_refund", payment, f'{{"refund": "RF-{person.order[4:]}", "state": "sent"}}', 420)
    answer = (
        f"Dear {first_name}, your refund of {person.amount:.2f} USD for order {person.order} is on its way to the card"
        f" that paid. A confirmation goes to {person.email}."
    )
    return "success", "refund issued", answer
