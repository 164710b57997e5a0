"""The cache is bounded, forgets the oldest, and holds no text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from redaction.cache import ENTRY_BYTES, ITEM_BYTES, Cache, digest

if TYPE_CHECKING:
    from redaction.redactor import Redactor


def test_the_least_recently_used_leaves_first() -> None:
    cache: Cache[tuple[int, ...]] = Cache(2 * ENTRY_BYTES)
    cache.put(b"a", ())
    cache.put(b"b", ())
    assert cache.get(b"a") == ()
    cache.put(b"c", ())
    assert (cache.get(b"a"), cache.get(b"b"), cache.get(b"c")) == ((), None, ())


@given(st.lists(st.tuples(st.binary(max_size=1), st.integers(0, 5))))
def test_it_never_grows_beyond_its_bound(puts: list[tuple[bytes, int]]) -> None:
    cache: Cache[tuple[int, ...]] = Cache(3 * ENTRY_BYTES)
    for key, size in puts:
        cache.put(key, tuple(range(size)))
        assert cache.bytes <= 3 * ENTRY_BYTES
    assert cache.bytes == sum(ENTRY_BYTES + ITEM_BYTES * len(value) for value in cache._entries.values())


def test_the_hash_depends_on_where_a_part_ends() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a") == digest("a")
    assert digest("\ud83d") != digest("\ud83e")


def test_no_cache_holds_text(redactor: Redactor) -> None:
    redactor.redact('Marta Nowak wrote {"customer_name": "Chen Wei"}')
    for cache in (redactor._known, redactor._known_records, redactor._known_pieces):
        assert cache._entries
        assert "Nowak" not in repr(cache._entries)
        assert "Chen" not in repr(cache._entries)
