"""Addresses of crypto wallets, found by their checksum or by a form of their own."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from redaction.recognizers.base import Rule, RuleRecognizer, words

if TYPE_CHECKING:
    from redaction.recognizers.base import TextRecognizer

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CHECKS = frozenset({1, 0x2BC830A3})  # BIP 173 and BIP 350
_CHECK_BYTES = 4


def base58_check(address: str) -> bool:
    """Whether the last four bytes are the first four of the double SHA-256 of the others (Bitcoin's Base58Check)."""
    number = 0
    for character in address:
        number = number * 58 + _BASE58.index(character)
    raw = number.to_bytes(max(25, (number.bit_length() + 7) // 8), "big")
    body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    return hashlib.sha256(hashlib.sha256(body).digest()).digest()[:_CHECK_BYTES] == check


def bech32_check(address: str) -> bool:
    """Whether the checksum of BIP 173 or BIP 350 holds."""
    prefix, _, data = address.lower().rpartition("1")
    if not prefix or any(character not in _BECH32 for character in data):
        return False
    values = [ord(character) >> 5 for character in prefix] + [0] + [ord(character) & 31 for character in prefix]
    state = 1
    for value in values + [_BECH32.index(character) for character in data]:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for index, generator in enumerate(_GENERATORS):
            state ^= generator if top >> index & 1 else 0
    return state in _BECH32_CHECKS


def recognizers() -> list[TextRecognizer]:
    """Return the recognizers of this family."""
    return [
        RuleRecognizer(
            "WalletRecognizer",
            (
                Rule(  # Bitcoin, Litecoin, Dogecoin, Tron
                    "CRYPTO",
                    re.compile(r"(?<![A-Za-z0-9])[13LMDT][1-9A-HJ-NP-Za-km-z]{25,33}(?![A-Za-z0-9])"),
                    1.0,
                    check=base58_check,
                ),
                Rule(
                    "CRYPTO",
                    re.compile(r"(?<![A-Za-z0-9])(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,71}(?![A-Za-z0-9])", re.IGNORECASE),
                    1.0,
                    check=bech32_check,
                ),
                Rule("CRYPTO", re.compile(r"(?<![A-Za-z0-9])0x[0-9a-fA-F]{40}(?![A-Za-z0-9])"), 0.9),  # Ethereum
                Rule(
                    "CRYPTO", re.compile(r"(?<![A-Za-z0-9])[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}(?![A-Za-z0-9])"), 0.9
                ),  # Monero
                Rule(  # Solana, Ripple, Cardano, Polkadot and others
                    "CRYPTO",
                    re.compile(
                        r"(?<![A-Za-z0-9])(?:addr1[0-9a-z]{50,100}|r?[1-9A-HJ-NP-Za-km-z]{31,48})(?![A-Za-z0-9])"
                    ),
                    0.7,
                    context=words(
                        "wallet", "solana", "sol", "xrp", "ripple", "cardano", "ada", "polkadot", "phantom", "crypto"
                    ),
                ),
            ),
        )
    ]
