"""Names and addresses that are easy to miss, and words that are easy to take for them; all written by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from redaction.redactor import Redactor

# What stands between [ and ] must go, everything else must stay.
MUST_GO = [
    # lower case, as people type in chats
    "hi its [ruben castellanos] again, any news?",
    "pls forward this to [ingrid lindqvist] and [tomasz]",
    "my name is [devon okafor], zip [60614]",
    "can you ask [priyanka] if the refund went out",
    "[yusuf demir] says the printer is broken",
    # names that are words
    "[Will] said that the deploy is done.",
    "I spoke with [Grace Hunter] about the invoice.",
    "[Rose] and [Mark] approved the change.",
    "[Hope Summers] is the manager, [Frank Baker] is on holiday.",
    "Ask [Art Young] whether it is ready.",
    # many countries
    "[Siobhán Ní Dhomhnaill] opened the ticket.",
    "Assigned to [Nguyễn Thị Hương].",
    "[Oluwaseun Adebayo] wrote the report.",
    "Reviewed by [Wojciech Kowalczyk].",
    "[Łucja Dąbrowska] and [Þórdís Gunnarsdóttir] are the owners.",
    "The passenger is [Aleksandr Ivanovich Petrov].",
    "Dear Ms [Papadopoulou], your order was shipped.",
    "Customer [Mohammed al-Rashid] called about the refund.",
    "[Jean-Baptiste de la Fontaine] signed the contract.",
    "thanks [María José Fernández López]!",
    "Contact [Zsófia Szabó] for details.",
    # other scripts
    "Здравствуйте, меня зовут [Екатерина Смирнова].",
    "Με λένε [Γιώργος Παπαδόπουλος] και έχω πρόβλημα.",
    "안녕하세요, 저는 [김민준]입니다.",
    "我叫[王小明]，我的订单没有到。",  # noqa: RUF001 - Chinese has its own comma
    "[佐藤健]様、お世話になっております。",
    # forms
    "From: [Halima Abdi]\nTo: [Stefan Brandt]\nSubject: invoice",
    "[Castellanos, Ruben]; [Lindqvist, Ingrid]",
    "Signed-off-by: [Ana Beatriz Carvalho] <[ana@example.org]>",
    "[M. Okonkwo] et al. (2021) report the same.",
    # addresses
    "Ship it to [4417 Juniper Hollow Rd, Apt 12B, Boise, ID 83702] please.",
    "my address is [77 wharf lane, bristol bs1 4rn]",
    "Lieferadresse: [Lindenstraße 14, 10969 Berlin]",
    "Adresse : [12 rue des Lilas, 69003 Lyon]",
    "Wohnhaft in [Kirchgasse 3\n8001 Zürich]",
    "Vivo en [Calle de Alcalá 45, 28014 Madrid]",
    "Deliver to [Via Garibaldi 22\n20121 Milano\nItaly] before noon.",
    "The office is at [Rua Augusta 1508, São Paulo].",
    "Send it to [Ulica Długa 5/12, 31-147 Kraków].",
    "I live at [23 Marsh Street].",
]
MUST_STAY = [
    "Guardrail tripwire triggered: no_pii",
    "Guardrail tripwire triggered: {'guardrail': 'pii_guard'}",
    "I will mark the task as done and bill the account.",
    "The cook follows the recipe, the hunter follows the deer.",
    "May I ask a question? It may rain in May.",
    "Claude and Gemini answered, Llama timed out.",
    "Electric Toothbrush, Wireless Earbuds and a Leather Backpack in Navy",
    "The Quarterly Report for Sales and Marketing is ready.",
    "def render_page(request): return Template(request)",
    "for item in items: print(item.name, item.price)",
    "ValueError: could not convert string to float",
    "Step 4: open Settings, choose Privacy, then press Save.",
    "SELECT name, price FROM products WHERE color = 'red'",
    "Thank you for your patience! How can I help you today?",
    "Chapter 3, page 45 of 99",
    "Your total is $1,204.50 for 3 items.",
]
# What the tagger gets wrong today; a strict xfail, so that the list is cleared when it learns better.
MISSED = [
    "नमस्ते, मेरा नाम [अमित शर्मा] है।",
]
TAKEN = [
    "Grace periods end on Monday; hope for the best.",
    "Use Docker with Kubernetes and Grafana, then restart Jenkins.",
    "Boarding starts at 09:40 at gate B12.",
    "The Best Western is cheaper than the Grand Plaza.",
]


def asked(marked: str) -> tuple[str, list[str]]:
    """The text without its marks, and what stood between them."""
    wanted = [part.split("]")[0] for part in marked.split("[")[1:]]
    return marked.replace("[", "").replace("]", ""), wanted


@pytest.mark.parametrize("marked", MUST_GO)
def test_it_goes(redactor: Redactor, marked: str) -> None:
    text, wanted = asked(marked)
    covered = bytearray(len(text))
    for finding in redactor.redact(text).findings:
        covered[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
    position = 0
    for value in wanted:
        start = text.index(value, position)
        position = start + len(value)
        left = "".join(text[index] for index in range(start, position) if text[index].isalnum() and not covered[index])
        assert left == "", redactor.redact(text).text


@pytest.mark.parametrize("text", MUST_STAY)
def test_it_stays(redactor: Redactor, text: str) -> None:
    assert redactor.redact(text).text == text


@pytest.mark.xfail(strict=True, reason="the model card tells: few templates in Hindi")
@pytest.mark.parametrize("marked", MISSED)
def test_it_is_missed(redactor: Redactor, marked: str) -> None:
    test_it_goes(redactor, marked)


@pytest.mark.xfail(strict=True, reason="the model card tells: names of products and hotels, words that are names")
@pytest.mark.parametrize("text", TAKEN)
def test_it_is_taken(redactor: Redactor, text: str) -> None:
    test_it_stays(redactor, text)


@pytest.mark.parametrize("name", ["Ruben Castellanos", "李娜", "Ekaterina Smirnova", "grace hunter"])
def test_names_go_from_tool_results_whose_keys_say_nothing(redactor: Redactor, name: str) -> None:
    raw = json.dumps({"result": [{"text": f"Spoke with {name} today"}, {"label": name}]}, ensure_ascii=False)
    assert name not in redactor.redact(raw).text
