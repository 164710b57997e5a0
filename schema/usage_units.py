"""What can have a price of its own beside plain tokens, by the names of genai-prices."""

from __future__ import annotations

from typing import Final

CACHE_UNITS: Final = ("cache_write_5m_tokens", "cache_write_1h_tokens")

UNITS: Final = frozenset(
    {
        *CACHE_UNITS,
        *(f"{way}_{kind}_tokens" for way in ("input", "output") for kind in ("audio", "image", "video")),
        *(f"cache_{kind}_read_tokens" for kind in ("audio", "image", "video")),
        *("output_citation_tokens", "input_characters", "input_text_messages", "input_pixels"),
        *("audio_seconds", "input_audio_seconds", "output_audio_seconds"),
        *("input_document_pages", "input_annotated_document_pages"),
        *("rerank_searches", "web_searches", "social_searches", "storage_searches", "code_executions"),
    }
)
