"""Team logistics: parcel tracking with a self-hosted model, and customs papers by several agents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from collector.demo.conversation import Conversation, Message, Model

if TYPE_CHECKING:
    from collector.demo.people import Person
    from collector.demo.recorder import Recorder

_OWN = Model("self-hosted", "northwind-8b-instruct", 180, 11, caches=False)
_CLAUDE = Model("anthropic", "claude-sonnet-4-5", 700, 14)
_MINI = Model("openai", "gpt-4o-mini", 350, 7)

_TRACKING = (
    "You follow parcels. Ask the carrier where the parcel is, estimate the arrival, and tell the customer. Give up"
    " after the carrier failed twice and hand the parcel to the depot."
)
_CUSTOMS = "You prepare customs papers. Let the classifier find the tariff number and the clerk fill in the form."
_CLASSIFIER = "You find the tariff number of an article in the list that the tool returns."
_CLERK = "You fill in customs form CN23 from an order. Names and addresses go in exactly as in the order."


def track(recorder: Recorder, person: Person, *, new: bool) -> None:
    """Record the tracking of a parcel. With the new release, the carrier's service fails far more often."""
    talk = Conversation(_OWN, _TRACKING, ("track_parcel", "estimate_arrival", "notify_customer"))
    question = f"Where is parcel {person.parcel} for {person.name}, {person.address}?"
    failure = ("CarrierError", f"502 from the carrier for {person.parcel} (consignee {person.name})")
    with recorder.agent("shipment-tracking", question) as agent:
        talk.messages.append(Message("user", question))
        failures = 0
        while failures < 2 and recorder.chance(0.45 if new else 0.12):  # noqa: PLR2004 - the instructions say twice
            failures += 1
            recorder.use_failing(talk, "track_parcel", {"parcel": person.parcel}, failure, 2_500)
        if failures == 2:  # noqa: PLR2004 - the same
            recorder.answered(
                agent, recorder.say(talk, f"The carrier does not answer; the depot looks for {person.parcel}.")
            )
            recorder.outcome(agent, "failure", "the carrier's service failed twice")
            return
        scan = {"parcel": person.parcel, "state": "in transit", "last_scan": "sorting center 12"}
        recorder.use(talk, "track_parcel", {"parcel": person.parcel}, json.dumps(scan), 600)
        recorder.use(talk, "estimate_arrival", {"parcel": person.parcel}, '{"days": 2, "confidence": 0.8}', 120)
        note = {"phone": person.phone, "text": f"Your {person.item} arrives in about two days."}
        recorder.use(talk, "notify_customer", note, '{"sent": true}', 200)
        answer = f"Parcel {person.parcel} was scanned in sorting center 12 and arrives in about two days."
        recorder.answered(agent, recorder.say(talk, answer))
        recorder.outcome(agent, "success", "the customer was told")


def file_papers(recorder: Recorder, person: Person, *, new: bool) -> None:
    """Record customs papers prepared by three agents; `new` has no effect."""
    del new
    task = f"Prepare the customs papers for order {person.order}."
    lead = Conversation(_CLAUDE, _CUSTOMS, ("classifier", "clerk", "file_papers"))
    with recorder.agent("customs-lead", task) as agent:
        lead.messages.append(Message("user", task))
        call = recorder.ask(lead, "classifier", {"article": person.item})
        tariff = _classified(recorder, person)
        lead.messages.append(Message("tool", tariff, answers=call))
        call = recorder.ask(lead, "clerk", {"order": person.order, "tariff": tariff})
        form = _filled_in(recorder, person)
        lead.messages.append(Message("tool", form, answers=call))
        recorder.guardrail("export-control", "allow", "the tariff number is on no list")
        if person.amount > 400 and recorder.chance(0.5):  # noqa: PLR2004 - USD
            recorder.approval(
                f"File papers for {person.order}?", "approved", "customs-desk", 2 + recorder.rng.random() * 6
            )
        recorder.use(lead, "file_papers", {"order": person.order}, f'{{"filing": "CN23-{person.order[4:]}"}}', 800)
        recorder.answered(agent, recorder.say(lead, f"The papers of order {person.order} are filed."))
        recorder.outcome(agent, "success", "papers filed")


def _classified(recorder: Recorder, person: Person) -> str:
    talk = Conversation(_MINI, _CLASSIFIER, ("search_tariff",))
    task = f"Find the tariff number of: {person.item}"
    with recorder.agent("classifier", task) as agent:
        talk.messages.append(Message("user", task))
        entries = (f"8509.40 {person.item} and the like", "9403.30 wooden furniture for offices")
        call = recorder.ask(talk, "search_tariff", {"article": person.item})
        with recorder.tool(call) as span:
            recorder.retrieval("tariff", person.item, entries)
            recorder.returned(span, json.dumps(entries))
        talk.messages.append(Message("tool", json.dumps(entries), answers=call))
        answer = recorder.say(talk, "8509.40")
        recorder.answered(agent, answer)
    return answer


def _filled_in(recorder: Recorder, person: Person) -> str:
    talk = Conversation(_MINI, _CLERK, ("get_order", "validate_form"))
    task = f"Fill in CN23 for order {person.order}."
    with recorder.agent("clerk", task) as agent:
        talk.messages.append(Message("user", task))
        order = {"order": person.order, "consignee": person.name, "address": person.address, "phone": person.phone}
        recorder.use(talk, "get_order", {"order": person.order}, json.dumps(order), 80)
        if recorder.chance(0.3):
            missing = ("ValidationError", "field 7: a telephone number with its country code is needed")
            recorder.use_failing(talk, "validate_form", {"consignee": person.name}, missing, 60)
        form = {"consignee": person.name, "address": person.address, "phone": person.phone, "value": person.amount}
        recorder.use(talk, "validate_form", form, '{"valid": true}', 60)
        answer = recorder.say(talk, json.dumps(form))
        recorder.answered(agent, answer)
    return answer
