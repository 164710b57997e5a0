"""Secrets of every kind are found in full wherever agents write them; strings that only resemble one are kept."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from fake_secrets import FAKES

from redaction.leaves.json_text import leaves
from redaction.recognizers.analyzer import Analyzer
from redaction.recognizers.keys import classify, whole_value
from redaction.recognizers.provider_keys import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

ANALYZER = Analyzer()
EACH = 20
SECRET = {"API_KEY", "ACCESS_TOKEN", "PASSWORD", "CREDENTIALS", "PRIVATE_KEY"}

PLACES: dict[str, Callable[[str], str]] = {
    "alone": lambda text: text,
    "prose": lambda text: f"Sorry, I pasted the wrong thing. {text} and then it said 401.",
    "JSON value": lambda text: json.dumps({"step": 3, "content": text, "ok": True}),
    "JSON in JSON": lambda text: json.dumps({"arguments": json.dumps({"body": f"use {text} now"})}),
    "log line": lambda text: f"2026-11-22T05:26:31Z ERROR worker-3 call failed: {text} (attempt 2)",
    "code": lambda text: f"client = Client(\n    '{text}',\n    timeout=30,\n)",
    "repr": lambda text: repr({"value": text, "n": 1}),
    "markdown": lambda text: f"Run it with:\n\n```\n{text}\n```\n",
    "escaped": lambda text: f"first line\\n{text}\\nnext line" if "\n" not in text else text,
}
IN_URLS: dict[str, Callable[[str], str]] = {
    "URL": lambda text: f"https://api.example.com/v1/things?access={text}&page=2",
    "encoded URL": lambda text: f"https://api.example.com/cb?state=a%20b&x={quote(text, safe='')}&page=2",
    "header": lambda text: f"Authorization: Bearer {text}",
    "header in JSON": lambda text: json.dumps({"headers": {"Authorization": f"Bearer {text}", "Accept": "*/*"}}),
    "assignment": lambda text: f'export SERVICE_TOKEN="{text}"',
}


def replaced(text: str) -> str:
    """The text with every finding of a secret blanked, as the redactor would place them."""
    raw = list(text)
    for leaf in leaves(text):
        key = classify(leaf.path, leaf.siblings)
        entity = whole_value(key, leaf.text, number=leaf.kind == "number")
        spans = [(0, len(leaf.text))] if entity in SECRET else []
        spans += [(hit.start, hit.end) for hit in ANALYZER.find(leaf.text, key.context) if hit.entity in SECRET]
        for start, end in spans:
            first, last = leaf.encoded or (leaf.places[start], leaf.places[end])
            raw[first:last] = "\0" * (last - first)
    return "".join(raw)


def survives(secret: str, text: str) -> bool:
    """Whether six characters of the drawn part of a secret can still be read together."""
    left = replaced(text)
    shapes = [secret, json.dumps(secret)[1:-1], quote(secret, safe="")]
    return any(shape[at : at + 8] in left for shape in shapes for at in range(6, max(7, len(shape) - 7)))


def misses(kind: str, places: dict[str, Callable[[str], str]], each: int) -> list[str]:
    rng = random.Random(f"20261122 {kind}")
    found = []
    for _ in range(each):
        secret, text = FAKES[kind](rng)
        found += [f"{place}: {text}" for place, write in places.items() if survives(secret, write(text))]
    return found


def test_there_are_many_kinds() -> None:
    assert len(FAKES) >= 95
    assert len(KINDS) >= 95


@pytest.mark.parametrize("kind", FAKES)
def test_a_secret_is_found_in_full_at_every_place(kind: str) -> None:
    assert len(misses(kind, PLACES, EACH)) <= 0.01 * EACH * len(PLACES)


SHOWN = [kind for kind in FAKES if " " not in FAKES[kind](random.Random(1))[1]]


@pytest.mark.parametrize("kind", SHOWN)
def test_a_secret_is_found_in_urls_and_headers(kind: str) -> None:
    assert len(misses(kind, IN_URLS, EACH)) <= 0.01 * EACH * len(IN_URLS)


def test_over_all_kinds_at_least_99_of_100_are_found() -> None:
    missed = {kind: len(misses(kind, PLACES, 5)) for kind in FAKES}
    assert sum(missed.values()) <= 0.01 * 5 * len(PLACES) * len(FAKES), {k: n for k, n in missed.items() if n}


@pytest.mark.parametrize("newline", ["\n", "\\n", "\\\\n", "\r\n"])
def test_a_private_key_is_found_however_its_lines_end(newline: str) -> None:
    for kind in ("rsa private key", "openssh private key", "pgp private key block"):
        secret, _ = FAKES[kind](random.Random(7))
        text = f'config: key="{secret.replace(chr(10), newline)}" end'
        assert "\0" in replaced(text)
        assert not any(line in replaced(text) for line in secret.split("\n"))
        assert replaced(text).endswith('" end')


INNOCENT = [
    "sk-loading-spinner sk-fading-circle",
    "the secretary kept a secret about tokens",
    "api_key: required",
    "token_count=4711 max_tokens=8192",
    "next_page_token: CAEQAhgDIhAKDggDEgpjb250aW51ZQ",
    "partition_key=tenant-4711-2026-11-22-eu-west-1",
    "primary key (order_id, line_no_2024_v2_final)",
    "password: <PASSWORD>",
    "set the key to tenant/2026/11/22/export-000123.parquet",
    "call_abcDEF123ghiJKL456mnoPQR",
    "chatcmpl-A1b2C3d4E5f6G7h8I9j0K1l2M3n4",
    "msg_01XFDUDYJgAACzvnptvVoYEL",
    "toolu_01A09q90qw90lq917835lq9",
    "resp_67ccd2bed1ec8190b14f964abc054267",
    "thread_abc123DEF456ghi789JKL012",
    "run_9f27d24949b0581701071ea5ef522d77",
    "req_011CQ2hVUmzvYp8Gh4Wk1Jr2",
    "sha256:9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
    'etag W/"33a64df551425fcc55e4d42a148795d9f25f89d4"',
    "arn:aws:iam::123456789012:role/agent-runner",
    "pypi-server 2.3.1 and npm_config_cache",
    "ghp is a prefix, hf_ too",
    "AC milan SK gaming AIza",
    "key-value-store key-performance-indicator",
    "basic authentication and bearer tokens",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "https://example.com/path/to/SG.report.2026?token_type=bearer",
    "cookie: chocolate chip",
    "EAA is the European Accessibility Act",
    "def get_secret(name: str) -> str: return client.get_secret(name)",
    "OPENAI_API_KEY=os.environ['OPENAI_API_KEY']",
    "api_key = settings.providers.openai.api_key",
    "git clone ssh://git@github.com/org/repo.git",
    "https://user@example.com/inbox",
    "pat riley and pat-na1",
    "v1.0-rc1, v1.0-beta-2",
]  # fmt: skip


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert replaced(text) == text
