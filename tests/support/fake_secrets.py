"""Invented secrets of every kind that redaction knows, for tests. None is real."""

from __future__ import annotations

import base64
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_HEX = "0123456789abcdef"
_PLAIN = string.ascii_letters + string.digits
_WORD = _PLAIN + "_-"
_BASE64 = _PLAIN + "+/"
_UPPER = string.ascii_uppercase + string.digits
_LOWER = string.ascii_lowercase + string.digits

# Of each kind: what it begins with, then the alphabet and the length of each part that is drawn, literals between.
_DRAWN: dict[str, tuple[str | tuple[str, int], ...]] = {
    "OpenAI": ("sk-", (_PLAIN, 48)),
    "OpenAI project": ("sk-proj-", (_WORD, 120), "7a"),
    "Anthropic": ("sk-ant-api03-", (_WORD, 93), "AA"),
    "OpenRouter": ("sk-or-v1-", (_HEX, 64)),
    "AWS access key id": ("AKIA", (_UPPER, 16)),
    "AWS temporary key id": ("ASIA", (_UPPER, 16)),
    "Google API": ("AIza", (_WORD, 34), "x"),
    "Google OAuth access": ("ya29.a0", (_WORD, 120), "x"),
    "Google OAuth client": ("GOCSPX-", (_WORD, 27), "x"),
    "Google OAuth refresh": ("1//0", (_WORD, 60), "x"),
    "GitHub classic": ("ghp_", (_PLAIN, 36)),
    "GitHub app": ("ghs_", (_PLAIN, 36)),
    "GitHub fine-grained": ("github_pat_", (_PLAIN, 22), "_", (_PLAIN, 59)),
    "GitLab": ("glpat-", (_PLAIN, 20)),
    "GitLab runner": ("glrt-", (_PLAIN, 20)),
    "Slack bot": ("xoxb-", (string.digits, 12), "-", (string.digits, 13), "-", (_PLAIN, 24)),
    "Slack app": ("xapp-1-A", (_UPPER, 10), "-", (string.digits, 13), "-", (_HEX, 64)),
    "Slack webhook": ("https://hooks.slack.com/services/T", (_UPPER, 8), "/B", (_UPPER, 8), "/", (_PLAIN, 24)),
    "Stripe secret": ("sk_live_", (_PLAIN, 24)),
    "Stripe restricted": ("rk_live_", (_PLAIN, 24)),
    "Stripe webhook": ("whsec_", (_PLAIN, 32)),
    "Twilio": ("SK", (_HEX, 32)),
    "SendGrid": ("SG.", (_PLAIN, 22), ".", (_PLAIN, 43)),
    "Mailgun": ("key-", (_HEX, 32)),
    "Mailchimp": ((_HEX, 32), "-us", ("123456789", 1)),
    "npm": ("npm_", (_PLAIN, 36)),
    "PyPI": ("pypi-AgEIcHlwaS5vcmc", (_PLAIN, 150)),
    "Docker Hub": ("dckr_pat_", (_PLAIN, 27)),
    "Hugging Face": ("hf_", (_PLAIN, 34)),
    "Databricks": ("dapi", (_HEX, 32)),
    "DigitalOcean": ("dop_v1_", (_HEX, 64)),
    "Shopify": ("shpat_", (_HEX, 32)),
    "Square": ("sq0atp-", (_PLAIN, 22)),
    "Telegram bot": ((string.digits[1:], 9), ":AA", (_WORD, 32), "x"),
    "Discord bot": ("M", (_PLAIN, 25), ".", (_PLAIN, 6), ".", (_PLAIN, 37), "x"),
    "Discord webhook": ("https://discord.com/api/webhooks/", (string.digits[1:], 18), "/", (_PLAIN, 68)),
    "Linear": ("lin_api_", (_PLAIN, 40)),
    "Notion": ("ntn_", (_PLAIN, 46)),
    "Notion, older": ("secret_", (_PLAIN, 43)),
    "Postman": ("PMAK-", (_HEX, 24), "-", (_HEX, 34)),
    "Vercel blob": ("vercel_blob_rw_", (_PLAIN, 16), "_", (_PLAIN, 30)),
    "Supabase": ("sbp_", (_HEX, 40)),
    "Groq": ("gsk_", (_PLAIN, 52)),
    "Perplexity": ("pplx-", (_PLAIN, 48)),
    "xAI": ("xai-", (_PLAIN, 80)),
    "Replicate": ("r8_", (_PLAIN, 37)),
    "NVIDIA": ("nvapi-", (_WORD, 63), "x"),
    "Tavily": ("tvly-dev-", (_PLAIN, 31), "7"),
    "Pinecone": ("pcsk_", (_PLAIN, 60)),
    "LangSmith": ("lsv2_pt_", (_HEX, 32), "_", (_HEX, 10)),
    "Langfuse": ("sk-lf-", (_HEX, 8), "-", (_HEX, 4), "-", (_HEX, 4), "-", (_HEX, 4), "-", (_HEX, 12)),
    "New Relic": ("NRAK-", (_UPPER, 27)),
    "Grafana": ("glsa_", (_PLAIN, 32), "_", (_HEX, 8)),
    "Sentry": ("sntryu_", (_HEX, 64)),
    "Vault": ("hvs.", (_WORD, 90), "x"),
    "Terraform": ((_PLAIN, 14), ".atlasv1.", (_WORD, 66), "x"),
    "Doppler": ("dp.pt.", (_PLAIN, 43)),
    "Fly.io": ("fm2_", (_PLAIN, 80)),
    "Airtable": ("pat", (_PLAIN, 14), ".", (_HEX, 64)),
    "Atlassian": ("ATATT3", (_PLAIN, 180)),
    "Figma": ("figd_", (_WORD, 40), "x"),
    "HubSpot": ("pat-na1-", (_HEX, 8), "-", (_HEX, 4), "-", (_HEX, 4), "-", (_HEX, 4), "-", (_HEX, 12)),
    "Brevo": ("xkeysib-", (_HEX, 64), "-", (_PLAIN, 16)),
    "Resend": ("re_", (_PLAIN, 7), "5_", (_PLAIN, 24)),
    "Heroku": ("HRKU-AA", (_WORD, 58), "x"),
    "PlanetScale": ("pscale_tkn_", (_WORD, 43), "x"),
    "Tailscale": ("tskey-auth-", (_PLAIN, 12), "-", (_PLAIN, 32)),
    "PostHog": ("phx_", (_PLAIN, 43)),
    "CircleCI": ("CCIPAT_", (_PLAIN, 22), "_", (_HEX, 40)),
    "age": ("AGE-SECRET-KEY-1", (_UPPER, 58)),
    "Entra client secret": ((_PLAIN, 3), "8Q~", (_PLAIN, 34)),
    "JSON Web Token": ("eyJhbGciOiJIUzI1NiJ9.eyJ", (_PLAIN, 60), ".", (_WORD, 42), "x"),
}
# Of these nothing shows but the words around them: %s is the secret.
_TOLD: dict[str, tuple[str, str, int]] = {
    "AWS secret access key": ("aws_secret_access_key = %s", _BASE64, 40),
    "Azure storage key": ("AccountName=acme;AccountKey=%s==;EndpointSuffix=core.windows.net", _BASE64, 86),
    "Azure shared access signature": ("https://acme.blob.core.windows.net/c/f?sv=2024&sig=%s", _PLAIN, 44),
    "Datadog API key": ("DD_API_KEY=%s", _HEX, 32),
    "Datadog application key": ("DD-APPLICATION-KEY: %s", _HEX, 40),
    "Cloudflare token": ("CLOUDFLARE_API_TOKEN=%s", _WORD[:-2], 40),
    "Okta": ("Authorization: SSWS 00%s", _PLAIN, 40),
    "Twilio auth token": ("TWILIO_AUTH_TOKEN=%s", _HEX, 32),
    "Vercel token": ("VERCEL_TOKEN=%s", _PLAIN, 24),
    "Cohere": ("COHERE_API_KEY=%s", _PLAIN, 40),
    "bearer authorization": ("Authorization: Bearer %s", _PLAIN, 32),
    "key header": ("X-Api-Key: %s", _LOWER, 32),
    "cookie": ("Cookie: theme=dark; session=%s", _PLAIN, 40),
    "set-cookie": ("Set-Cookie: sid=%s; Path=/; HttpOnly", _PLAIN, 40),
    "database URL": ("postgresql://app:%s@db.internal:5432/orders", _PLAIN, 16),
    "broker URL": ("amqps://worker:%s@mq.internal/vhost", _PLAIN, 16),
    "Redis URL": ("redis://:%s@cache:6379/0", _PLAIN, 20),
    "connection string": ("Server=db;Database=orders;User Id=app;Password=%s;", _PLAIN, 14),
    "Sentry DSN": ("https://%s@o4501.ingest.sentry.io/4502", _HEX, 32),
    "password in prose": ("my password is %s7!", _PLAIN, 10),
    "password in the environment": ("PGPASSWORD=%s", _PLAIN, 14),
    "password of curl": ("curl -u admin:%s https://api.example.com", _PLAIN, 14),
    "key in a query": ("https://api.example.com/v1?api_key=%s&page=2", _PLAIN, 32),
}


def _draw(rng: Random, alphabet: str, count: int) -> str:
    return "".join(rng.choices(alphabet, k=count))


def _block(rng: Random, title: str) -> str:
    lines = [_draw(rng, _BASE64, 64) for _ in range(rng.randint(4, 12))]
    return "\n".join([f"-----BEGIN {title}-----", *lines, f"-----END {title}-----"])


def _drawn(parts: tuple[str | tuple[str, int], ...]) -> Callable[[Random], tuple[str, str]]:
    def make(rng: Random) -> tuple[str, str]:
        secret = "".join(part if isinstance(part, str) else _draw(rng, *part) for part in parts)
        return secret, secret

    return make


def _told(template: str, alphabet: str, count: int) -> Callable[[Random], tuple[str, str]]:
    def make(rng: Random) -> tuple[str, str]:
        secret = _draw(rng, alphabet, count)
        while not (any(map(str.isdecimal, secret)) and any(map(str.isalpha, secret))):
            secret = _draw(rng, alphabet, count)
        return secret, template.replace("%s", secret)

    return make


def _titled(title: str) -> Callable[[Random], tuple[str, str]]:
    def make(rng: Random) -> tuple[str, str]:
        secret = _block(rng, title)
        return secret, secret

    return make


def _basic(rng: Random) -> tuple[str, str]:
    secret = base64.b64encode(f"svc-{_draw(rng, _LOWER, 5)}:{_draw(rng, _PLAIN, 16)}".encode()).decode()
    return secret, f"Authorization: Basic {secret}"


FAKES: dict[str, Callable[[Random], tuple[str, str]]] = {
    **{kind: _drawn(parts) for kind, parts in _DRAWN.items()},
    **{kind: _told(*how) for kind, how in _TOLD.items()},
    **{
        title.lower(): _titled(title)
        for title in ("RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PRIVATE KEY", "PGP PRIVATE KEY BLOCK")
    },
    "basic authorization": _basic,
}
"""By kind: a function that returns a secret, and a text that identifies it (the secret itself if its form does)."""
