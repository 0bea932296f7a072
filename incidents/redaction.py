"""
Secrets are taken out of a text before anything of it is kept. Pure.

Only what is a secret by its form is taken: a value that stands behind its name (`password: ...`, `"token": "..."`),
the password in an address, keys and tokens of a known make, and private keys. Just the secret's own characters are
replaced, so that lines stay where they are and names stay readable. Done twice, it changes nothing more.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any

MASK = "[redacted]"

# Words that name a secret when a value stands right behind them. In documents these also begin ordinary sentences
# ("password: see the vault"), so the value must look like one: see `looks_secret`.
NAMES = (
    r"(?:[\w.-]*[_.-])?(?:password|passwd|passphrase|pwd|mot[ _]de[ _]passe|mdp|secret|api[_-]?key|apikey|token"
    r"|secret[_-]?(?:access[_-]?)?key|access[_-]?key|client[_-]?secret|private[_-]?key|credentials?)"
)
VALUE = r"[^\s\"'`,;<>{}()|\\*\[\]]"

SHAPES: list[tuple[str, str]] = [
    ("private-key", r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?P<secret>(?:(?!-----)[\w+/=\s\\:,.-])*)-----END"),
    ("aws-key", r"(?<![A-Za-z0-9])(?P<secret>(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16})(?![A-Za-z0-9])"),
    ("token", r"(?<![A-Za-z0-9_])(?P<secret>gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[\w-]{16,})"),
    (
        "token",
        r"(?<![A-Za-z0-9_])(?P<secret>xox[abeprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}|hvs\.[A-Za-z0-9_-]{20,})",
    ),
    ("token", r"(?<![\w.-])(?P<secret>eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"),
    ("bearer", r"(?i)\bauthorization\b[\"'`]?\s*[:=]\s*[\"'`]?(?:bearer|basic|token)\s+(?P<secret>[\w.~+/=-]{6,})"),
    ("bearer", r"(?i)\bbearer\s+(?P<secret>(?=[\w.~+/-]*\d)[\w.~+/-]{16,}=*)"),
    ("address", r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'`<>]*:(?P<secret>[^\s/@\"'`<>]{1,200})@"),
    ("address", r"(?i)\bcurl\b[^\n]{0,60}?\s(?:-u|--user)[ =][\"']?[^\s:\"']{1,100}:(?P<secret>[^\s\"']{1,200})"),
    ("password", rf"(?i)(?<![\w.-]){NAMES}[\"'`*]*\s*(?:=>|:=|[:=])[ \t]*[\"'`*]*(?P<value>{VALUE}{{4,}})"),
    ("password", rf"(?i)(?<![\w.-]){NAMES}=[\"']?(?P<secret>(?!\[redacted)(?![$/.]){VALUE}{{4,}})"),
    ("password", rf"(?im)^[ \t]*{NAMES}:[ \t]+[\"']?(?P<line>{VALUE}{{6,}})[\"']?[ \t]*\r?$"),
    ("password", rf"(?i)(?<![\w-])--(?:password|passwd|token|secret|api-key)[ =](?P<value>{VALUE}{{4,}})"),
]
REFERENCE = re.compile(r"[$/#]|\.{1,2}/|(?:vault|sops|infisical|secretkeyref|file):", re.IGNORECASE)
PLACEHOLDER = re.compile(r"[xX*.•?_-]+|redacted|\.\.\.")
TIME = re.compile(r"[\d:.,/~Tthm+Z-]+")
SAID = {"unknown", "missing", "changed", "rotated", "expired", "invalid", "required", "inconnu", "absent", "expiré"}
OF_OURS = re.compile(rb"\s*\{\s*\"schema\"\s*:\s*\"aftermath/")
STRING = re.compile(rb'(?P<string>"(?:[^"\\]|\\.)*")(?P<key>\s*:)?')
NAMED = re.compile(NAMES, re.IGNORECASE)
COMPILED = [(kind, re.compile(shape.encode("ascii"))) for kind, shape in SHAPES]


@dataclass(frozen=True)
class Found:
    """Something was taken out: what kind of thing, and at which line, counted from 1. Never the thing itself."""

    kind: str
    line: int


def redacted(data: bytes) -> tuple[bytes, list[Found]]:
    """The bytes without their secrets, and where something was taken out, in order of line."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return of_wide(data)
    if OF_OURS.match(data):
        return of_json(data)
    taken: list[tuple[int, int, str]] = []
    for kind, shape in COMPILED:
        for match in shape.finditer(data):
            group = next(iter(shape.groupindex))
            if secret(match[group], group):
                taken.append((*match.span(group), kind))
    return masked(data, apart(taken))


def apart(taken: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """In order, and where two meet, the one that begins first."""
    kept: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(taken, key=lambda t: (t[0], -t[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, kind))
    return kept


def masked(data: bytes, taken: list[tuple[int, int, str]]) -> tuple[bytes, list[Found]]:
    parts, found, done, line = [], [], 0, 1
    for start, end, kind in taken:
        line += data.count(b"\n", done, start)
        found.append(Found(kind, line))
        line += data.count(b"\n", start, end)
        breaks = b"\n" * data.count(b"\n", start, end)  # a private key has several lines: those behind it must not move
        parts += [data[done:start], MASK.encode(), breaks]
        done = end
    return b"".join([*parts, data[done:]]), found


def of_json(data: bytes) -> tuple[bytes, list[Found]]:
    """
    A file of our own format, string by string: there "token" names a time, and nothing but a string holds words.
    """
    parts: list[bytes] = []
    found: list[Found] = []
    done, key = 0, ""
    for match in STRING.finditer(data):
        try:
            value = str(json.loads(match["string"]))
        except ValueError:
            continue
        if match["key"]:
            key = value
            continue
        clean = of_named(key, value)
        if clean != value:
            found.append(Found("password", data.count(b"\n", 0, match.start()) + 1))
            parts += [
                data[done : match.start()],
                json.dumps(clean, ensure_ascii=False).encode("utf-8", "surrogatepass"),
            ]
            done = match.end()
    return b"".join([*parts, data[done:]]), found


def of_named(key: str, value: str) -> str:
    if key != "token" and NAMED.fullmatch(key) and secret(value.encode("utf-8", "surrogatepass"), "value"):
        return MASK
    return of_text(value)[0]


def of_wide(data: bytes) -> tuple[bytes, list[Found]]:
    try:
        text, found = of_text(data.decode("utf-16"))
    except UnicodeDecodeError:
        return data, []
    return (text.encode("utf-16"), found) if found else (data, [])


def secret(value: bytes, group: str) -> bool:
    text = value.decode("latin-1")
    if MASK in text or not text.strip():
        return False
    return {"secret": is_given, "line": stands_alone, "value": looks_secret}[group](text)


def is_given(value: str) -> bool:
    """By its form it is one, whatever it says."""
    return not PLACEHOLDER.fullmatch(value)


def stands_alone(value: str) -> bool:
    """The one word of a setting's line, `password: swordfish`."""
    return is_given(value) and not REFERENCE.match(value) and not TIME.fullmatch(value) and value.lower() not in SAID


def looks_secret(value: str) -> bool:
    """
    Whether the word behind "password:" is one, rather than the beginning of a sentence or a placeholder.

    It is, if it mixes letters with digits or with signs that no word has; the plain words, places (`/run/secrets/db`),
    references (`$DB_PASSWORD`, `${...}`, `vault:...`) and times of ordinary writing are left alone.
    """
    if REFERENCE.match(value) or PLACEHOLDER.fullmatch(value) or TIME.fullmatch(value):
        return False
    core = value.rstrip(".!?:")
    if re.fullmatch(r"[A-Z][A-Z0-9_]*", core) and "_" in core:  # the name of a variable
        return False
    letters, others = re.search(r"[A-Za-z]", core), re.search(r"[0-9!#$%&*+=?@^~]", core)
    return bool(letters and others and len(core) >= 6)


def of_text(text: str) -> tuple[str, list[Found]]:
    """The same for text."""
    data, found = redacted(text.encode("utf-8", "surrogatepass"))
    return data.decode("utf-8", "surrogatepass") if found else text, found


def of_values(value: Any) -> Any:
    """The same for what JSON holds, string by string: lists and objects keep their shape."""
    if isinstance(value, str):
        return of_text(value)[0]
    if isinstance(value, list):
        return [of_values(item) for item in value]
    if isinstance(value, dict):
        return {key: of_named(key, item) if isinstance(item, str) else of_values(item) for key, item in value.items()}
    return value
