"""Commands for auditors: replay, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.boundary import FOUND
from kfq_workflow.cli.options import Option, command, key
from kfq_workflow.cli.output import Column, line, print_json, sheet, table
from kfq_workflow.cli.progress import Progress
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import click

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.order import Answer
    from kfq_workflow.replay import Replay
    from kfq_workflow.source import Source
    from kfq_workflow.verify.anchors import Trust
    from kfq_workflow.verify.report import Report
    from kfq_workflow.views import Instance

COMMANDS: dict[str, click.Command] = {}


@command(
    COMMANDS, "replay", key(required=False), Option("--as-of", metavar="DAY"),
    Option("--known-at", metavar="INSTANT"),
)  # fmt: skip
def replay(session: Session, key: str | None, as_of: str | None, known_at: str | None) -> int:
    """Fold the entries again: one instance in full, or all of them in a line each; 4 when a stored state differs."""
    from kfq_workflow.source import reading

    engine = session.engine()
    day = _day(as_of)
    at = _instant(known_at, engine.log().utc_offset)
    instances = [engine.show(key, as_stored=True)] if key is not None else list(engine.instances())
    with reading(engine.database, **session.place) as source:
        found = list(_replayed(source, instances, as_of=day, known_at=at))
    today = engine.today() if day is not None else ""
    is_future = day is not None and day > today
    if session.json:
        rows = [_replay_json(each, i) for i, each in found]
        print_json({"as_of": day, "as_of_is_future": is_future, "known_at": at, "instances": rows})
    elif key is not None:
        for instance, each in found:
            _print_replay(instance, each)
    else:
        _print_summary(found)
    if is_future and not session.json:
        line(say("replay.future", day=day, today=today))
    return FOUND if any(_is_wrong(instance, each) for instance, each in found) else 0


def _is_wrong(instance: Instance, each: Replay) -> bool:
    """Tell whether the stored states are not what the entries say; as known earlier they need not be."""
    return bool(instance.unknown) or (each.known_at is None and not _agrees(instance, each))


def _replayed(
    source: Source, instances: list[Instance], *, as_of: str | None, known_at: int | None
) -> Iterator[tuple[Instance, Replay]]:
    from kfq_workflow.errors import NotFound
    from kfq_workflow.replay import replay

    for instance in instances:
        definitions = {bytes(instance.row.def_ or b""): instance.definition}
        try:
            yield instance, replay(source, definitions, instance.key, as_of=as_of, known_at=known_at)
        except NotFound:
            if len(instances) == 1:
                raise


def _day(text: str | None) -> str | None:
    """Return a day; an imprecise one cannot be asked for."""
    from kfq_workflow.edtf import Day, InvalidDate
    from kfq_workflow.errors import InvalidInput

    try:
        return None if text is None else Day.exact(text).edtf
    except InvalidDate as error:
        raise InvalidInput("not_a_day", text=error.text[:80]) from None


def _instant(text: str | None, utc_offset: int) -> int | None:
    from kfq_workflow.edtf import InvalidDate, parse_instant
    from kfq_workflow.errors import InvalidInput

    try:
        return None if text is None else parse_instant(text, utc_offset)
    except InvalidDate as error:
        raise InvalidInput("not_an_instant", text=error.text[:80]) from None


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return a region's answer: its candidates, a region without a state as {"absent": WHY}."""
    from kfq_workflow.order import Absence

    states = [{"absent": state.value} if isinstance(state, Absence) else state for state in answer.states]
    return {"certain": answer.certain, "states": states, "between": list(answer.between)}


def _replay_json(each: Replay, instance: Instance) -> dict[str, Any]:
    states = dict(sorted(each.snapshot.regions.items()))
    found: dict[str, Any] = {
        "key": each.key,
        "workflow": instance.row.workflow,
        "states": states,
        "adopted": list(each.snapshot.adopted),
        "moves": len(each.moves),
        "left_out": each.left_out,
        "unknown": list(instance.unknown),
    }
    if each.known_at is None:
        found["agrees"] = states == dict(sorted(instance.snapshot.regions.items()))
    if each.regions is not None:
        found["regions"] = {region: answer_json(answer) for region, answer in each.regions.items()}
    return found


def _print_replay(instance: Instance, each: Replay) -> None:
    definition = instance.definition
    titles = [Column(say("entry"), right=True), *(Column(say(w)) for w in ("day", "act", "by", "changes"))]
    rows: list[tuple[str | tuple[str, ...], ...]] = []
    for move in each.moves:
        what = shown.label(definition, "trigger", move.trigger) if move.trigger else shown.word("kind", move.kind)
        changed = tuple(
            f"{shown.label(definition, 'region', region)}: {_state(definition, region, state)}"
            for region, state in sorted(move.set.items(), key=_main_first)
        )
        late = shown.LATE if move.late else ""
        rows.append((str(move.seq), move.edtf or say("unknown_day"), what + late, move.by, changed))
    table(titles, rows)
    line()
    if each.regions is None:
        states = sorted(each.snapshot.regions.items(), key=_main_first)
        sheet([(shown.label(definition, "region", r), _state(definition, r, s)) for r, s in states])
    else:
        line(say("replay.as_of", day=each.as_of))
        for region, answer in sorted(each.regions.items(), key=_main_first):
            sheet(_answer_rows(definition, region, answer), 2)
        line(say("replay.outer"))
    if each.left_out:
        line(say("replay.left_out", count=each.left_out))
    if any(move.late for move in each.moves):
        line(say("legend.late"))
    if _is_wrong(instance, each):
        stored = sorted(instance.snapshot.regions.items(), key=_main_first)
        differing = [f"{region}={state}" for region, state in stored if each.snapshot.regions.get(region) != state]
        line(say("replay.stored", states=shown.joined(differing or instance.unknown or ["-"])))


def _main_first(item: tuple[str, Any]) -> tuple[bool, str]:
    return item[0] != "main", item[0]


def _state(definition: Definition, region: str, state: object) -> str:
    from kfq_workflow.order import Absence

    if isinstance(state, Absence):
        return say(f"absent.{state.value}")
    return say("not_active") if state is None else shown.state_word(definition, region, str(state))


def _answer_rows(definition: Definition, region: str, answer: Answer) -> list[tuple[str, str]]:
    name = shown.label(definition, "region", region)
    said = [_state(definition, region, state) for state in answer.states]
    if answer.certain:
        return [(f"{name}: {said[0]}", "")]
    return [(f"{name}: {say('replay.uncertain', **_between(answer))}", ""), *((f"    {word}", "") for word in said)]


def _between(answer: Answer) -> dict[str, str]:
    first, last = (str(seq) if seq is not None else "–" for seq in answer.between)
    return {"first": first, "last": last}


def _answer(definition: Definition, region: str, answer: Answer) -> tuple[str, ...]:
    said = [_state(definition, region, state) for state in answer.states]
    return (
        (said[0],) if answer.certain else (say("replay.uncertain", **_between(answer)), *(f"  {word}" for word in said))
    )


def _print_summary(found: list[tuple[Instance, Replay]]) -> None:
    if not found:
        line(say("empty.list"))
        return
    rows = []
    for instance, each in found:
        if each.regions is not None and "main" in each.regions:
            main = _answer(instance.definition, "main", each.regions["main"])
        else:
            main = (_state(instance.definition, "main", each.snapshot.regions.get("main")),)
        agrees = "" if each.known_at is not None else say("yes" if _agrees(instance, each) else "replay.differs")
        rows.append((instance.key, str(len(each.moves)), main, agrees + (shown.UNKNOWN if instance.unknown else "")))
    titles = [
        Column(say("key"), whole=True),
        Column(say("moves"), right=True),
        Column(say("state")),
        Column(say("agrees")),
    ]
    table(titles, rows)
    if any(instance.unknown for instance, _ in found):
        line(say("legend.unknown"))


def _agrees(instance: Instance, each: Replay) -> bool:
    return each.snapshot.regions == instance.snapshot.regions and not instance.unknown


def summary(session: Session) -> tuple[int, int, int]:
    """Replay every instance; return how many, of how many moves, and how many agree with the stored state."""
    from kfq_workflow.source import reading

    engine = session.engine()
    instances = list(engine.instances())
    with reading(engine.database, **session.place) as source:
        found = list(_replayed(source, instances, as_of=None, known_at=None))
    return len(found), sum(len(each.moves) for _, each in found), sum(_agrees(i, each) for i, each in found)


@command(
    COMMANDS, "verify", key(required=False), Option("--file", metavar="LOG.jsonl"),
    Option("--anchor", "anchors", metavar="FILE", multiple=True),
    Option("--trust", "trust", metavar="VKEY", multiple=True),
)  # fmt: skip
def verify(
    session: Session, key: str | None, file: str | None, anchors: tuple[str, ...], trust: tuple[str, ...]
) -> int:
    """Verify a log in a database or in an exported file; 4 when something was found."""
    report = verified(session, key, file, held(anchors), _trust(trust))
    if session.json:
        print_json(report.as_json(locale.language()))
    else:
        print_report(report)
    return FOUND if report.verdict == "tampered" else 0


def held(paths: tuple[str, ...]) -> list[Anchor]:
    """Read checkpoints that were kept outside. Raises InvalidInput."""
    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.audit.note import NoteError
    from kfq_workflow.errors import InvalidInput

    found = []
    for path in paths:
        try:
            found.append(Anchor.parse(path, Path(path).read_bytes()))
        except (NoteError, OSError) as error:
            raise InvalidInput(
                "anchor_bad", path=path, reason=getattr(error, "strerror", None) or str(error)
            ) from error
    return found


def _trust(given: tuple[str, ...]) -> Trust:
    from kfq_workflow.audit import ed25519
    from kfq_workflow.cli.sealing import trusted
    from kfq_workflow.verify.anchors import NOBODY, Trust

    return Trust(tuple(trusted(given)), ed25519.check) if given else NOBODY


def verified(
    session: Session, key: str | None = None, file: str | None = None, anchors: Sequence[Anchor] = (),
    trust: Trust | None = None,
) -> Report:  # fmt: skip
    """Run the verification with progress on stderr."""
    from kfq_workflow.verify import verify
    from kfq_workflow.verify.anchors import NOBODY

    trust = trust or NOBODY

    if file is not None:
        from kfq_workflow.export import ExportSource

        with Progress("verifying") as progress:
            return verify(ExportSource(file), anchors, key=key, trust=trust, progress=progress)
    from kfq_workflow.source import reading

    with reading(session.database(), **session.place) as source, Progress("verifying") as progress:
        return verify(source, anchors, key=key, trust=trust, progress=progress)


def print_report(report: Report) -> None:
    """Print a verdict and every finding with its place."""
    line(say(f"verdict.{report.verdict}"))
    if report.anchored is not None:
        anchored = report.anchored
        line(say("verdict.anchor", label=anchored.label, size=anchored.size, newer=anchored.newer))
        if anchored.signed:
            line(say("verdict.signed", names=", ".join(anchored.signed)))
    line(say("verified", entries=report.entries, instances=report.instances))
    counts = report.counts
    line(say("verified.counts", decided=counts.decided, witnessed=counts.witnessed, attested=counts.attested,
             late=counts.late, refused=counts.refused))  # fmt: skip
    if counts.lost:
        line(say("verdict.lost", count=counts.lost))
    for what in report.not_checked:
        line(say("not_checked", what=_unchecked(what)))
    lang = locale.language()
    for finding in report.findings:
        place = finding.instance or "-"
        if finding.seq is not None:
            place += f" #{finding.seq}"
        severity = shown.word("severity", finding.severity)
        line(f"  {severity} {finding.layer}.{finding.kind}  {place}  {finding.text(lang)}")
    if report.left_out:
        line(say("findings_left_out", count=report.left_out))
    if report.verdict == "self-consistent":
        line(say("verdict.limits"))


def _unchecked(what: str) -> str:
    """Return what was not checked in the language of the run: a word, or a kind and its name."""
    kind, space, name = what.partition(" ")
    found = shown.word("unchecked", what)
    return shown.word("unchecked", kind) + space + name if found == what else found
