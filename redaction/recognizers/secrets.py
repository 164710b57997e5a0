"""Keys, tokens and passwords, found by their form or by the words around them.

Those that begin with a literal of their provider are in provider_keys.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.recognizers import command_lines
from redaction.recognizers.base import Rule, RuleRecognizer
from redaction.recognizers.literals import LiteralRecognizer
from redaction.recognizers.provider_keys import KINDS
from redaction.recognizers.secret_values import is_random, is_value, looks_secret

if TYPE_CHECKING:
    from redaction.recognizers.base import TextRecognizer

SECRETS = frozenset({"API_KEY", "ACCESS_TOKEN", "PRIVATE_KEY", "PASSWORD", "PIN", "CREDENTIALS"})
"""The entities of this family."""

# A token may begin here; in text that is not decoded, also after the escape of a line break.
_START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"
_END = r"(?![A-Za-z0-9_-])"
_WORD = r"(?:(?<![A-Za-z])|(?<=\\[nrt]))"
# Between a word such as "password" and its value: quotes, escaped or not, and a sign or verb.
_IS = r"""[\\"'`*\]]*+\s*+(?:[:=]{1,2}>?|\bis\b|\bwas\b|\bare\b)[\s\\"'`*:=]*+"""
_VALUE = r"(?P<value>[A-Za-z0-9._~+/=%-]{11,}[A-Za-z0-9_~+/=-])"


# One line a form: the kind of secret, and where its provider documents it.
_SHAPES = (
    r"\d{8,10}:[A-Za-z0-9_-]{35}",  # Telegram bot: core.telegram.org/bots/api#authorizing-your-bot
    r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,40}",  # discord.com/developers/docs/reference
    r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}",  # developer.hashicorp.com/terraform/cloud-docs
    r"[0-9a-f]{32}-us\d{1,2}",  # Mailchimp: mailchimp.com/developer/marketing/guides/quick-start
    r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}",  # learn.microsoft.com/entra/identity-platform
    r"[12]/\d{16}(?:/\d{10,20})?:[0-9a-f]{32}",  # Asana: developers.asana.com/docs/personal-access-token
    r"[0-9a-f]{30,}NRAL",  # New Relic licence key: docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys
    r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9_/+-]{16,}",  # api.slack.com/messaging/webhooks
    r"(?:[a-z]+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{10,}/[A-Za-z0-9_-]{20,}",  # discord.com/developers
    r"[a-z0-9-]+\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/_-]{40,}",  # learn.microsoft.com/microsoftteams
    r"(?:[a-z0-9_-]{1,64}|\*):[a-z0-9_-]{1,64}\.[0-9a-f]{56,64}",  # Unleash: docs.getunleash.io
    r"hooks\.zapier\.com/hooks/catch/\d+/[A-Za-z0-9]+",  # help.zapier.com
)  # fmt: skip


def _shapes() -> RuleRecognizer:
    anything = "|".join(_SHAPES)
    return RuleRecognizer(
        "SecretShapeRecognizer",
        (Rule("API_KEY", re.compile(rf"{_START}(?:https://|bot)?(?:{anything}){_END}"), 0.95),),
    )


def _tokens() -> RuleRecognizer:
    return RuleRecognizer(
        "TokenRecognizer",
        (
            Rule("ACCESS_TOKEN", re.compile(_START + r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,4}"), 0.95),
            Rule(
                "ACCESS_TOKEN",
                re.compile(_WORD + r"(?i:bearer|token)\s+(?P<value>(?=[^\s\"']*\d)[A-Za-z0-9._~+/=-]{12,})"),
                0.9,
            ),
            Rule(
                "ACCESS_TOKEN",
                re.compile(
                    _WORD + r"""(?i:authori[sz]ation)[\\"'\]]*\s*[:=,]\s*[\\"']*"""
                    r"""(?:[A-Za-z][A-Za-z-]{1,20}\s+)?(?P<value>[A-Za-z0-9._~+/=:-]{8,})"""
                ),
                0.9,
                check=looks_secret,
            ),
            Rule(
                "ACCESS_TOKEN",
                re.compile(_WORD + r"(?:SSWS|[Bb]asic) (?P<value>(?=[^\s\"']*[\dA-Z])[A-Za-z0-9_+/=-]{16,})"),
                0.85,
            ),
            Rule(
                "ACCESS_TOKEN",
                re.compile(
                    _WORD
                    + r"""(?i:(?:set-)?cookie)[\\"'\]]*\s*[:=,]\s*[\\"']*(?P<value>[\w.-]{1,64}=[^\r\n"'\\]{6,4096})"""
                ),
                0.9,
            ),
            Rule(
                "ACCESS_TOKEN",
                re.compile(
                    _WORD
                    + r"(?i:j?sessionid|phpsessid|connect\.sid|[cx]srf[_-]?token|asp\.net_sessionid|[a-z]+_session)"
                    r"=(?P<value>[A-Za-z0-9%._~+/=-]{8,})"
                ),
                0.85,
            ),
            Rule(
                "ACCESS_TOKEN",
                re.compile(
                    r"(?:(?<=[?&;])|(?<![\w-])(?=[cx]srf|xsrf))"
                    r"(?i:key|code|[cx]srf|auth|sig|secret|token|pass|pwd|state|nonce|session|sid|ticket|assertion|jwt|hmac"
                    r"|apikey|access|credential|invite|otp|t|k)=(?P<value>[A-Za-z0-9%._~+/=-]{16,2048})"
                ),
                0.85,
                check=is_random,
            ),
            Rule(  # Google's session cookies, and those that browsers guard
                "ACCESS_TOKEN",
                re.compile(
                    r"(?<![\w-])(?:NID|SIDCC|[AHLOS]?S?SID|S?APISID|__(?:Secure|Host)-[\w-]{1,40})"
                    r"=(?P<value>[A-Za-z0-9%._~+/=-]{16,4096})"
                ),
                0.85,
            ),
            Rule(
                "ACCESS_TOKEN",
                re.compile(
                    r"(?i:[?&;](?:sig|x-amz-signature|x-goog-signature)|\bsignature)=(?P<value>[A-Za-z0-9%+/=_-]{40,})"
                ),
                0.85,
            ),
            Rule(
                "PRIVATE_KEY",
                re.compile(
                    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----.*?"
                    r"(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|\Z)",
                    re.DOTALL,
                ),
                1.0,
            ),
            Rule(
                "PRIVATE_KEY",
                re.compile(r"PuTTY-User-Key-File-\d:.*?(?:Private-MAC:\s*[0-9a-f]{40,64}|\Z)", re.DOTALL),
                1.0,
            ),
        ),
    )


# Words before a secret; after "partition key", "page token" and the like comes something else.
_BEFORE_SECRETS = (
    r"(?:(?:secret|api|access|client|private|signing|auth|authentication|app|application|subscription|licen[cs]e|account"
    r"|master|service|shared|encryption|deploy|bearer|refresh|bot|personal|admin|webhook|session|security|storage|write)"
    r"[_ -]?(?:access[_ -]?)?(?:key|secret|token)s?(?:[_ -]?(?:value|base64|b64))?"
    r"|(?<![A-Za-z])(?<!page[_ -])(?<!next[_ -])(?<!sync[_ -])(?<!rsor[_ -])(?<!tion[_ -])(?:secret|token|apikey))"
)


def _passwords() -> RuleRecognizer:
    return RuleRecognizer(
        "PasswordRecognizer",
        (
            Rule(
                "PASSWORD",
                re.compile(
                    _WORD + r"(?i:(?:pass(?:word|wort|wd|code|phrase)|pwd|contraseña|mot de passe|senha"
                    r"|wachtwoord|hasło|kennwort)s?)"
                    r"(?:[\\\"'`*\]]*\s*(?:[:=]|is|was|are|to|ist|est|es|é)[\s\\\"'`*:=]*)(?P<value>[^\s\"'`,;<>\\]{4,64})"
                ),
                0.8,
                check=looks_secret,
            ),
            Rule(
                "PASSWORD",
                re.compile(
                    _WORD + r"(?i:(?:login|user(?:name)?)\s+\S{1,64}\s+password|--?pass(?:word)?|password)\s+"
                    r"(?P<value>(?=\S*\d)(?=\S*[A-Za-z])[^\s\"'`,;<>\\]{6,64})"
                ),
                0.75,
                check=looks_secret,
            ),
            Rule(
                "API_KEY",
                re.compile(rf"(?i:{_BEFORE_SECRETS}){_IS}(?=\S{{0,256}}?\d)(?=\S{{0,256}}?[A-Za-z]){_VALUE}"),
                0.8,
                check=is_value,
            ),
            Rule(
                "API_KEY",
                re.compile(rf"(?i:{_BEFORE_SECRETS})[\s:,]{{1,3}}(?=\S{{20}}){_VALUE}"),
                0.75,
                check=is_random,
            ),
            Rule(
                "API_KEY",
                re.compile(
                    rf"{_WORD}[A-Z0-9_]{{0,64}}(?:KEY|TOKEN|SECRET|CREDENTIALS?)(?:_[A-Z0-9]+)?{_IS}(?=\S{{16}}){_VALUE}"
                ),
                0.75,
                check=is_random,
            ),
            Rule(
                "PIN",
                re.compile(
                    r"(?i:\b(?:pin|cvv2?|cvc2?|otp|passcode|security code))\b(?: (?:code|number))?"
                    r"(?:[\"'*]*+\s*+(?:[:=]|is|was)[\s\"'*]*+|[\s\"'*]*+)(?P<value>\d{3,8})(?![\w-])"
                ),
                0.7,
            ),
        ),
    )


def _connections() -> RuleRecognizer:
    return RuleRecognizer(
        "ConnectionStringRecognizer",
        (
            Rule(
                "CREDENTIALS",
                re.compile(
                    r"[A-Za-z][A-Za-z0-9+.-]{1,20}\\?://(?P<value>[^\s/@:\"'<>\\]{0,128}\\?:[^\s@\"'<>\\]{1,256})\\?@"
                ),
                0.95,
            ),
            Rule(  # Sentry's DSN, a token in place of a user
                "CREDENTIALS",
                re.compile(_WORD + r"https?://(?P<value>[A-Za-z0-9_-]{20,128})@[\w.-]+"),
                0.9,
                check=is_random,
            ),
            Rule(  # Go's MySQL driver
                "CREDENTIALS",
                re.compile(r"(?<![\w:/])(?P<value>[\w.-]{1,64}:[^\s@:/\"']{4,128})@(?:tcp|unix)\("),
                0.9,
            ),
            Rule(  # Oracle's thin driver
                "CREDENTIALS",
                re.compile(r"jdbc:oracle:\w+:(?P<value>[\w.-]{1,64}/[^\s@\"']{3,128})@"),
                0.9,
            ),
            Rule(
                "PASSWORD",
                re.compile(r"\b(?:mysql|mariadb)\w*\s[^\n|;&]{0,120}?(?<=\s)-p(?P<value>[^\s\"'-][^\s\"']{3,127})"),
                0.85,
            ),
            Rule(
                "CREDENTIALS",
                re.compile(r"\s(?:-u|--user)\s+[\"']?(?P<value>[\w.@-]{1,64}:[^\s\"']{4,128})"),
                0.85,
            ),
            *command_lines.rules(),
            Rule(
                "CREDENTIALS",
                re.compile(
                    r"(?i:accountkey|sharedaccesskey|sharedaccesssignature|password|pwd)\s*=\s*(?P<value>[^\s;\"'<>]{4,})"
                ),
                0.9,
                check=is_value,
            ),
        ),
    )


def recognizers() -> list[TextRecognizer]:
    """Return the recognizers of this family."""
    return [LiteralRecognizer("ApiKeyRecognizer", KINDS, 0.95), _shapes(), _tokens(), _passwords(), _connections()]
