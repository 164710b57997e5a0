"""Names and addresses that are easy to miss, and words that are easy to take for them; all written by hand.

Redaction was developed on them; test_held_out.py measures it on other texts.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from benchmarks.labelled import score
from redaction.text import Text

if TYPE_CHECKING:
    from redaction.redactor import Redactor

# Text in [ ] must be redacted, everything else must stay.
MUST_GO = [
    "its for my sister [leticia]",
    "Chị [Phạm Thị Lan] đã gọi hôm qua.",
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
    # more of the same
    "नमस्ते, मेरा नाम [अमित शर्मा] है।",
    "[सुनीता वर्मा] जी का ऑर्डर कल पहुँच जाएगा।",
    "कृपया [राहुल] से बात कीजिए।",
    "আমার নাম [তানভীর রহমান]।",
    "என் பெயர் [கார்த்திக் சுப்பிரமணியன்].",
    "Tôi tên là [Trần Văn Hùng], tôi ở Đà Nẵng.",
    "Merhaba, ben [Ayşe Yılmaz], siparişim gelmedi.",  # noqa: RUF001
    "Halo, saya [Siti Nurhaliza], pesanan saya belum datang.",
    "Tolong hubungi Bapak [Budi Santoso] besok.",
    "مرحبا، اسمي [أحمد منصور] ولم يصل طلبي.",
    "سلام، من [رضا کریمی] هستم.",
    "שלום, שמי [יעל כהן] ואני מחכה למשלוח.",
    "我是[李晓明]，请帮我查一下订单。",  # noqa: RUF001
    "[陈美玲]女士的退款已经处理。",
    "收件人：[张伟]，电话 [138 0013 8000]",  # noqa: RUF001
    "私は[田中太郎]です。よろしくお願いします。",
    "[鈴木花子]様のご注文を確認しました。",
    "저는 [박서연]이고 환불을 원합니다.",
    "[이민호] 고객님께 전화드렸습니다.",
    "Мене звати [Олена Ковальчук].",
    "Казвам се [Георги Димитров] и имам въпрос.",  # noqa: RUF001
    "[Νίκος Αντωνίου]: δεν έλαβα το δέμα.",
    "Mam na imię [Agnieszka], zamówienie nie dotarło.",
    "Jmenuji se [Tomáš Dvořák] a bydlím v Brně.",
    "Mă numesc [Ionuț Popescu].",
    "Üdvözlöm, [Kovács Péter] vagyok.",
    "Hei, olen [Aino Virtanen].",
    "Hej, det är [Björn Sjöberg] här igen.",
    "Jeg hedder [Søren Kjærgaard].",
    "Eu sou a [Juliana Albuquerque], quero cancelar.",
    "Me llamo [Ximena Ibáñez], ¿me ayuda?",
    "Je suis [Amélie Rousseau], ma commande est en retard.",
    "Mi chiamo [Giovanni Esposito].",
    "Ich heiße [Jürgen Schäfer] und brauche Hilfe.",
    "Ik ben [Sanne van der Meer].",
    "This is [Chidi Okonkwo] from Lagos.",
    "[Tendai Moyo] asked for a refund.",
    "[Nomvula Dlamini] and [Thabo Mokoena] will join.",
    "[Adwoa Mensah] opened the ticket.",
    "i'm [kwabena], can u reset my pin",
    "hey [jamal] here, wheres my parcel",
    "thx [svetlana]!!",
    "ask [bjorn] or [xiomara] about it",
    "pls call mrs [delgado] back",
    "ok so [ravi kumar] never got the email",
    "[Dawn] is on leave until Monday.",
    "[Summer Hayes] signed the form.",
    "Please ask [Chase] to review it.",
    "[Faith] and [Joy] are twins.",
    "I met [Bill] and [Sue] at lunch.",
    "[Hunter] moved to the Berlin office.",
    "My manager is [April Rivers].",
    "[Jack Frost] called about the heating.",
    "Tell [Angel] that the meeting moved.",
    "Mr. [Power] approved the budget.",
    "Dr. [Love] will see you now.",
    "[Young], [Noble] and [Sharp] founded the firm.",
    "The claim of [Destiny Price] was denied.",
    "cc [O'Brien], [D'Angelo] and [McAllister]",
    '{"notes": "Called [Wei Ling], she will ring back"}',
    '{"approved_by_text": "ok - [Henrietta]"}',
    "2026-01-04 INFO sent reminder to [Esperanza Quiroga]",
    "git log: fix typo ([Torvald Grimstad])",
    "Interviewed [Zanele] and [Kofi] for the role.",
    "Please deliver to [118 Harbour View Terrace, Flat 3, Leeds LS6 2QT].",
    "New address: [Hauptstr. 7, 80331 München]",
    "Adresse: [5 impasse des Cerisiers, 31000 Toulouse]",
    "Mi dirección es [Carrera 15 # 93-47, Bogotá]",
    "Endereço: [Avenida Paulista 1578, 01310-200 São Paulo - SP]",
    "Indirizzo: [Corso Vittorio Emanuele 112, 80121 Napoli]",
    "Adres: [ul. Mickiewicza 23/4, 60-834 Poznań]",
    "Adresa: [Vinohradská 1200/50, 130 00 Praha 3]",
    "Cím: [Kossuth Lajos utca 14, 1053 Budapest]",
    "Osoite: [Mannerheimintie 12 B 5, 00100 Helsinki]",
    "Adress: [Storgatan 41, 114 55 Stockholm]",
    "Διεύθυνση: [Ερμού 25, 105 63 Αθήνα]",
    "Адрес: [ул. Ленина, д. 12, кв. 45, Екатеринбург, 620014]",
    "地址：[北京市朝阳区建国路88号]",  # noqa: RUF001
    "주소: [서울특별시 강남구 테헤란로 152]",
    "Alamat: [Jl. Sudirman No. 25, Jakarta 10220]",
    "Địa chỉ: [45 Nguyễn Huệ, Quận 1, TP. Hồ Chí Minh]",
    "ship to [12/4 MG Road, Bengaluru 560001]",
    "my new place is [9 willow crescent, guelph on n1g 2w1]",
    "postal code is [K1A0B1]",
    "Ship to:\n[Kastanienallee 22\n10435 Berlin\nGermany]",
    "i live on [elm st] near the school",
    "Adres: [Bağdat Caddesi No: 251, Kadıköy, İstanbul]",  # noqa: RUF001
    "住所：[東京都渋谷区神南1-19-11]",  # noqa: RUF001
    "[dan] said he will do it, [beth] will check",
    "اتصلت [فاطمة الزهراء] أمس.",
    "> [Marieke Jansen]\n> [Prinsengracht 263\n> 1016 GV Amsterdam]",
]
MUST_STAY = [
    "Nimbrix Pro costs more than Nimbrix Basic.",
    "Mark it as done, then chase the supplier.",
    "Grace periods end on Monday; hope for the best.",
    "Kata sandi salah, silakan coba lagi.",
    "Tập tin không tồn tại.",
    "Guardrail tripwire triggered: no_pii",
    "Guardrail tripwire triggered: {'guardrail': 'pii_guard'}",
    "I will mark the task as done and bill the account.",
    "The cook follows the recipe, the hunter follows the deer.",
    "May I ask a question? It may rain in May.",
    "Claude and Gemini answered, Llama timed out.",
    "Electric Toothbrush, Wireless Earbuds and a Leather Backpack in Navy",
    "def render_page(request): return Template(request)",
    "for item in items: print(item.name, item.price)",
    "ValueError: could not convert string to float",
    "Step 4: open Settings, choose Privacy, then press Save.",
    "SELECT name, price FROM products WHERE color = 'red'",
    "Thank you for your patience! How can I help you today?",
    "Chapter 3, page 45 of 99",
    "Your total is $1,204.50 for 3 items.",
    "Boarding starts at 09:40 at gate B12.",
    "My Velquora account is locked and the app keeps crashing.",
    "We stayed at the Copper Kettle Inn and ate at Blue Lantern Bistro.",
    "Upgrade from the Silver Plan to the Platinum Plan.",
    "Lufthansa and Emirates cancelled their flights.",
    "I bank with Barclays and my card is a Mastercard.",
    "Take the Eurostar, then the Northern Line.",
    "Your confirmation code is QWXZPL.",
    "Reservation HJKLMN was cancelled.",
    "The doc said my kidney values are fine.",
    "Take 20 mg of lisinopril and 5 mg of amlodipine daily.",
    "Ibuprofen and paracetamol are out of stock.",
    "The Gaussian kernel and the Fourier transform are implemented.",
    "Add the Parmesan, then bake the lasagne for 40 minutes.",
    "Meeting in Conference Room C at 14:00.",
    "The Board of Directors meets in the Main Hall.",
    "The name of the city where the restaurant is located.",
    "location: querystring",
    "apt-get install -y libssl-dev zlib1g-dev && rm -rf /var/lib/apt/lists/*",
    "RUN pip install torchaudio einops",
    'import { Router } from "@acme/http-router";',
    "@Override public String toString() { return label; }",
    "npm install --save-dev @types/node rimraf",
    "chmod 644 config.yaml && chown www-data:www-data .",
    "SELECT o.id, o.total FROM orders o JOIN customers c ON c.id = o.customer_id",
    "FROM python:3.12-slim AS builder",
    "Closes #412, thanks for the report!",
    "Changelog\n\n## 2.4.0\n\n- Dropped Python 3.9",
    "Die Rechnung wurde bezahlt, vielen Dank für Ihre Geduld.",
    "El pedido llegará mañana por la tarde.",
    "O sistema está indisponível no momento.",
    "このファイルは存在しません。",
    "비밀번호를 다시 입력해 주세요.",
    "यह फ़ाइल मौजूद नहीं है।",
    "Dosya bulunamadı, lütfen tekrar deneyin.",  # noqa: RUF001
    "Файл не найден, попробуйте ещё раз.",
    '{"merchant_name": "Brightfern Coffee", "category": "Dining"}',
    '{"medications": [{"name": "Metoprolol", "dosage": "50mg"}]}',
    '{"gender": "Female", "title": "Manager", "department": "Logistics"}',
    "Round 3, Turn 2: the agent called the search tool.",
    "Bot: How can I help? User: track my parcel",
    "Room 4 is free, Room B is not.",
    "Use Docker with Kubernetes and Grafana, then restart Jenkins.",
    "I am keen to start, but the marina is closed.",
    "Water boils at 373 Kelvin or 212 degrees Fahrenheit.",
    "La commande a été annulée et le remboursement est en cours.",
    "ไม่พบไฟล์ที่ต้องการ",
    '{"name": "Wireless Mouse", "brand": "Oakhollow", "color": "Forest Green"}',
    "Early access ends in May; will it be extended?",
    "teh pakcage nevr arived, plese chekc",
    "訂單已取消,退款將於三天內完成。",
]
# Known errors of the tagger; a strict xfail, so that a line must go when the tagger improves.
MISSED = [
    "ผมชื่อ [สมชาย ใจดี] ครับ",
    "[Mehmet Öztürk] bey aradı, geri dönün lütfen.",  # noqa: RUF001
]
TAKEN = [
    "The Quarterly Report for Sales and Marketing is ready.",
    "The city and state, e.g. 'Springfield, IL' or 'Dayton, OH'.",
    "The Mantissa has 10 bits.",
    "The Best Western is cheaper than the Grand Plaza.",
    "Install Kaleido or Selenium to render images.",
    "Dear Zynthia Support, I would like to cancel my subscription.",
    "It was pure lunacy and I will not lie about it.",
    "Dijkstra's algorithm beats Bellman-Ford here.",
]


def asked(marked: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text without its marks, and the marked stretches as labels."""
    text, spans = "", []
    for number, part in enumerate(re.split(r"[\[\]]", marked)):
        if number % 2:
            spans.append((len(text), len(text) + len(part), "PERSON"))
        text += part
    return text, spans


@pytest.mark.parametrize("marked", MUST_GO)
def test_it_goes(redactor: Redactor, marked: str) -> None:
    text, spans = asked(marked)
    redacted = redactor.redact(text)
    scored = score([{"text": text, "spans": spans}], [redacted])
    assert scored.whole == scored.wanted, redacted.text


@pytest.mark.parametrize("text", MUST_STAY)
def test_it_stays(redactor: Redactor, text: str) -> None:
    assert redactor.redact(text).text == text


@pytest.mark.xfail(strict=True, reason="a known limit, see the model card")
@pytest.mark.parametrize("marked", MISSED)
def test_it_is_missed(redactor: Redactor, marked: str) -> None:
    test_it_goes(redactor, marked)


@pytest.mark.xfail(strict=True, reason="a known limit, see the model card")
@pytest.mark.parametrize("text", TAKEN)
def test_it_is_taken(redactor: Redactor, text: str) -> None:
    test_it_stays(redactor, text)


def test_all_of_them_meet_the_floor_for_agent_traces(redactor: Redactor) -> None:
    texts = [asked(marked) for marked in [*MUST_GO, *MISSED]] + [(text, []) for text in [*MUST_STAY, *TAKEN]]
    rows = [{"text": text, "spans": spans} for text, spans in texts]
    scored = score(rows, redactor.redact_many([Text(text) for text, _ in texts]))
    assert scored.wanted == 155
    assert scored.any_of >= 0.995
    assert scored.every >= 0.985
    assert scored.precision >= 0.90


@pytest.mark.parametrize("name", ["Ruben Castellanos", "李娜", "Ekaterina Smirnova", "grace hunter"])
def test_names_go_from_tool_results_with_meaningless_keys(redactor: Redactor, name: str) -> None:
    raw = json.dumps({"result": [{"text": f"Spoke with {name} today"}, {"label": name}]}, ensure_ascii=False)
    assert name not in redactor.redact(raw).text
