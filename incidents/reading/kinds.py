"""What a heading announces: the words that people use, French and English, folded (see words.bare_title)."""

from __future__ import annotations

import re

from incidents.reading.words import bare_title

_LEAD = (
    r"(?:(?:les?|la|un|une|the|our|nos|notre|and|et|&|/|of|des?|du|l|d|main|primary|principales?"
    r"|technical|techniques?"
    r"|identified|identifiees?|probables?|likely|directe?s?|immediate?s?|underlying|profonde"
    r"|detailed|detaillee?|initiale?"
    r"|full|complete?|short|brief|incident|analyses?|analysis|recherche|identification|diagnostics?"
    r"|diagnosis|investigation"
    r"|section|key|cles?)[\s']+)*"
)
_TIMELINE = re.compile(
    r"\b(?:time ?lines?|chronologi\w*|chronology|deroule(?:ment)?|fil (?:des"
    r"|de l)\W?\s?(?:evenements?|incident)|sequence (?:of|des) ev\w+"
    r"|suite des evenements|(?:journal|historique) (?:de l'incident|des evenements|de bord)"
    r"|(?:incident|event) log|log of events"
    r"|(?:key|major) events|evenements (?:cles|marquants)|ligne du temps|frise|main courante"
    r"|(?:minute|hour|heure) (?:by|par) \w+)\b"
)
_WEAK_TIMELINE = re.compile(
    r"(?:what happened|ce qui s'est passe|que s'est-il passe|qu'est-ce qui s'est passe|events?"
    r"|(?:les )?evenements?|historique|history"
    r"|journal|logs?|(?:les )?faits|recit|narrative|story|notes?|course of events|incident"
    r"|details?)(?: .{0,30})?"
)
_CAUSES = re.compile(
    rf"{_LEAD}(?:root[- ]?causes?|causes?\b(?! d'inquiet)|rca\b|why(?: did)? (?:this|it"
    rf"|that) happen\w*|why\??$|pourquoi ?\??$"
    r"|pourquoi (?:c'est|est-ce|cela|ca) .*(?:arrive|produit|passe)|contributing (?:factors?"
    r"|causes?)|contributory (?:factors?|causes?)"
    r"|facteurs?\b|(?:five|5) ?whys?\b|(?:les )?(?:5|cinq) pourquoi|origines?\b|what caused"
    r"|what went wrong technically"
    r"|(?:initial )?trigger$|declencheur(?: initial)?$)"
)
_WEAK_CAUSES = re.compile(r"(?:analyses?|analysis|analyse technique|technical analysis|diagnosis|diagnostic)")
_NO_CAUSE = re.compile(r"^(?:non-?causes?|pas (?:la|une) cause)")
_ACTIONS = re.compile(
    r"\b(?:(?<!github )actions?|action ?items?|to ?-?dos?|a faire|follow ?-?ups?|next steps?"
    r"|prochaines? (?:etapes?|actions?)|etapes? suivantes?"
    r"|plan d'actions?|plan de (?:remediation|correction)|remediation plan|recomm[ae]nd[ae]tions?"
    r"|corrective|correctives|mesures? (?:correctives?|preventives?)|preventive measures?"
    r"|suivi|suites? (?:a donner|donnees?)|work ?items?|remaining (?:work|tasks?)"
    r"|taches?(?: restantes?)?|tasks?|chantiers"
    r"|ce qu'il reste|what'?s left)\b"
)
_WEAK_ACTIONS = re.compile(
    r"\b(?:preventions?|preventives?|mesures?|improvements?|ameliorations?|remediations?|safeguards?"
    r"|garde-fous?|hardening"
    r"|(?:how|what) (?:do|will|can) we (?:do|prevent|improve)\b.*|pour que cela ne se reproduise plus)\b"
)
_NO_ACTIONS = re.compile(
    r"\b(?:resolution|recovery (?:steps?|actions?)|recuperation|retablissement|restauration|reaction"
    r"|(?:during|pendant|durant|lors de) (?:the |l')?(?:incident|outage|panne|response))\b"
)
_LESSONS = re.compile(
    r"(?:\blecons?\b|\blessons?\b|\benseignements?\b|\bretours? d'experience\b|\bretex\b|\brex\b"
    r"|\btake-?aways?\b|\blearnings?\b"
    r"|\bwhat (?:we|i)(?:'ve| have)? learn\w*|\bce qu(?:e|'on|'il) .{0,16}(?:appris|retenir|retient"
    r"|retenons)\b|\ba retenir\b|\bapprentissages?\b)"
)
_SUMMARY = re.compile(
    r"(?:(?:executive|incident|quick|short|brief|en|the|le|management) ){0,2}(?:summary"
    r"|resume(?! de l'impact)|synthese|overview|tl ?;? ?dr|apercu|bref|abstract"
    r"|vue d'ensemble|in (?:brief|short)|en (?:bref|resume))\b(?! of impact).{0,40}"
)
_HEADER = re.compile(
    r"(?:metadata|metadonnees|meta|informations?(?: generales| cles)?|general(?: information)?"
    r"|fiche.{0,30}|details?(?: de l'incident)?|incident (?:details?|info\w*)"
    r"|en-?tete|header|identification|incident|key facts|facts|carte d'identite)"
)
_APPENDIX = re.compile(
    r"^(?:annexes?|appendix|appendices|supporting information|glossaire|glossary|references?|liens?"
    r"|links?|related)\b"
)
_STRICT_WORDS = 6

WEAK = ("weak-timeline", "weak-causes", "weak-actions")


def kind_of(title: str, strict: bool = False) -> str | None:
    """
    timeline, causes, actions, lessons, summary, header, appendix, one of WEAK, or None.

    The kind whose words come first in the heading wins. `strict`, for bold lines and the headings inside a section,
    wants a short heading that says little else.
    """
    title = bare_title(title)
    if not title or len(title) > 120 or (strict and len(title.split()) > _STRICT_WORDS):
        return None
    if _APPENDIX.search(title):
        return "appendix"
    found = _strong(title)
    if strict:
        found = {kind: at for kind, at in found.items() if at <= 20}
    if found:
        return min(found, key=lambda kind: found[kind])
    if _SUMMARY.fullmatch(title):
        return "summary"
    return None if strict else _weak(title)


def _strong(title: str) -> dict[str, int]:
    """Each kind that the heading announces, with the place of its words."""
    found = {}
    for kind, pattern in (("timeline", _TIMELINE), ("actions", _ACTIONS), ("lessons", _LESSONS)):
        if match := pattern.search(title):
            found[kind] = match.start()
    if "actions" in found and _NO_ACTIONS.search(title) and "correct" not in title and "a faire" not in title:
        del found["actions"]
    if (match := _CAUSES.match(title)) and not _NO_CAUSE.match(title):
        found["causes"] = 0
    return found


def _weak(title: str) -> str | None:
    if _WEAK_CAUSES.fullmatch(title):
        return "weak-causes"
    if _HEADER.fullmatch(title):
        return "header"
    if _WEAK_ACTIONS.search(title) and not _NO_ACTIONS.search(title) and len(title.split()) <= 6:
        return "weak-actions"
    return "weak-timeline" if _WEAK_TIMELINE.fullmatch(title) else None
