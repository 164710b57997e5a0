"""Passwords on command lines: the programs and the options behind which they stand, from their manuals."""

from __future__ import annotations

import re

from redaction.recognizers.base import Rule
from redaction.recognizers.secret_values import is_random, is_value


def _is_password(value: str) -> bool:
    """Whether a value behind `-p` or the like of any program is a password: mixed letters and digits, and no path."""
    return "/" not in value and ":" not in value and is_random(value) and not value.islower() and not value.isupper()


_REGISTRIES = "docker|podman|nerdctl|buildah|skopeo|helm|oras|crane|az|oc|cf|npm|vault"


def rules() -> tuple[Rule, ...]:
    """Return the rules for passwords on command lines; the programs and their options, from their manuals."""
    value = r"[=\s]?[\"']?(?P<value>[^\s\"'$<>{}-][^\s\"'<>]{3,127})"
    programs = (
        (
            r"(?:docker|podman|nerdctl|buildah|skopeo|helm|oras|crane|az|oc|cf|npm|vault)\b[^\n|;&]{0,80}?\blogin",
            "-p|--password",
        ),
        (r"sshpass", "-p"),
        (r"redis-cli|valkey-cli|keydb-cli", "-a|--pass"),
        (r"mongo(?:sh|dump|restore|export|import|stat|top)?", "-p|--password"),
        (r"ldap(?:search|modify|add|delete|whoami|passwd)", "-w"),
        (r"zip|unzip|7za?|rar|unrar", "-P|-p"),
        (r"ipmitool|rdesktop|xfreerdp|evil-winrm|sqlcmd|bcp|isql|cqlsh|influx|impacket-\w+", "-P|-p|/p:"),
        (r"keytool|jarsigner", "-storepass|-keypass"),
        (r"wget|curl", "--password|--http-password|--ftp-password|--proxy-password"),
    )
    return (
        *(
            Rule(
                "PASSWORD",
                re.compile(rf"(?<![\w./-])(?:{program})\b[^\n|;&]{{0,120}}?(?<=\s)(?:{options}){value}"),
                0.85,
                check=is_value,
            )
            for program, options in programs
        ),
        Rule(
            "PASSWORD", re.compile(r"(?<![\w./-])openssl\b[^\n|;&]{0,120}?\bpass:(?P<value>[^\s\"'$<>]{4,128})"), 0.85
        ),
        Rule(
            "CREDENTIALS",
            re.compile(
                r"(?<![\w./-])(?:smbclient|rpcclient|net|mount\.cifs)\b[^\n|;&]{0,120}?(?<=\s)-U\s?[\"']?"
                r"(?P<value>[\w.\\@-]{1,64}%[^\s\"']{4,128})"
            ),
            0.85,
        ),
        Rule(
            "PASSWORD",
            re.compile(r"(?<=\s)-[pPaw][=\s]?[\"']?(?P<value>[A-Za-z0-9_!@#%^*+=.~-]{10,64})(?![\w/:])"),
            0.75,
            check=_is_password,
        ),
    )
