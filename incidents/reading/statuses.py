"""
Whether an action is done: by box, icon, status column, a word in brackets or the heading that it stands
under.
"""

from __future__ import annotations

import re

from incidents.reading.words import fold, unmarked, without_icons

BOXES = {
    "[x]": "done",
    "[X]": "done",
    "[ ]": "open",
    "[~]": "in_progress",
    "[/]": "in_progress",
    "[>]": "in_progress",
    "[-]": "dropped",
}
ICONS = {
    **dict.fromkeys("✅☑✔✓🟢", "done"),
    **dict.fromkeys("🔲⬜☐◻◽▢🔳❌✗✘❎🔴⚪📋🆕📅", "open"),
    **dict.fromkeys("🔄🚧⏳⌛🟡🟠⚙🔧🏗▶", "in_progress"),
    **dict.fromkeys("🚫⛔🗑⏹", "dropped"),
}
_DONE = (
    r"(?:faite?s?|done|termine\w*|completed?|resolu\w*|clos(?:ed)?|closed|merged|merge\w*|deploy\w+"
    r"|deploye\w*|ok|fixed|corrige\w*|applique\w*|applied|oui|yes|livre\w*|realise\w*|implement\w+"
    r"|effectue\w*|en place|acheve\w*|finished|fermee?s?|shipped|in place|released|verifie\w*"
    r"|actifs?|actives?|effecti\w+|operationnel\w*)"
)
_DROPPED = (
    r"(?:abandon\w*|dropped|cancel\w+|annule\w*|wont ?fix|won't (?:fix|do)|rejet\w+|rejected|obsolete"
    r"|n/a|sans objet|superseded|non retenue?|declined|remplace\w*|ne sera pas faite?)"
)
_PROGRESS = (
    r"(?:en cours(?: .*)?|in[ -]progress|wip|ongoing|started|doing|commence\w*|demarre\w*|partiel\w*"
    r"|partial\w*|in review|en revue|review|underway|entame\w*|[1-9]\d? ?%)"
)
_OPEN = (
    r"(?:a faire|to ?-?do|open|ouverte?s?|pending|en attente|not (?:started|done|yet(?: started)?)"
    r"|planifie\w*|planned|backlog|non|no|prevue?s?|non (?:commence\w*|faite?|demarre\w*)"
    r"|pas (?:commence\w*|faite?|demarre\w*)|new|nouveau|a planifier|a venir|todo later|restante?s?"
    r"|remaining|scheduled|proposed|proposee?|identified|identifiee?|a traiter|reporte\w*|deferred"
    r"|postponed|differe\w*|0 ?%)"
)
_WORDS = (
    ("open", _OPEN),
    ("dropped", _DROPPED),
    ("in_progress", _PROGRESS),
    ("done", rf"(?:{_DONE}|100 ?%)"),
)
_WHOLE = tuple((state, re.compile(words)) for state, words in _WORDS)
_AT_START = tuple((state, re.compile(rf"{words}\b")) for state, words in _WORDS)
_SPACE = re.compile(r"[\s(,;:/—–-]|$")
_GOES_ON = re.compile(
    r"\s?(?:$|[(,;:/—–-]|(?:le|la|on|the|in|en|dans|sur|to|with|and|et|avec|au|via|par|by|pr|depuis"
    r"|since) |#|\d)"
)
_HEADING = (
    (
        "open",
        re.compile(
            r"\b(?:a faire|to ?-?do|restante?s?|remaining|next steps?|prochaines?|etapes? suivantes?"
            r"|a venir|planned|planifie\w*|pending|en attente|open|ouvertes?|a planifier"
            r"|a mettre en place|outstanding|backlog|non (?:faites?|realise\w*))\b"
        ),
    ),
    ("in_progress", re.compile(r"\b(?:en cours|in progress|ongoing|wip)\b")),
    ("dropped", re.compile(r"\b(?:abandonnee?s?|dropped|cancell?ed|annulee?s?|rejetee?s?)\b")),
    (
        "done",
        re.compile(
            r"\b(?:faite?s?|done|taken|realise\w*|complete\w*|effectue\w*|menees|deja|termine\w*"
            r"|already|implemented|deployed|deploye\w*|mises? en place|appliquee?s?|applied"
            r"|prises)\b"
        ),
    ),
)
_BRACKETED = re.compile(
    r"^\W{0,4}[\[(]([^\])\[(]{2,24})[\])]|^\*\*([^*]{2,24}?)\s?:?\*\*\s{0,2}[:—–-]"
    r"|[\[(]([^\])\[(]{2,40})[\])][\s.*]*$|[—–-]\s([^—–\-]{2,30})$"
    r"|[—–-]\s([^—–\-]{2,24})\s(?=[—–-]\s)"
    r"|[:：]\s{0,2}(à faire|a faire|fait|en cours|to ?do|done|in progress|wip)\b"
)
_LABELLED = re.compile(
    r"(?:statut|status|état|etat)(?:\*\*)?[ \u00a0]{0,2}:(?:\*\*)?[ \u00a0]{0,2}([^\n,;|()]{1,30})",
    re.IGNORECASE,
)
_TAIL = 120


def of_box(box: str) -> str:
    return BOXES.get(box, "open")


def of_words(text: str) -> str | None:
    """The status that a whole cell says, None for one that is not known. Words win over icons."""
    words = fold(without_icons(unmarked(text))).strip(" .!:")
    for state, pattern in _WHOLE:
        if words and pattern.fullmatch(words):
            return state
    for state, pattern in _AT_START:
        match = pattern.match(words) if words else None
        if match and (_GOES_ON if state == "done" else _SPACE).match(words, match.end()):
            return state
    return of_icon(text)


def of_icon(text: str) -> str | None:
    """The status of the first icon that stands for one."""
    return next((ICONS[c] for c in text if c in ICONS), None)


def leading_icon(text: str) -> tuple[str, str, str] | None:
    """(icon, status, what follows) where the text begins with a status icon."""
    stripped = text.lstrip(" *_")
    if stripped[:1] not in ICONS or not stripped:
        return None
    begin = len(text) - len(stripped)
    rest = stripped[1:].lstrip("\ufe0f\ufe0e")
    lead = text[:begin] if rest[:1] != " " else text[:begin].rstrip(" ")
    return stripped[0], ICONS[stripped[0]], (lead + rest.lstrip()).strip()


def in_text(text: str) -> tuple[str, str] | None:
    """
    (word as written, status) of `[DONE]`, `(fait)`, `**Fait** :` at the start, or `(done)`, `✅` at the end.
    """
    head, tail = text[:_TAIL], text.rstrip()[-_TAIL:]
    for match in (*_BRACKETED.finditer(head), *_BRACKETED.finditer(tail)):
        word = next(g for g in match.groups() if g is not None)
        if len(word) <= 40 and (status := of_words(word)) and fold(word) not in ("non", "no", "oui", "yes", "ok"):
            return word.strip(), status
    last = tail.rstrip("\ufe0f\ufe0e *_.")[-1:]
    return (last, ICONS[last]) if last in ICONS else None


def labelled(text: str) -> tuple[str, str] | None:
    """(as written, status) of a `**Status:** done` inside the action's lines."""
    match = _LABELLED.search(text[:2000])
    status = of_words(match[1]) if match else None
    return (match[1].strip(), status) if match and status else None


def of_heading(title: str) -> str | None:
    """The status of a heading such as `Immediate (done)`; None where it says none."""
    text = fold(without_icons(unmarked(title)))
    return next((state for state, pattern in _HEADING if pattern.search(text)), None)
