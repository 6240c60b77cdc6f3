"""The command that folds the entries again: what an instance was on a day, as known at an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import shown
from kfq_workflow.cli.boundary import FOUND
from kfq_workflow.cli.options import Option, command, key
from kfq_workflow.cli.output import Column, line, print_json, sheet, table
from kfq_workflow.cli.pictures import (
    answer_json,
    answer_rows,
    answer_words,
    main_first,
    picture_json,
    picture_rows,
    state_words,
)
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.history.moment import Moment
    from kfq_workflow.history.replay import Replay
    from kfq_workflow.stored.database_source import DatabaseSource
    from kfq_workflow.views import Instance

    Found = Iterator[tuple[Instance, Replay]]

COMMANDS: dict[str, click.Command] = {}


@command(
    COMMANDS, "replay", key(required=False), Option("--as-of", metavar="DAY"),
    Option("--known-at", metavar="INSTANT"),
)  # fmt: skip
def replay(session: Session, key: str | None, as_of: str | None, known_at: str | None) -> int:
    """Fold the entries again: one instance in full, or all of them in a line each; 4 when a stored state differs."""
    from kfq_workflow.verifying import reading

    engine = session.engine()
    asked = {"as_of": _day(as_of), "known_at": _instant(known_at, engine.log().utc_offset)}
    one = engine.show(key, as_stored=True) if key is not None else None
    with reading(engine.database, **session.place) as source:
        found = _one(source, one, **asked) if one is not None else _all(source, **asked)
        today = engine.today() if as_of is not None else ""
        is_future = as_of is not None and as_of > today
        wrong = False
        if session.json:
            rows = []
            for instance, each in found:
                rows.append(_replay_json(each, instance))
                wrong |= _is_wrong(instance, each)
            print_json({**asked, "as_of_is_future": is_future, "instances": rows})
        elif one is not None:
            for instance, each in found:
                _print_replay(instance, each)
                wrong |= _is_wrong(instance, each)
        else:
            wrong = _print_summary(found)
    if is_future and not session.json:
        line(say("replay.future", day=as_of, today=today))
    return FOUND if wrong else 0


def _is_wrong(instance: Instance, each: Replay) -> bool:
    """Tell whether the stored states are not what the entries say; as known earlier they need not be."""
    return bool(instance.unknown) or (each.known_at is None and not _agrees(instance, each))


def _agrees(instance: Instance, each: Replay) -> bool:
    return each.snapshot.regions == instance.snapshot.regions and not instance.unknown


def _one(source: DatabaseSource, instance: Instance, **asked: Any) -> Found:
    from kfq_workflow.history.replay import replay

    yield instance, replay(source, {bytes(instance.row.def_ or b""): instance.definition}, instance.key, **asked)


def _all(source: DatabaseSource, **asked: Any) -> Found:
    """Yield every instance as it is stored, with its replay; one at a time."""
    from kfq_workflow.history.replay import replays
    from kfq_workflow.report.material import Library
    from kfq_workflow.state import Snapshot
    from kfq_workflow.views import Instance

    library, rows = Library(source), source.instances()
    row = None
    for each in replays(source, **asked):
        while rows is not None and (row is None or row.key < each.key) and (row := next(rows, None)) is not None:
            pass
        if row is None or row.key != each.key:
            continue
        definition = library.definition(row.def_ and bytes(row.def_))
        if definition is not None:
            yield Instance(row, Snapshot.parse(row.snapshot), definition, ""), each


def moment(as_of: str | None, known_at: str | None, utc_offset: int) -> Moment:
    """Return the moment that `--as-of` and `--known-at` ask for. Raises InvalidInput."""
    from kfq_workflow.history.moment import Moment

    return Moment(_day(as_of), _instant(known_at, utc_offset))


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


def _replay_json(each: Replay, instance: Instance) -> dict[str, Any]:
    states = dict(sorted(each.snapshot.regions.items()))
    found: dict[str, Any] = {
        "key": each.key,
        "workflow": instance.row.workflow,
        "states": states,
        "adopted": list(each.snapshot.adopted),
        "moves": len(each.moves),
        "left_out": each.left_out,
        "struck": {str(seq): by for seq, by in each.struck.items()},
        "corrected": {str(move.seq): list(move.corrected_by) for move in each.moves if move.corrected_by},
        "unknown": list(instance.unknown),
    }
    if each.known_at is None:
        found["agrees"] = states == dict(sorted(instance.snapshot.regions.items()))
    if each.regions is not None:
        found["regions"] = {
            region: answer_json(instance.definition, "region", region, answer)
            for region, answer in each.regions.items()
        }
    return found | picture_json(instance.definition, each.picture)


def _print_replay(instance: Instance, each: Replay) -> None:
    definition = instance.definition
    _print_moves(definition, each)
    line()
    if each.regions is None:
        states = sorted(each.snapshot.regions.items(), key=main_first)
        sheet([(shown.label(definition, "region", r), state_words(definition, r, s)) for r, s in states])
        line()
        for row in picture_rows(definition, each.picture):
            line(row)
    else:
        line(say("replay.as_of", day=each.as_of))
        for region, answer in sorted(each.regions.items(), key=main_first):
            for row in answer_rows(definition, "region", region, answer):
                line(f"  {row}")
        for row in picture_rows(definition, each.picture):
            line(f"  {row}")
        line(say("replay.outer"))
    if each.left_out:
        line(say("replay.left_out", count=each.left_out))
    for seq, by in each.struck.items():
        line(say("replay.struck", seq=seq, by=by))
    if any(move.late for move in each.moves):
        line(say("legend.late"))
    if _is_wrong(instance, each):
        stored = sorted(instance.snapshot.regions.items(), key=main_first)
        differing = [f"{region}={state}" for region, state in stored if each.snapshot.regions.get(region) != state]
        line(say("replay.stored", states=shown.joined(differing or instance.unknown or ["-"])))


def _print_moves(definition: Definition, each: Replay) -> None:
    titles = [Column(say("entry"), right=True), *(Column(say(w)) for w in ("day", "act", "by", "changes"))]
    rows: list[tuple[str | tuple[str, ...], ...]] = []
    for move in each.moves:
        what = shown.label(definition, "trigger", move.trigger) if move.trigger else shown.word("kind", move.kind)
        changed = tuple(
            f"{shown.label(definition, 'region', region)}: {state_words(definition, region, state)}"
            for region, state in sorted(move.set.items(), key=main_first)
        )
        what += shown.LATE if move.late else ""
        if move.corrected_by:
            what += say("replay.corrected", seqs=shown.joined(map(str, move.corrected_by)))
        rows.append((str(move.seq), move.edtf or say("unknown_day"), what, move.by, changed))
    table(titles, rows)


def _print_summary(found: Found) -> bool:
    """Print each instance in a line; tell whether a stored state is wrong."""
    rows = []
    wrong = unknown = False
    for instance, each in found:
        if each.regions is not None and "main" in each.regions:
            main = answer_words(instance.definition, "region", "main", each.regions["main"])
        else:
            main = (state_words(instance.definition, "main", each.snapshot.regions.get("main")),)
        agrees = "" if each.known_at is not None else say("yes" if _agrees(instance, each) else "replay.differs")
        rows.append((instance.key, str(len(each.moves)), main, agrees + (shown.UNKNOWN if instance.unknown else "")))
        wrong |= _is_wrong(instance, each)
        unknown |= bool(instance.unknown)
    if not rows:
        line(say("empty.list"))
        return wrong
    titles = [
        Column(say("key"), whole=True),
        Column(say("moves"), right=True),
        Column(say("state")),
        Column(say("agrees")),
    ]
    table(titles, rows)
    if unknown:
        line(say("legend.unknown"))
    return wrong


def summary(session: Session) -> tuple[int, int, int]:
    """Replay every instance; return how many, of how many moves, and how many agree with the stored state."""
    from kfq_workflow.verifying import reading

    instances = moves = same = 0
    with reading(session.database(), **session.place) as source:
        for instance, each in _all(source):
            instances, moves, same = instances + 1, moves + len(each.moves), same + _agrees(instance, each)
    return instances, moves, same
