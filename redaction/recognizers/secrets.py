"""Keys, tokens and passwords."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.recognizers.base import Rule, RuleRecognizer

if TYPE_CHECKING:
    from redaction.recognizers.base import TextRecognizer

_START = r"(?<![A-Za-z0-9_-])"
_NO_VALUE_TEXT = (
    "none null true false required optional empty unset missing invalid incorrect wrong reset resets changed"
    " string undefined field policy protected manager prompt hash hashed password passwd"
    " pwd secret token key str bytes"
)
_NO_VALUE = frozenset(_NO_VALUE_TEXT.split())

_SHORTEST = 4
_VARIABLE = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+(?:\(.*)?\Z|[a-z_]+\(")  # the value is computed: this is a program

# Each provider's own prefix, from its documentation; anything after it is the secret.
_PROVIDERS = re.compile(
    _START + r"(?:"
    r"sk-(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)?[A-Za-z0-9_-]{12,}"  # OpenAI, Anthropic, OpenRouter, Langfuse
    r"|pk-lf-[A-Za-z0-9-]{4,}"  # Langfuse
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9]{16,}"  # Stripe
    r"|(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]{12,}"  # AWS
    r"|AIza[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{10,}|GOCSPX-[A-Za-z0-9_-]{16,}"  # Google
    r"|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}"  # GitHub
    r"|glpat-[A-Za-z0-9_-]{12,}|gl(?:dt|rt|cbt|ptt)-[A-Za-z0-9_-]{12,}"  # GitLab
    r"|xox[abposre]-[A-Za-z0-9-]{8,}|xapp-\d-[A-Za-z0-9-]{8,}"  # Slack
    r"|hf_[A-Za-z0-9]{16,}|api_org_[A-Za-z0-9]{16,}"  # Hugging Face
    r"|npm_[A-Za-z0-9]{20,}|pypi-[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{20,}|dckr_pat_[A-Za-z0-9_-]{12,}"
    r"|SG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"  # SendGrid
    r"|(?:SK|AC)[a-f0-9]{32}"  # Twilio
    r"|lsv2_(?:pt|sk)_[A-Za-z0-9_]{16,}|ls__[A-Za-z0-9]{16,}"  # LangSmith
    r"|gsk_[A-Za-z0-9]{20,}|pplx-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|nvapi-[A-Za-z0-9_-]{20,}|xai-[A-Za-z0-9]{20,}"
    r"|tvly-[A-Za-z0-9-]{12,}|fw_[A-Za-z0-9]{20,}|pcsk_[A-Za-z0-9_]{20,}|dapi[a-f0-9]{32}"
    r"|shpat_[a-f0-9]{20,}|EAAC[A-Za-z0-9]{20,}|sq0(?:atp|csp)-[A-Za-z0-9_-]{16,}"
    r"|hvs\.[A-Za-z0-9_-]{16,}|dp\.pt\.[A-Za-z0-9]{20,}|sntrys_[A-Za-z0-9_=+/-]{20,}|phc_[A-Za-z0-9]{20,}"
    r"|lin_api_[A-Za-z0-9]{16,}|figd_[A-Za-z0-9_-]{16,}|AGE-SECRET-KEY-[A-Z0-9]{20,}|eyJrIjoi[A-Za-z0-9_=]{20,}"
    r")"
)
_PROVIDER_GATE = re.compile(
    r"sk-|pk-|[srp]k_|whsec|AKIA|ASIA|AROA|AIDA|AGPA|ANPA|AIza|ya29|GOCSPX|gh[pousr]_|github_pat|gl[a-z]{2,3}-|xox|xapp|hf_"
    r"|api_org|npm_|pypi-|dop_v1|dckr|SG\.|SK|AC|lsv2|ls__|gsk_|pplx|r8_|nvapi|xai-|tvly|fw_|pcsk_|dapi|shpat|EAAC|sq0|hvs\."
    r"|dp\.pt|sntrys|phc_|lin_api|figd_|AGE-|eyJrIjoi"
)


def _is_value(value: str) -> bool:
    """Whether this is a secret after a telling word, not the rest of a sentence about secrets."""
    bare = value.strip("\"'`.,;:!?()*")
    if len(bare) < _SHORTEST or bare.startswith(("<", "{", "$")) or _VARIABLE.match(bare):
        return False
    return bare.lower() not in _NO_VALUE


def _looks_secret(value: str) -> bool:
    return _is_value(value) and (any(map(str.isdecimal, value)) or not value.isalpha())


def recognizers() -> list[TextRecognizer]:
    """Return the recognisers of this family."""
    keys = RuleRecognizer("ApiKeyRecognizer", _PROVIDER_GATE, (Rule("API_KEY", _PROVIDERS, 0.95),))
    tokens = RuleRecognizer(
        "TokenRecognizer",
        re.compile(r"eyJ|(?i:bearer|basic)\s|BEGIN "),
        (
            Rule("ACCESS_TOKEN", re.compile(_START + r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,4}"), 0.95),
            Rule(
                "ACCESS_TOKEN",
                re.compile(
                    r"(?i:\bbearer|(?<=authorization: )basic|\btoken)\s+"
                    r"(?P<value>(?=[^\s\"']*\d)[A-Za-z0-9._~+/=-]{12,})"
                ),
                0.9,
            ),
            Rule(
                "PRIVATE_KEY",
                re.compile(
                    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----.*?"
                    r"(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|\Z)",
                    re.DOTALL,
                ),
                1.0,
                gate=re.compile("PRIVATE KEY"),
            ),
        ),
    )
    passwords = RuleRecognizer(
        "PasswordRecognizer",
        re.compile(
            r"(?i)pass(?:w|code|phrase)|\b(?:pwd|pin|otp|cv[vc])|secret|(?:api|access|private|sign\w+)[_ -]?key|token"
        ),
        (
            Rule(
                "PASSWORD",
                re.compile(
                    r"(?i:\b(?:pass(?:word|wd|code|phrase)|pwd)s?)(?:[\"'`*]*\s*(?:[:=]|is|was|are|to)[\s\"'`*:]*)(?P<value>[^\s\"'`,;<>]{4,64})"
                ),
                0.8,
                check=_looks_secret,
            ),
            Rule(
                "API_KEY",
                re.compile(
                    r"(?i:(?:secret|api|access|client|private|signing)[_ -]?(?:key|secret|token)|\bsecret|\btoken)"
                    r"[\"'`*]*\s*(?:[:=]|is)[\s\"'`*:=]*(?P<value>(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[A-Za-z0-9._~+/=-]{12,})"
                ),
                0.8,
                check=_is_value,
            ),
            Rule(
                "PIN",
                re.compile(
                    r"(?i:\b(?:pin|cvv2?|cvc2?|otp|passcode|security code))\b(?: (?:code|number))?"
                    r"[\"'*]*\s*(?:[:=]|is|was)?[\s\"'*]*(?P<value>\d{3,8})(?![\w-])"
                ),
                0.7,
            ),
        ),
    )
    connections = RuleRecognizer(
        "ConnectionStringRecognizer",
        re.compile(r"://[^/\s]*@|(?i:accountkey|sharedaccesskey|password|pwd)\s*="),
        (
            Rule(
                "CREDENTIALS",
                re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://(?P<value>[^\s/@:\"'<>]{0,128}:[^\s@\"'<>]{1,256})@"),
                0.95,
            ),
            Rule(
                "CREDENTIALS",
                re.compile(
                    r"(?i:accountkey|sharedaccesskey|sharedaccesssignature|password|pwd)\s*=\s*(?P<value>[^\s;\"'<>]{4,})"
                ),
                0.9,
                check=_is_value,
            ),
        ),
    )
    return [keys, tokens, passwords, connections]
