"""Why an instance waits, as values that say it in Chinese and in English.

Each has a heading and rows, a label and what is said under it; an empty label goes on with the one above. `text(lang)`
is both as lines. `explain` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kfq_workflow.approval.gate import VOTED
from kfq_workflow.approval.sentences import clauses, listed, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.approval.prospect import Prospect
    from kfq_workflow.approval.quorum import Tally
    from kfq_workflow.definition.model import Quorum
    from kfq_workflow.values import Refusal

    Rows = Iterator[tuple[str, str]]


class Waiting:
    """Something that an instance waits for, or why it waits for nothing."""

    __slots__ = ()

    def heading(self, lang: str) -> str:
        """Return what it is, in a line."""
        raise NotImplementedError

    def rows(self, lang: str) -> Rows:
        """Yield label and words of each line; an empty label goes on with the one above."""
        raise NotImplementedError

    def text(self, lang: str = "en") -> str:
        """Return all of it as lines, `lang` being `zh` or `en`."""
        sign = "：" if lang == "zh" else ": "
        rows = [f"  {label}{sign}{words}" if label else f"    {words}" for label, words in self.rows(lang)]
        return "\n".join([self.heading(lang), *rows])


@dataclass(frozen=True, slots=True)
class Named:
    """A person, role, paper, state or trigger: its code, and what people read in both languages."""

    code: str
    zh: str
    en: str

    def text(self, lang: str) -> str:
        """Return the Chinese or the English."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry: its number, its local ISO day, and who made it."""

    seq: int
    day: str
    by: Named


@dataclass(frozen=True, slots=True)
class Asked:
    """A task of a round: whom it asks (`kind` role, org or actor), and what became of it.

    `since` is the entry that last changed its state; `by` and `principal` who voted and for whom.
    """

    task: str
    kind: str
    of: Named
    state: str
    step: int
    weight: int
    veto: bool
    since: Mark
    by: Named | None = None
    principal: Named | None = None

    def who(self, lang: str) -> str:
        """Return whom the task asks."""
        label, code = self.of.text(lang), self.of.code
        if self.kind == "role":
            return said("role.bare" if label == code else "role", lang, label=label, of=code)
        return said("org", lang, of=code) if self.kind == "org" else label

    def waits(self, lang: str) -> str:
        """Return it as a task that waits for a vote."""
        more = said("more.veto", lang) if self.veto else ""
        if self.weight != 1:
            more += said("more.weight", lang, weight=self.weight)
        if self.state == "waiting":
            more += said("more.step", lang, step=self.step)
        return said("task", lang, task=self.task, who=self.who(lang), more=more, day=self.since.day)

    def voted(self, lang: str) -> str:
        """Return it as a task that was voted on."""
        who = self.by.text(lang) if self.by else self.who(lang)
        if self.principal:
            who = said("for", lang, by=who, principal=self.principal.text(lang))
        vote = said("voted.rejected" if self.state == "rejected" else self.state, lang)
        return said("task.voted", lang, task=self.task, who=who, vote=vote, day=self.since.day)


@dataclass(frozen=True, slots=True)
class Opinion:
    """An opinion that somebody was asked for on a task: since when, and the day of the answer."""

    task: str
    who: Named
    since: str
    answered: str | None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A duty that was waived for somebody: by whom; it holds once two have."""

    who: Named
    by: tuple[Named, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class GateWaiting(Waiting):
    """An open round of approval: whom it waits for, by which rule, how it stands, and what would decide it.

    `changed` tells that signers were added or removed and another need holds; `settled` is the number of approvals of
    the round before that stand; `urged` is who has urged and when last; `due` an ISO day, and `extended` the entry that
    moved it.
    """

    transition: str
    trigger: str
    name: Named
    round: int
    since: Mark
    tasks: tuple[Asked, ...]
    quorum: Quorum
    papers: tuple[Named, ...]
    tally: Tally
    prospect: Prospect
    changed: bool = False
    settled: int = 0
    urged: tuple[tuple[Named, str], ...] = ()
    opinions: tuple[Opinion, ...] = ()
    waived: tuple[Waiver, ...] = ()
    due: str | None = None
    extended: int | None = None

    @property
    def blocked(self) -> bool:
        """Whether nobody may sign because the instance is suspended."""
        return any(task.state == "blocked" for task in self.tasks)

    @property
    def open(self) -> tuple[Asked, ...]:
        """The tasks whose turn it is."""
        return tuple(task for task in self.tasks if task.state in ("open", "blocked"))

    @property
    def behind(self) -> tuple[Asked, ...]:
        """The tasks that wait for those before them."""
        return tuple(task for task in self.tasks if task.state == "waiting")

    def heading(self, lang: str) -> str:
        """Return what is under approval."""
        return said("gate.blocked" if self.blocked else "gate", lang, name=self.name.text(lang), round=self.round)

    def rows(self, lang: str) -> Rows:
        """Yield since when, on whom, by which rule, the tally, what would decide it, and what else was done."""
        since = self.since
        yield said("since", lang), said("since.by", lang, day=since.day, seq=since.seq, by=since.by.text(lang))
        yield from _under("waits", [task.waits(lang) for task in self.open], lang)
        yield from _under("behind", [task.waits(lang) for task in self.behind], lang)
        yield from _under("signed", [task.voted(lang) for task in self.tasks if task.state in VOTED], lang)
        yield said("rule", lang), clauses(self.rule(lang), lang)
        yield said("tally", lang), counted(self.quorum, self.tally.plain(), lang)
        yield from _under("decides", list(self.decided(lang)), lang)
        yield from _under("urged", [said("urge", lang, who=who.text(lang), day=day) for who, day in self.urged], lang)
        yield from _under("opinions", [_opinion(asked, lang) for asked in self.opinions], lang)
        yield from _under("waived", [_waiver(waiver, lang) for waiver in self.waived], lang)
        if self.due:
            code = "due.extended" if self.extended else "due.day"
            yield said("due", lang), said(code, lang, day=self.due, seq=self.extended)

    def rule(self, lang: str) -> Iterator[str]:
        """Yield the quorum's clauses."""
        yield quorum_words(self.quorum, self.tally, lang, declared=not (self.changed or self.settled))
        if self.changed:
            yield said("need", lang, need=self.tally.need, of=self.tally.of)
        if self.settled:
            yield said("settled", lang, count=self.settled, need=self.tally.need, of=self.tally.of)
        if len(self.tasks) > 1:
            steps = {task.step for task in self.tasks}
            yield said("sequential" if len(steps) > 1 else "parallel", lang)
        if self.quorum.kind != "any":
            yield said(self.quorum.abstain, lang)
        if self.quorum.wait:
            yield said("wait", lang)
        if self.papers:
            yield said("papers", lang, papers=listed((paper.text(lang) for paper in self.papers), lang))

    def decided(self, lang: str) -> Iterator[str]:
        """Yield what would decide it."""
        ahead = self.prospect
        asked = {task.task: task for task in self.tasks}
        vetoes = [asked[number].who(lang) for number in ahead.vetoes]
        if ahead.wait:
            if ahead.approvals is not None:
                yield said("wait.approve" if ahead.approvals else "wait.any", lang, count=ahead.approvals)
            if ahead.rejections is not None:
                yield said("wait.reject", lang, count=ahead.rejections)
        else:
            weighed = self.quorum.kind == "weight"
            if ahead.approvals is not None:
                code = "approve.weight" if weighed and ahead.weight else "approve" + _one(ahead.approvals)
                among = said("among" + _one(ahead.approvals), lang, who=listed(vetoes, lang)) if vetoes else ""
                yield said(code, lang, count=ahead.approvals, weight=ahead.weight, among=among)
            if ahead.rejections is not None:
                code = "reject.weight" if weighed else "reject" + _one(ahead.rejections)
                yield said(code, lang, count=ahead.rejections)
            if ahead.abstentions is not None:
                yield said(f"abstain.{ahead.abstained}" + _one(ahead.abstentions), lang, count=ahead.abstentions)
        for who in vetoes:
            yield said("veto", lang, who=who)


def _one(count: int) -> str:
    return ".one" if count == 1 else ""


def _under(code: str, lines: list[str], lang: str) -> Rows:
    for number, words in enumerate(lines):
        yield said(code, lang) if number == 0 else "", words


def _opinion(asked: Opinion, lang: str) -> str:
    code = "opinion.given" if asked.answered else "opinion"
    return said(code, lang, who=asked.who.text(lang), task=asked.task, day=asked.answered or asked.since)


def _waiver(waiver: Waiver, lang: str) -> str:
    by = listed((person.text(lang) for person in waiver.by), lang)
    return said("waive.by" if waiver.holds else "waive.half", lang, who=waiver.who.text(lang), by=by)


def quorum_words(quorum: Quorum, count: Tally, lang: str, *, declared: bool = True) -> str:
    """Return a quorum in words, with the numbers of a round; not `declared`: another need than it says holds."""
    code: str = quorum.kind
    if quorum.wait and count.need == 0:
        code = "opinions.only"
    elif quorum.kind == "ratio" and quorum.strict:
        code = "ratio.strict" if declared else "ratio.strict.bare"
    elif quorum.kind == "ratio" and not declared:
        code = "ratio.bare"
    return said(code, lang, of=count.of, need=count.need, ratio=quorum.ratio)


def counted(quorum: Quorum, count: Mapping[str, int], lang: str, *, closed: bool = False) -> str:
    """Return a tally, as a gate keeps it, in words; of a `closed` round only the votes that were cast."""
    code = "weight" if quorum.kind == "weight" else "count"
    return said(f"{code}.cast" if closed else f"{code}.now", lang, **count)


@dataclass(frozen=True, slots=True)
class Standstill(Waiting):
    """The instance is suspended or void, since an entry and on the basis of a document; `roles` may lift it."""

    what: Literal["suspended", "void"]
    since: Mark
    number: str
    roles: tuple[Named, ...]

    def heading(self, lang: str) -> str:
        """Return that it stands still."""
        return said(self.what, lang)

    def rows(self, lang: str) -> Rows:
        """Yield since when, on which basis, and how to lift it."""
        since = self.since
        yield said("since", lang), said("since.at", lang, day=since.day, seq=since.seq, by=since.by.text(lang))
        if self.number:
            yield said("basis", lang), self.number
        roles = listed((role.text(lang) for role in self.roles), lang)
        yield said("lift", lang), said("resume" if self.what == "suspended" else "reinstate", lang, roles=roles)


@dataclass(frozen=True, slots=True)
class EndedRound(Waiting):
    """A round that ended without approval, while the instance is still where it was submitted, or was returned to.

    `outcome` is returned, rejected, withdrawn or void; a returned one waits for its applicant, or in the state `to`.
    """

    transition: str
    trigger: str
    name: Named
    round: int
    outcome: Literal["returned", "rejected", "withdrawn", "void"]
    since: Mark
    applicant: Named
    to: Named | None = None

    def heading(self, lang: str) -> str:
        """Return how it ended."""
        code = "ended" if self.outcome == "void" else self.outcome
        return said(code, lang, name=self.name.text(lang), round=self.round)

    def rows(self, lang: str) -> Rows:
        """Yield since when and by whom, and for whom it waits."""
        since = self.since
        yield said("since", lang), said("since.at", lang, day=since.day, seq=since.seq, by=since.by.text(lang))
        if self.to:
            yield "", said("moved", lang, state=self.to.text(lang))
        elif self.outcome == "returned":
            yield said("applicant", lang), said("resubmit", lang, who=self.applicant.text(lang))


@dataclass(frozen=True, slots=True)
class Move:
    """A move that is possible, or one that leaves the present state and is not, and why."""

    trigger: str
    name: Named
    target: Named
    roles: tuple[Named, ...]
    papers: tuple[Named, ...]
    gated: bool
    refusals: tuple[Refusal, ...] = ()

    def words(self, lang: str) -> str:
        """Return it in a line."""
        name = self.name.text(lang)
        if self.refusals:
            return said("move.not", lang, name=name, why=" ".join(refusal.text(lang) for refusal in self.refusals))
        papers = listed((paper.text(lang) for paper in self.papers), lang)
        return said(
            "move.gated" if self.gated else "move", lang, name=name, target=self.target.text(lang),
            roles=listed((role.text(lang) for role in self.roles), lang),
            papers=said("move.papers", lang, papers=papers) if papers else "",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MovesWaiting(Waiting):
    """No approval is open: the moves that are possible and for whom, and those from here that are not yet."""

    possible: tuple[Move, ...]
    not_yet: tuple[Move, ...]
    closed: bool

    def heading(self, lang: str) -> str:
        """Return whether it waits for anything."""
        return said("closed" if self.closed else "moves" if self.possible else "nothing", lang)

    def rows(self, lang: str) -> Rows:
        """Yield the moves."""
        yield from _under("possible", [move.words(lang) for move in self.possible], lang)
        yield from _under("not_yet", [move.words(lang) for move in self.not_yet], lang)
