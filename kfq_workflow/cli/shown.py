"""What commands show of instances and entries: labels for codes, marks for what is late, adopted or in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import locale
from kfq_workflow.cli.safe import bilingual
from kfq_workflow.cli.words import PHRASES, say
from kfq_workflow.edtf import instant_text
from kfq_workflow.messages.verbs import verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.values import Decision
    from kfq_workflow.views import HistoryEntry, Instance

LATE, ADOPTED, UNKNOWN = "*", "†", "!"
instant = instant_text
#: Kinds of entries that approvals are made of.
APPROVAL_KINDS = frozenset({
    "opened", "voted", "transferred", "delegated", "replied", "added", "removed", "returned", "withdrawn", "retracted",
    "suspended", "resumed", "voided", "reinstated", "urged", "copied", "read", "extended", "waived",
})  # fmt: skip


def name_of(instance: Instance) -> str:
    """Return the instance's name in the language of the run."""
    return bilingual(instance.name, locale.language())


def state_label(definition: Definition, region: str, state: str | None) -> str:
    """Return a state's label and its code."""
    if state is None:
        return say("not_on_record")
    return labelled(definition, "state", f"{region}={state}", state)


def labelled(definition: Definition, kind: str, name: str, code: str = "") -> str:
    """Return an item's label followed by its code, or the code alone where it has no label."""
    return definition.named(kind, name, locale.language(), code)


def label(definition: Definition, kind: str, name: str) -> str:
    """Return an item's label in the language of the run."""
    return definition.label(kind, name, locale.language())


def state_word(definition: Definition, region: str, state: str | None) -> str:
    """Return a state's label alone, for tables."""
    if state is None:
        return say("not_on_record")
    found = definition.label("state", f"{region}={state}", locale.language())
    return state if found == f"{region}={state}" else found


def word(prefix: str, code: str) -> str:
    """Return the word for a code, or the code itself."""
    return say(f"{prefix}.{code}") if f"{prefix}.{code}" in PHRASES else code


def instance_json(instance: Instance) -> dict[str, Any]:
    """Return an instance as `--json` prints it."""
    row = instance.row
    return {
        "key": row.key,
        "name": instance.name,
        "workflow": row.workflow,
        "version": instance.definition.version,
        "root": row.root,
        "phase": row.phase,
        "open": instance.is_open_for_business,
        "closed": instance.is_closed,
        "states": dict(sorted(instance.snapshot.regions.items())),
        "adopted": list(instance.snapshot.adopted),
        "unknown": list(instance.unknown),
        "revision": row.rev,
        "entries": row.seq,
        "suspended": instance.snapshot.held.get("seq"),
        "void": instance.snapshot.voided.get("seq"),
    }


def standing(instance: Instance) -> str:
    """Return a flag for tables: that an instance is void or suspended."""
    snapshot = instance.snapshot
    return say("flag.void") if snapshot.voided else say("flag.suspended") if snapshot.held else ""


def decision_json(decision: Decision) -> dict[str, Any]:
    """Return a decision as `--json` prints it."""
    lang = locale.language()
    return {
        "trigger": decision.trigger,
        "allowed": decision.allowed,
        "gated": decision.gated,
        "region": decision.region,
        "target": decision.target,
        "set": dict(decision.set),
        "missing": list(decision.missing),
        "refusals": [
            {"code": refusal.code, "values": dict(refusal.values), "message": refusal.text(lang)}
            for refusal in decision.refusals
        ],
    }


def entry_json(entry: HistoryEntry) -> dict[str, Any]:
    """Return an entry as `--json` prints it: its columns, its body, and the texts that are still there."""
    row = entry.row
    return {
        "seq": row.seq,
        "kind": row.kind,
        "at": row.at,
        "actor": row.actor,
        "via": row.via,
        "request": row.req,
        "late": entry.late,
        "leaf": bytes(row.leaf).hex(),
        "check": entry.check,
        "body": entry.body,
        "texts": dict(entry.texts),
        "redacted": list(entry.erased),
        "struck_by": None if entry.mark is None else entry.mark.struck_by,
        "corrected_by": [] if entry.mark is None else list(entry.mark.corrected_by),
    }


def entry_words(definition: Definition, entry: HistoryEntry) -> str:
    """Return what an entry is, in a few words: its kind, or the vote, and the trigger."""
    trigger, kind = entry.body.get("trigger"), word("kind", entry.row.kind)
    if entry.row.kind == "voted":
        kind = word("vote", str(entry.body.get("vote")))
    if not trigger:
        return kind
    named = labelled(definition, "trigger", trigger)
    if entry.row.kind == "refused":
        return refused_words(entry.body.get("act"), trigger, named)
    return named if entry.row.kind == "fired" else f"{kind} {named}"


def refused_words(act: str | None, trigger: str, named: str) -> str:
    """Return what was refused: the library's own verb, or a workflow's trigger as it is `named`."""
    lang = locale.language()
    said = verb(str(act), trigger, lang) or named
    return f"{word('kind', 'refused')}{said}" if lang == "zh" else f"{word('kind', 'refused')} {said}"


def changes(definition: Definition, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the rows that say which region moved from where to where."""
    was = body.get("was", {})
    rows: list[tuple[str, str]] = []
    for region, state in sorted(body.get("set", {}).items(), key=lambda item: (item[0] != "main", item[0])):
        before = f"{state_word(definition, region, was[region])} → " if was.get(region) else ""
        now = say("not_active") if state is None and before else state_label(definition, region, state)
        rows.append((say("changes") if not rows else "", f"{label(definition, 'region', region)}: {before}{now}"))
    return rows


def is_near(decision: Decision) -> bool:
    """Tell whether a move leaves the present state, and only papers or parameters are missing for it."""
    return decision.allowed or all(refusal.category == "EvidenceMissing" for refusal in decision.refusals)


def joined(words: Iterable[str]) -> str:
    """Return words as a list in the language of the run."""
    return ("、" if locale.language() == "zh" else ", ").join(words)


def target(definition: Definition, decision: Decision) -> str:
    """Return the label of the state that a move leads to."""
    if decision.target is None or decision.region is None:
        return "-"
    return state_word(definition, decision.region, decision.target)
