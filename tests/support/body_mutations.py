"""Mutations of real exports: protobuf fields, JSON values, layers of compression, raw bytes."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from google.protobuf import json_format

from collector.otlp.messages import decode
from collector.spool.spool import Signal

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from collector.otlp.messages import Encoding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

EXPORTS: Final = Path(__file__).parents[1] / "data" / "otlp"
_SOURCES: Final = ("manual-convention", "otel-openai-v2-default", "strands-agents", "claude-agent-sdk", "langfuse-sdk")
_SEED_BYTES: Final = 6 << 10  # of exports, most of which are much larger: what is small is mutated often
_MOST_BYTES: Final = 1 << 18
_NUMBERS: Final = (0, 1, 2, 127, 128, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1)
_TEXTS: Final = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # a surrogate, which UTF-8 does not have
    b"\xf4\x90\x80\x80",
    "\u202e\U0001f600\u0301".encode(),
    b"a" * 70_000,
    b"[" * 2_000,
    b'{"a":' * 500,
    b"1e999999999",
    b"-" * 40,
    b"nan",
    b"2026-13-45T99:99:99Z",
    b'[{"role":"user","content":[{"type":"text","text":"Jane Doe"}]}]',
    b'{"role":null,"parts":[[],{},0,null,{"type":1}]}',
    b"%" * 300,
)
_KEYS: Final = (
    b"gen_ai.input.messages",
    b"gen_ai.usage.input_tokens",
    b"gen_ai.usage.cost",
    b"llm.input_messages.99999999999.message.content",
    b"openinference.span.kind",
    b"input.value",
    b"session.id",
    b"spanledger.team",
    b"spanledger.stamped.team",
    b"gen_ai.operation.name",
    b"event.name",
)
_JSON_VALUES: Final = (
    *("null", "true", "0", "-0", "1e400", "-1e400", "1e-400", "0.1", "9" * 400, "9" * 5_000, "NaN", "Infinity"),
    *('""', '"', '"\\ud800"', '"\\u0000"', '"5b8efff798038103d269b633813fc60c"', '"zz"', '"18446744073709551616"', ","),
    *("[]", "{}", "[[]]", "[null]", "[" * 500 + "]" * 500, '{"arrayValue":{"values":[{}]}}', '{"intValue":"1e9"}'),
    *('{"kvlistValue":{"values":[{}]}}', '{"doubleValue":"NaN"}', '{"bytesValue":"%%%"}', '{"stringValue":{}}', ""),
)

_Field = tuple[int, int, Any]  # number, wire type, and a number, bytes or the fields of a message


@dataclass(frozen=True, slots=True)
class Mutant:
    """A body with its encoding and compression."""

    signal: Signal
    content: bytes
    encoding: Encoding
    compression: str


class Mutator:
    """An endless source of bodies; those passed to `keep` are mutated further."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._seeds: dict[Signal, list[bytes]] = {signal: [] for signal in get_args(Signal)}
        for source in _SOURCES:
            for file in sorted((EXPORTS / source).glob("*.pb")):
                for signal, seeds in self._seeds.items():
                    if file.name.split(".")[1] == signal and file.stat().st_size < _SEED_BYTES:
                        seeds.append(file.read_bytes())
        self._lies = False  # whether lengths do
        self._sound = {signal: len(seeds) for signal, seeds in self._seeds.items()}

    def keep(self, mutant: Mutant, body: bytes) -> None:
        """Mutate the protobuf of this accepted mutant from now on; at most a few hundred are kept."""
        seeds = self._seeds[mutant.signal]
        if len(body) < _SEED_BYTES:
            if len(seeds) > 8 * self._sound[mutant.signal]:
                del seeds[self._rng.randrange(self._sound[mutant.signal], len(seeds))]
            seeds.append(body)

    def mutant(self) -> Mutant:
        """Return another body."""
        rng = self._rng
        signal = rng.choice(get_args(Signal))
        seed = rng.choice(self._seeds[signal])
        encoding: Encoding = "json" if rng.random() < 0.2 else "protobuf"
        content = self._json(signal, seed) if encoding == "json" else self._protobuf(seed, signal)
        if rng.random() < 0.1:
            content = changed_bytes(rng, content)
        compression = rng.choice(("identity",) * 6 + ("gzip", "deflate", "zstd", "x-gzip"))
        return Mutant(signal, self._compressed(content[:_MOST_BYTES], compression), encoding, compression)

    def _protobuf(self, seed: bytes, signal: Signal) -> bytes:
        fields = _parsed(seed)
        self._lies = self._rng.random() < 0.1
        for _ in range(self._rng.choice((1, 1, 2, 4))):
            self._change(fields, signal)
        return self._written(fields)

    def _change(self, fields: list[_Field], signal: Signal) -> None:
        """Change one field of a randomly chosen nested message."""
        rng = self._rng
        while fields:
            index = rng.randrange(len(fields))
            number, wire_type, value = fields[index]
            if not isinstance(value, list) or rng.random() < 0.1:
                break
            fields = value
        if not fields:
            fields.append((rng.randrange(1, 20), rng.choice((0, 1, 2, 5)), self._any_value()))
            return
        changes: Sequence[Callable[[], None]] = (
            lambda: fields.pop(index) and None,
            lambda: fields.insert(rng.randrange(len(fields) + 1), fields[index]),
            lambda: fields.extend(
                fields[index : index + 1] * rng.choice((1, 3) if isinstance(value, list) else (1, 9, 200))
            ),
            lambda: fields.__setitem__(index, (number, wire_type, self._any_value())),
            lambda: fields.__setitem__(index, (number, wire_type, self._any_value())),
            lambda: fields.__setitem__(index, (number, rng.randrange(8) if self._lies else wire_type, value)),
            lambda: fields.__setitem__(index, (rng.choice((0, 1, 2, 3, 5, 9, 15, 16, 1000, 2**29)), wire_type, value)),
            lambda: rng.shuffle(fields),
            lambda: fields.insert(index, (number, 2, _parsed(rng.choice(self._seeds[signal])))),
            lambda: fields.insert(index, (number, 2, _nested(rng.choice((3, 30, 49, 60, 200))))),
        )
        rng.choice(changes)()

    def _any_value(self) -> int | bytes:
        rng = self._rng
        kind = rng.randrange(4)
        if kind == 0:
            return rng.choice(_NUMBERS)
        if kind == 1:
            return rng.choice(_KEYS)
        return rng.choice(_TEXTS) if kind == 2 else rng.randbytes(rng.choice((0, 1, 8, 16, 17, 40)))

    def _written(self, fields: list[_Field]) -> bytes:
        rng = self._rng
        out = bytearray()
        for number, wire_type, value in fields:
            if len(out) > _SEED_BYTES << 2:  # mutations of mutations double it
                break
            out += _varint(number << 3 | wire_type & 7)
            content = self._written(value) if isinstance(value, list) else value
            if wire_type == 2:
                content = content if isinstance(content, bytes) else _varint(content)
                length = len(content)
                if self._lies and rng.random() < 0.02:
                    length = max(0, length + rng.choice((-2, -1, 1, 2, 1 << 20, 1 << 31)))
                out += _varint(length) + content
            elif wire_type in {1, 5}:
                size = 8 if wire_type == 1 else 4
                fixed = content if isinstance(content, bytes) else (content % 2**64).to_bytes(8, "little")
                out += fixed[:size].ljust(size, b"\0")
            elif wire_type == 0:
                out += _varint(content) if isinstance(content, int) else b"\x80" * rng.choice((0, 1, 9, 11)) + b"\x01"
        return bytes(out[: _MOST_BYTES << 1])

    def _json(self, signal: Signal, seed: bytes) -> bytes:
        rng = self._rng
        try:
            text = json.dumps(json_format.MessageToDict(decode(signal, seed, "protobuf")))
        except (ValueError, RecursionError):
            return seed
        for _ in range(rng.choice((1, 1, 2, 5))):
            place = rng.choice([index for index, mark in enumerate(text) if mark in '{[:,"'] or [0])
            change = rng.randrange(4)
            end = next((index for index in range(place + 1, len(text)) if text[index] in ",}]"), len(text))
            if change == 0:
                text = text[: place + 1] + rng.choice(_JSON_VALUES) + text[end:]
            elif change == 1:
                text = text[:place] + text[place:end] * 2 + text[end:]
            elif change == 2:
                text = text[:place] + text[end:]
            else:
                text = text[: place + 1] + rng.choice(_JSON_VALUES) + text[place + 1 :]
        return text.encode("utf-8", "surrogatepass")

    def _compressed(self, content: bytes, compression: str) -> bytes:
        rng = self._rng
        if compression == "identity" or rng.random() < 0.03:
            return content
        compress: Callable[[bytes], bytes] = {"deflate": zlib.compress, "zstd": zstd.compress}.get(
            compression, lambda body: gzip.compress(body, 1)
        )
        cut = rng.randrange(len(content) + 1) if rng.random() < 0.2 else len(content)
        compressed = compress(content[:cut]) + (compress(content[cut:]) if cut < len(content) else b"")
        kind = rng.randrange(30)
        if kind == 0:
            compressed = compress(compressed)
        elif kind == 1:
            compressed += compress(b"") * rng.choice((1, 50, 5_000))
        elif kind == 2:
            compressed = compressed[: rng.randrange(len(compressed) + 1)]
        elif kind == 3:
            compressed += rng.randbytes(rng.randrange(1, 30))
        elif kind == 4:
            compressed = changed_bytes(rng, compressed)
        return compressed


def _parsed(body: bytes, depth: int = 0) -> list[_Field]:
    """Return the fields of a message. Bytes that parse as a message count as one, mostly rightly."""
    fields: list[_Field] = []
    position = 0
    while position < len(body):
        tag, position = _read(body, position)
        wire_type = tag & 7
        value: Any
        if wire_type == 0:
            value, position = _read(body, position)
        elif wire_type == 2:
            length, position = _read(body, position)
            value, position = body[position : position + length], position + length
            if position > len(body):
                raise ValueError(length)
            if depth < 12 and not value[:64].decode("latin-1").isprintable():
                value = _perhaps(value, depth)
        elif wire_type in {1, 5}:
            size = 8 if wire_type == 1 else 4
            value, position = int.from_bytes(body[position : position + size], "little"), position + size
        else:
            raise ValueError(wire_type)
        if not tag >> 3:
            raise ValueError(tag)
        fields.append((tag >> 3, wire_type, value))
    return fields


def _perhaps(value: bytes, depth: int) -> list[_Field] | bytes:
    try:
        return _parsed(value, depth + 1)
    except (ValueError, IndexError):
        return value


def _nested(depth: int) -> list[_Field]:
    """Return the fields of a value in a list in a list ..."""
    fields: list[_Field] = [(1, 2, b"x")]
    for _ in range(depth):
        fields = [(5, 2, [(1, 2, fields)])]
    return fields


def _varint(number: int) -> bytes:
    out = bytearray()
    number %= 2**64
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read(body: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
        shift += 7
        if shift > 63:
            raise ValueError(number)


def changed_bytes(rng: random.Random, sound: bytes) -> bytes:
    """Return a body with bytes changed, cut off, doubled or random."""
    body = bytearray(sound)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        place = rng.randrange(len(body) or 1)
        change = rng.randrange(5)
        if change == 0:
            body[place : place + 1] = rng.randbytes(1)
        elif change == 1 and rng.random() < 0.3:
            del body[place:]
        elif change == 2:
            body[place:place] = rng.randbytes(rng.randrange(32))
        elif change == 3 and len(body) < _MOST_BYTES:
            body += body[:place]
        elif change == 4 and rng.random() < 0.1:
            body = bytearray(rng.randbytes(rng.randrange(512)))
    return bytes(body)
