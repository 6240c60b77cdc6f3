"""The command that compares two moments of an instance, or of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import shown
from kfq_workflow.cli.options import Argument, Option, command, completing
from kfq_workflow.cli.output import Column, line, print_json, sheet, table
from kfq_workflow.cli.pictures import answer_json, answer_words, label
from kfq_workflow.cli.words import say
from kfq_workflow.state import NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.history.difference import Change, Difference, PaperChange, Shift
    from kfq_workflow.history.moment import Moment
    from kfq_workflow.history.picture import Laid
    from kfq_workflow.report.material import Library
    from kfq_workflow.stored.source import Source

COMMANDS: dict[str, click.Command] = {}
BEFORE, AFTER = "-", "+"


def _moments(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete a moment: now, today, or what is on record today; its day is then changed by hand."""
    from datetime import UTC, datetime

    today = datetime.now(UTC).astimezone().date().isoformat()
    return [word for word in ("now", today, f"@{today}", f"{today}@{today}") if word.startswith(incomplete)]


@command(
    COMMANDS, "diff", Argument(["one_key"], nargs=-1, metavar="[KEY]", shell_complete=completing("keys")),
    Argument(["a"], metavar="A", shell_complete=_moments), Argument(["b"], metavar="B", shell_complete=_moments),
    Option("--file", metavar="FILE", told="diff.file"),
)  # fmt: skip
def diff(session: Session, one_key: tuple[str, ...], a: str, b: str, file: str | None) -> None:
    """Print what differs between two moments of one instance, or of every instance that differs."""
    from kfq_workflow.cli.reports import opened
    from kfq_workflow.history.moment import Moment
    from kfq_workflow.report.material import Library

    if len(one_key) > 1:
        raise click.UsageError(say("usage.diff"))
    with opened(session, file) as source:
        offset = source.log().utc_offset
        moments = Moment.parse(a, offset), Moment.parse(b, offset)
        library = Library(source)
        found = _one(source, one_key[0], *moments) if one_key else _all(source, *moments)
        if session.json:
            moment_a, moment_b = (_moment_json(moment) for moment in moments)
            rows = [_diff_json(library, each) for each in found]
            print_json({"a": moment_a, "b": moment_b, "instances": [row for row in rows if one_key or row["differs"]]})
        elif one_key:
            _print_one(library, next(found), offset)
        else:
            _print_all(library, found, moments, offset)


def _one(source: Source, key: str, a: Moment, b: Moment) -> Iterator[Difference]:
    from kfq_workflow import inputs
    from kfq_workflow.errors import NotFound
    from kfq_workflow.history.difference import diff
    from kfq_workflow.history.picture import texts_of

    rows = list(source.entries(inputs.key(key)))
    if not rows:
        raise NotFound("instance", key)
    text = texts_of((each.seq, each.field, each.value) for each in source.texts(key))
    yield diff(rows, a, b, utc_offset=source.log().utc_offset, text=text)


def _all(source: Source, a: Moment, b: Moment) -> Iterator[Difference]:
    from kfq_workflow.history.difference import diffs

    return diffs(source, a, b)


def _definition(library: Library, found: Difference) -> Definition:
    from kfq_workflow.cli.detail import no_definition

    return library.definition(found.definition) or no_definition()


# In words


def moment_words(moment: Moment, offset: int) -> str:
    """Return a moment in words; instants are local."""
    at = "" if moment.known_at is None else shown.instant(moment.known_at, offset)
    if moment.as_of is None:
        return say("moment.known", at=at) if at else say("moment.now")
    return say("moment.both", day=moment.as_of, at=at) if at else say("moment.day", day=moment.as_of)


def _print_moments(a: Moment, b: Moment, offset: int) -> None:
    sheet([(BEFORE, moment_words(a, offset)), (AFTER, moment_words(b, offset))], 2)


def _print_one(library: Library, found: Difference, offset: int) -> None:
    definition = _definition(library, found)
    line(found.key)
    _print_moments(found.a, found.b, offset)
    line()
    if found.is_empty:
        line(say("diff.none"))
    _print_changes(definition, found)
    if found.entries:
        line()
        line(say("diff.entries"))
        _print_entries(definition, found, offset)
    if found.papers:
        line()
        line(say("diff.papers"))
        sheet([row for paper in found.papers for row in _paper_rows(definition, paper)], 2)
    if found.unsure:
        line()
        line(say("diff.unsure"))
        for change in found.unsure:
            first, *more = answer_words(definition, change.what, change.name, change.after)
            line(f"  {label(definition, change.what, change.name)}: {first}")
            for row in more:
                line(f"    {row}")


def _print_all(library: Library, found: Iterator[Difference], moments: tuple[Moment, Moment], offset: int) -> None:
    _print_moments(*moments, offset)
    line()
    count = 0
    for count, each in enumerate(found, 1):  # noqa: B007 - the number of the last one is printed
        line(each.key)
        _print_changes(_definition(library, each), each, 2)
        if each.entries or each.papers:
            line("  " + say("diff.more", entries=len(each.entries), papers=len(each.papers), key=each.key))
        line()
    line(say("diff.none" if not count else "diff.count.one" if count == 1 else "diff.count", count=count))


def _print_changes(definition: Definition, found: Difference, indent: int = 0) -> None:
    for change in found.changes:
        line(" " * indent + label(definition, change.what, change.name))
        sheet(_change_rows(definition, change), indent + 2)


def _change_rows(definition: Definition, change: Change) -> Iterator[tuple[str, str]]:
    for mark, answer in ((BEFORE, change.before), (AFTER, change.after)):
        for number, words in enumerate(answer_words(definition, change.what, change.name, answer)):
            yield ("" if number else mark), words


def _print_entries(definition: Definition, found: Difference, offset: int) -> None:
    titles = [Column(say("entry"), right=True), Column(say("day"), whole=True), Column(say("act"))]
    titles += [Column(say("recorded_at"), whole=True), Column(BEFORE), Column(AFTER)]
    rows: list[tuple[str | tuple[str, ...], ...]] = []
    for shift in found.entries:
        before = _status(shift, shift.before, shift.corrected_before)
        after = _status(shift, shift.after, shift.corrected_after)
        recorded = shown.instant(shift.at, offset)[:10]
        act = (_act(definition, shift), shift.actor)
        rows.append((str(shift.seq), shift.edtf or "", act, recorded, before, after))
    table(titles, rows)
    if any(shift.late for shift in found.entries):
        line(say("legend.late"))


def _act(definition: Definition, shift: Shift) -> str:
    if shift.corrects is not None:
        return say("diff.corrects", seq=shift.corrects)
    kind = shown.word("kind", shift.kind)
    what = shown.label(definition, "trigger", shift.trigger) if shift.trigger else ""
    if shift.kind == "refused" and shift.trigger:
        words = shown.refused_words(shift.act, shift.trigger, what)
    else:
        words = what if shift.kind == "fired" else f"{kind} {what}".strip()
    return words + (shown.LATE if shift.late else "")


def _status(shift: Shift, status: str, corrected: tuple[int, ...]) -> tuple[str, ...]:
    """Return what is to be said of an entry; notes and corrections do not happen, they are on record."""
    if status == "yes" and (shift.corrects is not None or shift.kind in NOTES):
        status = "counts"
    more = (say("diff.corrected", seqs=shown.joined(map(str, corrected))),) if corrected and status != "struck" else ()
    return (say(f"status.{status}"), *more)


def _paper_rows(definition: Definition, change: PaperChange) -> Iterator[tuple[str, str]]:
    for mark, laid in ((BEFORE, change.before), (AFTER, change.after)):
        yield mark, say("diff.nothing") if laid is None else _paper(definition, laid)


def _paper(definition: Definition, laid: Laid) -> str:
    named = shown.label(definition, "paper", str(laid.paper.get("type")))
    named += f" {laid.paper['number']}" if "number" in laid.paper else ""
    about = [say("diff.entry", seq=laid.seq)]
    about += [] if laid.paper.get("filed") else [say("not_filed")]
    about += [] if laid.certain else [say("diff.perhaps")]
    return say("diff.about", what=named, about=shown.joined(about))


# JSON


def _moment_json(moment: Moment) -> dict[str, Any]:
    return {"as_of": moment.as_of, "known_at": moment.known_at}


def _diff_json(library: Library, found: Difference) -> dict[str, Any]:
    definition = _definition(library, found)

    def change(each: Change) -> dict[str, Any]:
        before, after = (answer_json(definition, each.what, each.name, answer) for answer in (each.before, each.after))
        return {"what": each.what, "name": each.name or None, "before": before, "after": after}

    return {
        "key": found.key,
        "differs": not found.is_empty,
        "changes": [change(each) for each in found.changes],
        "entries": [_shift_json(shift) for shift in found.entries],
        "papers": [
            {"entry": paper.seq, "before": _laid_json(paper.before), "after": _laid_json(paper.after)}
            for paper in found.papers
        ],
        "cannot_be_told": [change(each) for each in found.unsure],
    }


def _shift_json(shift: Shift) -> dict[str, Any]:
    return {
        "entry": shift.seq,
        "kind": shift.kind,
        "trigger": shift.trigger,
        "at": shift.at,
        "actor": shift.actor,
        "on": shift.edtf,
        "late": shift.late,
        "corrects": shift.corrects,
        "before": {"status": shift.before, "corrected_by": list(shift.corrected_before)},
        "after": {"status": shift.after, "corrected_by": list(shift.corrected_after)},
    }


def _laid_json(laid: Laid | None) -> dict[str, Any] | None:
    return None if laid is None else {"certain": laid.certain, **laid.paper}
