"""
Actions: list items and table rows of the sections that announce them, grouped by the heading that they stand
under.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from incidents.reading.action_parts import due_in, kind_from, owner_in, priority_in, priority_said
from incidents.reading.blocks import Block, Item, verbatim
from incidents.reading.kinds import kind_of
from incidents.reading.lines import Line
from incidents.reading.notices import notice
from incidents.reading.references import of_action
from incidents.reading.sections import Section
from incidents.reading.statuses import (
    BOXES,
    in_text,
    labelled,
    leading_icon,
    of_box,
    of_heading,
    of_icon,
    of_words,
)
from incidents.reading.tables import cell, cells, columns, widest
from incidents.reading.values import Action, Notice
from incidents.reading.words import bare_title, numbered, unmarked, without_icons

COLUMNS = {
    "text": re.compile(
        r"(?:corrective |preventive |proposed |recommended )?(?:actions?(?: items?)?|taches?|tasks?"
        r"|descriptions?|mesures?|todos?|what|quoi|recomm[ae]nd[ae]tions?"
        r"|improvements?|ameliorations?|intitules?|sujets?|titres?|title|items?|follow-?ups?"
        r"|correctifs?|work ?items?)(?: .{0,30})?"
    ),
    "status": re.compile(
        r"(?:statuts?|status|etats?|state|fait ?\??|done ?\??|avancement|progress(?:ion)?"
        r"|termine ?\??|completed?)(?: .{0,20})?"
    ),
    "priority": re.compile(r"(?:priorites?|priority|prios?|p|urgence|urgency|severite|severity|criticite|importance)"),
    "owner": re.compile(
        r"(?:owners?|responsables?|assignee?s?|assigned(?: to)?|porteurs?|qui|who|pilotes?|resp\.?"
        r"|acteurs?|proprietaires?|equipes?|teams?|dri|lead|par qui|by|owner/team)(?: .{0,20})?"
    ),
    "due": re.compile(
        r"(?:echeances?|due(?: ?date| by)?|deadlines?|dates?(?: .{0,20})?|delais?|when|quand"
        r"|target(?: date)?|eta|by when|pour le|limite)"
    ),
    "refs": re.compile(
        r"(?:issues?|tickets?|refs?|references?|prs?|mrs?|liens?|links?|tracking|tracker|jira|bugs?"
        r"|github|suivi)(?: .{0,20})?"
    ),
    "group": re.compile(
        r"(?:types?|categor\w+|horizons?|termes?|kinds?|groupes?|groups?|phases?|volets?|domaines?"
        r"|area)(?: .{0,20})?"
    ),
}
_GROUP = re.compile(
    r"\b(?:immedia\w*|court|moyen|long|short|medium|mid|near|term\w*|faite?s?|done|to ?-?do|a faire"
    r"|open|ouvertes?|closed|completed?|termine\w*|en cours|ongoing|progress"
    r"|preventi\w*|correcti\w*|mitigat\w*|detecti\w*|curati\w*|p[0-4]|priorit\w*|prioriti\w*|semaine"
    r"|week|month|mois|today|tomorrow|demain|jours?|days?|quick wins?"
    r"|high|low|haute?|basse|moyenne|critical|critique|urgent\w*|next|later|plus tard"
    r"|recommand?ations?|recommendations?|actions?|follow-?ups?|hours?|heures?|min|team|equipe"
    r"|trimestre|quarter|process\w*|tech\w*)\b"
)
_NUMBERED_ACTION = re.compile(r"(?:action|a|ai|ac) ?-? ?\d+\b")
_CAPTION = re.compile(
    r"(?:\*\*|__)?[^*_.|]{2,80}(?:\*\*|__)?[ \t\u00a0\u202f]{0,3}:?[ \t\u00a0]{0,3}(?:\*\*"
    r"|__)?[ \t\u00a0]{0,3}$"
)
_BOLD_WORD = re.compile(r"\*\*([^*]{2,24})\*\*$")
_NOTHING = re.compile(r"(?:none|n/?a|aucune?|neant|nothing|rien|tbd|todo|-|—|–)\.?", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """An action with the lines that it owns and what is to be said about it."""

    action: Action
    lines: tuple[Line, ...]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Group:
    """What the headings above say: the nearest title, the status and the kind that they give."""

    title: str | None = None
    status: str | None = None
    kind: str = "corrective"

    def under(self, title: str, own: bool = True) -> Group:
        """This group below a further heading."""
        words = without_icons(unmarked(title)).strip().rstrip(":").strip()
        return Group(words if own else self.title, of_heading(title) or self.status, kind_from(title) or self.kind)


def actions_of(sections: Sequence[Section], language: str) -> list[Found]:
    """The actions of all sections that announce them, in document order."""
    found: list[Found] = []
    for section in sections:
        if section.parent is None or section.parent.kind != "actions":
            found.extend(_of_section(section, Group().under(section.title, own=False), language))
    return found


def _of_section(section: Section, group: Group, language: str) -> Iterator[Found]:
    yield from _of_blocks(section, group, language)
    for child in section.children:
        if child.kind != "actions":
            continue
        if _is_action(child):
            yield _heading_action(child, group, language)
        else:
            yield from _of_section(child, group.under(child.title), language)


def _is_action(section: Section) -> bool:
    """
    Whether a sub-heading is itself the action: numbered or bare of lists, and no horizon, status or kind.
    """
    title = bare_title(section.title)
    listed = [b for b in section.blocks if b.kind in ("list", "table")]
    if section.children or any(i.checkbox for b in listed for i in b.items) or any(b.kind == "table" for b in listed):
        return False
    if _NUMBERED_ACTION.match(title):
        return True
    if _GROUP.search(title) and len(title.split()) <= 7 and (listed or not section.blocks):
        return False
    if numbered(section.title):
        return True
    return bool(section.blocks) and not listed and kind_of(section.title) is None


def _heading_action(section: Section, group: Group, language: str) -> Found:
    lines = list(section.own)
    while lines and lines[-1].kind in ("blank", "rule"):
        lines.pop()
    head = section.head
    assert head is not None
    text = "\n\n".join(part for part in (section.title, verbatim(lines)) if part)
    return _finished(text, section.title, head.number, (head, *lines), group, language)


def _of_blocks(section: Section, group: Group, language: str) -> Iterator[Found]:
    here = group
    blocks = section.blocks
    for i, block in enumerate(blocks):
        if block.kind == "list":
            for item in block.items:
                if not _NOTHING.fullmatch(item.head.strip()):
                    yield _of_item(item, here, language)
        elif block.kind == "table":
            yield from _of_table(block, here, language)
        elif block.kind == "paragraph":
            following = blocks[i + 1].kind if i + 1 < len(blocks) else ""
            if caption := _caption(block, following):
                here = group.under(caption)
            else:
                yield from _of_paragraph(block, here, language)


def _caption(block: Block, following: str) -> str | None:
    """A short bold line, or one that ends with a colon, right above a list: it groups what follows."""
    text = block.lines[0].text.strip()
    if len(block.lines) > 1 or following not in ("list", "table") or not _CAPTION.match(text):
        return None
    return text if text.startswith(("**", "__")) or text.rstrip().endswith(":") else None


def _of_paragraph(block: Block, group: Group, language: str) -> Iterator[Found]:
    """Lines that begin with a status icon or a box are actions; other prose is not made into one."""
    for line in block.lines:
        text = line.text.strip()
        if found := leading_icon(text):
            yield _finished(found[2], found[2], line.number, (line,), group, language, (found[0], found[1]))
        elif text[:3] in ("[ ]", "[x]", "[X]"):
            yield _finished(
                text[3:].strip(),
                text[3:],
                line.number,
                (line,),
                group,
                language,
                (text[:3], of_box(text[:3])),
            )


def _of_item(item: Item, group: Group, language: str) -> Found:
    head, marked = item.head, None
    if item.checkbox:
        marked = (item.checkbox, of_box(item.checkbox))
    elif icon := leading_icon(head):
        marked, head = (icon[0], icon[1]), icon[2]
    if (said := in_text(head)) and (marked is None or marked[0] == "[ ]"):
        marked = said
    text = "\n".join(part for part in (head, item.rest) if part)
    return _finished(text, head, item.number, item.lines, group, language, marked)


def _finished(
    text: str,
    head: str,
    number: int,
    lines: tuple[Line, ...],
    group: Group,
    language: str,
    marked: tuple[str, str] | None = None,
) -> Found:
    struck = head.startswith("~~") and head.rstrip().endswith("~~")
    if struck and (marked is None or marked[1] == "open"):
        marked = (marked[0] if marked else "~~", "dropped")
    marked = marked or labelled(text)
    status = marked[1] if marked else group.status
    missing = () if status else (notice("action-status-missing", number),)
    due, due_raw = due_in(text, language)
    action = Action(
        text, status or "open", marked[0] if marked else None, group.title,
        priority_in(head) or priority_said(text), owner_in(text), of_action(text), number, due, due_raw, group.kind,
    )  # fmt: skip
    return Found(action, lines, missing)


def _of_table(block: Block, group: Group, language: str) -> Iterator[Found]:
    roles = columns(block.head, COLUMNS)
    rows = [cells(line) for line in block.rows]
    heads = cells(block.head) if block.head else []
    if "text" not in roles:
        column = widest(rows, list(roles.values()))
        if column is None:
            return
        roles["text"] = column
    for line, row in zip(block.rows, rows, strict=True):
        if cell(row, roles["text"]) or any(row):
            yield _of_row(line, row, heads, roles, group, language)


def _of_row(
    line: Line, row: Sequence[str], heads: Sequence[str], roles: dict[str, int], group: Group, language: str
) -> Found:
    said = {role: cell(row, at) for role, at in roles.items()}
    fields = [(heads[i] if i < len(heads) else "", c) for i, c in enumerate(row) if c and i not in _placed(roles)]
    status, notices = _cell_status(said, group, line.number)
    text, raw = said["text"], _written(said.get("status"))
    if "status" not in roles and (marked := _marked(row)):
        (raw, status), notices = marked, ()
    if raw is None and (icon := leading_icon(text)):
        raw, status, text = icon
        notices = ()
    due, due_raw = due_in(said.get("due", ""), language, whole=True)
    own = group.under(said["group"]) if said.get("group") else group
    action = Action(
        text, status, raw, own.title, _written(said.get("priority")), _written(said.get("owner")),
        of_action(" ".join(row), said.get("refs", "")), line.number, due, due_raw or
        _written(said.get("due")),
        own.kind, tuple(fields),
    )  # fmt: skip
    return Found(action, (line,), notices)


def _marked(row: Sequence[str]) -> tuple[str, str] | None:
    """A bold status word in any cell of a table that has no column for it, as in `#812 **DONE**`."""
    boxed = next((text for text in row if text in BOXES or (len(text) <= 2 and of_icon(text))), None)
    if boxed is not None:
        return boxed, BOXES.get(boxed) or of_words(boxed) or "open"
    words = (word for text in row for word in _BOLD_WORD.findall(text))
    return next(((word, status) for word in words if (status := of_words(word))), None)


def _placed(roles: dict[str, int]) -> set[int]:
    """The columns whose cells have a place of their own in an action."""
    return {at for role, at in roles.items() if role in ("text", "status", "priority", "owner", "due", "group")}


def _written(text: str | None) -> str | None:
    text = (text or "").strip()
    return text if text.strip(" -–—") else None


def _cell_status(said: dict[str, str], group: Group, line: int) -> tuple[str, tuple[Notice, ...]]:
    raw = said.get("status", "")
    if _written(raw) is None:
        return (group.status, ()) if group.status else ("open", (notice("action-status-missing", line),))
    status = of_box(raw) if raw in ("[ ]", "[x]", "[X]") else of_words(raw)
    return (status, ()) if status else ("open", (notice("action-status-unclear", line, raw=raw),))
