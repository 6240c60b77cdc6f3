"""Every entry of an instance as people read it: what was done, by whom, on which papers, and its receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.gate import merge
from kfq_workflow.definition.wording import seat_label
from kfq_workflow.history.effective import RECTIFIED
from kfq_workflow.messages.verbs import verb
from kfq_workflow.refusals import CATEGORIES, refuse
from kfq_workflow.report.correction import correction
from kfq_workflow.report.material import ODD
from kfq_workflow.report.model import Fact, Item, Mark, Paper, Quote
from kfq_workflow.report.path import entry_marks
from kfq_workflow.report.rounds import closing_words, rule_of, task_whom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.report.material import Case
    from kfq_workflow.report.speech import Speech
    from kfq_workflow.views import HistoryEntry

    Gates = Mapping[str, dict[str, Any]]

#: Texts that people wrote as such; others stand among the facts.
_QUOTED = ("opinion", "question", "reason", "note")
#: What a body says of an approval beside the gate itself, in the order in which it is shown.
_FACTS = ("place", "weight", "need", "due", "number", "keep")
#: Entries after which a gate stands as before: its tally is not worth saying again.
_BESIDE = frozenset({"urged", "copied", "read", "delegated", "replied", "extended", "waived"})


def items(case: Case, speech: Speech) -> tuple[Item, ...]:
    """Return every entry, oldest first; one that cannot be read says so."""
    gates: dict[str, dict[str, Any]] = {}
    found = []
    for entry in case.entries:
        try:
            if entry.row.seq in case.unread:
                raise ValueError("unread")
            gates = merge(gates, entry.body.get("gates", {}))
            found.append(_item(case, entry, gates, speech))
        except ODD:
            found.append(_unread(entry, speech))
    return tuple(found)


def _unread(entry: HistoryEntry, speech: Speech) -> Item:
    return Item(
        seq=entry.row.seq, title=speech.word("kind", str(entry.row.kind)), code="", day="", style="unread", marks=(),
        facts=(Fact(speech.say("by"), str(entry.row.actor)),), papers=(), reasons=(), quotes=(),
        more=(Fact(speech.say("verification"), speech.say("unreadable")),), recorded=_recorded(entry, speech),
        receipt=entry.check,
    )  # fmt: skip


def _item(case: Case, entry: HistoryEntry, gates: Gates, speech: Speech) -> Item:
    body, row = entry.body, entry.row
    dated = ("set" in body and row.kind != RECTIFIED) or "on" in body
    return Item(
        seq=row.seq,
        title=_title(case, entry, speech),
        code=str(body.get("trigger") or ""),
        day=speech.day(body.get("on", {}).get("edtf") if dated else speech.local_day(row.at)),
        style=_style(entry),
        marks=entry_marks(entry, speech),
        facts=tuple(_facts(case, entry, gates, speech)),
        papers=tuple(_paper(case, paper, speech) for paper in body.get("papers", ())),
        reasons=tuple(_refusal(case, refusal, speech) for refusal in body.get("refusals", ())),
        quotes=tuple(_quotes(entry, speech)),
        more=tuple(_more(case, entry, speech)),
        recorded=_recorded(entry, speech),
        receipt=entry.check,
    )


def _style(entry: HistoryEntry) -> str:
    if entry.row.kind == "refused" or (entry.mark is not None and entry.mark.struck_by is not None):
        return "refused"
    return "late" if entry.late else "move" if entry.body.get("set") else "plain"


def _title(case: Case, entry: HistoryEntry, speech: Speech) -> str:
    kind, trigger = entry.row.kind, entry.body.get("trigger")
    said = speech.word("vote", str(entry.body.get("vote"))) if kind == "voted" else speech.word("kind", kind)
    if not trigger:
        return said
    label = speech.label(case.definition, "trigger", str(trigger))
    if kind == "refused":
        label = verb(str(entry.body.get("act")), str(trigger), speech.lang) or label
    if kind == "fired":
        return label
    return f"{said}：{label}" if speech.lang == "zh" else f"{said}: {label}"


def _facts(case: Case, entry: HistoryEntry, gates: Gates, speech: Speech) -> Iterator[Fact]:
    body = entry.body
    yield Fact(speech.say("by"), _who(entry, speech))
    if "cause" in body:
        cause = body["cause"]
        yield Fact(speech.say("basis"), speech.say("by.cause", instance=cause["instance"], seq=cause["seq"]))
    yield from _changes(case, body, speech)
    yield from correction(case, body, speech)
    yield from _approval(case, entry, gates, speech)


def _more(case: Case, entry: HistoryEntry, speech: Speech) -> Iterator[Fact]:
    body, kind = entry.body, entry.row.kind
    for name, value in sorted(body.get("params", {}).items()):
        yield Fact(speech.label(case.definition, "parameter", name), speech.choice(case.definition, name, value))
    if kind not in ("enrolled", "defined"):
        for name, value in sorted(body.get("attrs", {}).items()):
            yield Fact(speech.label(case.definition, "attribute", name), speech.choice(case.definition, name, value))
    yield from _effects(case, body, speech)
    if "basis" in body:
        yield Fact(speech.say("basis"), speech.word("basis", str(body["basis"])))
    if isinstance(body.get("plan"), dict):
        yield plan_fact(case, body["plan"], "", speech)
    told = {name: speech.text(text) for name, text in sorted(entry.texts.items())}
    told |= {name: _gone(entry, name, speech) for name in entry.gone}
    yield from (Fact(_text_label(case, name, speech), text) for name, text in told.items() if name not in _QUOTED)


def _effects(case: Case, body: Mapping[str, Any], speech: Speech) -> Iterator[Fact]:
    """Yield what an entry did to other instances, and to document numbers."""
    for what in ("retire", "release"):
        if found := [str(effect["number"]) for effect in body.get("effects", ()) if what in effect]:
            yield Fact(speech.say(f"fact.{what}"), speech.joined(found))
    for effect in (effect for effect in body.get("effects", ()) if "number" not in effect):
        done = [speech.label(case.definition, "trigger", name) for name in effect.get("fire", effect.get("amend", ()))]
        said = speech.say("fact.amended", instance=effect["on"], what=speech.joined(done))
        yield Fact(speech.say("fact.effects"), said)


def _who(entry: HistoryEntry, speech: Speech) -> str:
    who, other = speech.person(str(entry.row.actor)), entry.body.get("for")
    if not other:
        return who
    office = speech.person(str(other["id"]))
    if other.get("ground") == "late":
        return speech.say("by.recorder", who=who, office=office)
    return speech.say("by.principal", who=who, principal=office)


def _recorded(entry: HistoryEntry, speech: Speech) -> str:
    return speech.say("recorded.at", at=speech.instant(entry.row.at), via=str(entry.row.via))


def _changes(case: Case, body: Mapping[str, Any], speech: Speech) -> Iterator[Fact]:
    """Yield which region moved from where to where."""
    was, label = body.get("was", {}), speech.say("changes")
    for region, state in sorted((body.get("set") or {}).items(), key=lambda item: (item[0] != "main", item[0])):
        name = speech.label(case.definition, "region", region)
        gone = state is None and region in was
        now = speech.say("inactive") if gone else speech.state(case.definition, region, state)
        if was.get(region):
            before = speech.state(case.definition, region, was[region])
            yield Fact(label, speech.say("change", region=name, before=before, now=now))
        else:
            yield Fact(label, speech.say("change.first", region=name, now=now))
        label = ""


def _approval(case: Case, entry: HistoryEntry, gates: Gates, speech: Speech) -> Iterator[Fact]:
    """Yield what an entry says of approvals, `gates` being those after it."""
    body, kind = entry.body, entry.row.kind
    patches = body.get("gates", {})
    if "task" in body and patches:
        task = next((gates[name]["tasks"].get(body["task"]) for name in patches), None)
        whom = f" · {task_whom(case.definition, task, speech)}" if task else ""
        yield Fact(speech.say("task"), f"{body['task']}{whom}")
    if "to" in body or (kind == "opened" and body.get("direct")):
        yield Fact(speech.say("fact.to"), _whither(case, entry, speech))
    elif kind == "returned":
        name = next(iter(patches))
        yield Fact(speech.say("fact.to"), speech.say("fact.applicant", who=speech.person(gates[name]["by"])))
    if "signer" in body:
        yield Fact(speech.say("fact.signer"), speech.person(str(body["signer"])))
    old = body.get("old", {})
    for name in _FACTS:
        if name in body:
            said = body[name]
            value = speech.joined(map(str, said)) if isinstance(said, list) else speech.word("place", str(said))
            yield Fact(speech.say(f"fact.{name}"), f"{old[name]} → {value}" if name in old else value)
    yield from _votes(case, entry, gates, speech)


def _votes(case: Case, entry: HistoryEntry, gates: Gates, speech: Speech) -> Iterator[Fact]:
    """Yield who may sign, and how the votes stand."""
    body, kind = entry.body, entry.row.kind
    patches = body.get("gates", {})
    label = speech.say("fact.candidates")
    for seat, people in sorted(body.get("candidates", {}).items()):
        listed = speech.joined(map(speech.person, people)) if people else speech.say("fact.nobody")
        if more := body.get("unlisted", {}).get(seat):
            listed = speech.say("fact.unlisted", people=listed, count=more)
        yield Fact(label, f"{seat_label(case.definition, patches, seat, speech.lang)}: {listed}")
        label = ""
    if kind not in _BESIDE:
        for name in sorted(patches):
            if "state" in patches[name] or "tally" in patches[name]:
                yield Fact(speech.say("gate.tally"), closing_words(case.definition, name, gates[name], speech))


def _whither(case: Case, entry: HistoryEntry, speech: Speech) -> str:
    body, kind = entry.body, entry.row.kind
    to = body.get("to")
    if kind == "opened":
        return speech.say("fact.direct")
    if kind == "returned":
        rule = rule_of(case.definition, next(iter(body["gates"]), ""))
        return speech.state(case.definition, rule.region if rule else "main", str(to))
    if isinstance(to, list):
        return speech.joined(speech.person(str(each)) for each in to)
    return speech.person(str(to))


def _paper(case: Case, paper: Mapping[str, Any], speech: Speech) -> Paper:
    filed = bool(paper.get("filed"))
    dates = sorted(paper.get("dates", {}).items())
    more = [speech.say(f"paper.date.{what}", day=speech.day(day)) for what, day in dates]
    if "sha256" in paper:
        more.append(speech.say("paper.sha256", digest=paper["sha256"]))
    return Paper(
        speech.label(case.definition, "paper", str(paper.get("type"))), str(paper.get("number") or ""), filed,
        speech.say("paper.filed" if filed else "paper.named"), tuple(more),
    )  # fmt: skip


def _refusal(case: Case, refusal: Mapping[str, Any], speech: Speech) -> str:
    code, values = str(refusal.get("code")), refusal.get("values")
    if code not in CATEGORIES or not isinstance(values, dict):
        return code
    return refuse(case.definition, code, **values).text(speech.lang)


def _quotes(entry: HistoryEntry, speech: Speech) -> Iterator[Quote]:
    """Yield what was written; of a text that is gone, that there was one."""
    committed = entry.body.get("texts", {})
    for name in _QUOTED:
        if name in entry.texts:
            yield Quote(speech.word("text", name), speech.text(entry.texts[name]))
        elif name in committed:
            yield Quote(speech.word("text", name), _gone(entry, name, speech))


def _gone(entry: HistoryEntry, name: str, speech: Speech) -> str:
    by = entry.gone.get(name)
    return speech.say("text.gone") if by is None else speech.say("text.redacted", seq=by)


def _text_label(case: Case, name: str, speech: Speech) -> str:
    kind, dot, of = name.partition(".")
    if dot and kind in ("attribute", "parameter"):
        return speech.label(case.definition, kind, of)
    return speech.word("text", name)


def plan_fact(case: Case, plan: Mapping[str, Any], note: str, speech: Speech) -> Fact:
    """Return a plan or a flag: its kind, what it is about, its days, and the note on it."""
    events = str(plan.get("event", "")).split(", ")
    labels = [label for event in events if (label := speech.label(case.definition, "trigger", event)) != event]
    dated = [(which, speech.day(str(plan[which]))) for which in ("expected", "latest") if which in plan]
    said = [
        speech.joined(labels or ([] if note else events)),
        *(speech.say(f"plan.{which}", day=day) for which, day in dated),
    ]
    words = ("；" if speech.lang == "zh" else "; ").join(part for part in said if part)
    sign = "。" if speech.lang == "zh" else ". "
    return Fact(speech.word("plan", str(plan.get("kind", ""))), sign.join(part for part in (words, note) if part))


def standing_marks(case: Case, speech: Speech) -> Iterator[Mark]:
    """Yield the marks of an instance as a whole: void, suspended, closed, adopted."""
    if case.snapshot.voided:
        yield Mark("void", speech.say("mark.void"), speech.say("legend.void"))
    if case.snapshot.held:
        yield Mark("suspended", speech.say("mark.suspended"), speech.say("legend.suspended"))
    if case.is_closed:
        yield Mark("closed", speech.say("mark.closed"))
    if case.snapshot.adopted:
        yield Mark("adopted", speech.say("mark.adopted.regions"), speech.say("legend.adopted"))
