"""The only writer of a log: lock an instance, look a repeated request up, append one entry and move the row.

An act is prepared by `transaction`; here it becomes an entry, built from the head that was read under the lock and
inserted together with its texts and the new state, where the number that was read still stands.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.tasks import changed, granted, place
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.edtf import day_of
from kfq_workflow.entry import VERSION, Row, Text, commitment, parse_canonical, seal
from kfq_workflow.errors import IdempotencyMismatch, InvalidInput, KfqError, NotFound, TransactionLost
from kfq_workflow.history.effective import RECTIFIED
from kfq_workflow.history.lines import contradictions
from kfq_workflow.state import NOTES, InstanceRow, Snapshot
from kfq_workflow.values import EMPTY, Receipt, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kfq_workflow.approval.tasks import TaskRow
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.log import LogHead
    from kfq_workflow.stored.cursor import Cursor
    from kfq_workflow.stored.store import Store
    from kfq_workflow.verbs.act import Act

#: The parts of a body that come from the caller: a repeated request must bring the same.
_ASKED = (
    "act", "apart", "attrs", "basis", "corrects", "direct", "due", "enabled", "erases", "grant", "instead", "keep",
    "kind", "labels", "name", "need", "number", "org", "papers", "params", "place", "plan", "proposal", "rectify",
    "redact", "roles", "root", "rules", "signer", "task", "to", "trigger",
    "valid_from", "valid_to", "version", "vote", "weight", "workflow",
)  # fmt: skip
#: What an act may leave to the library to find: it is compared where the caller said it.
_FOUND = frozenset({"task", "trigger"})


@dataclass(slots=True)
class Head:
    """An instance as an act finds it: its row, its snapshot, and the time `now` of an act, in µs since 1970 UTC.

    `now` is the database's clock, or the newest entry's time where the clock has run back: whatever an act asks of the
    day is asked of the day that its entry will have.
    """

    row: InstanceRow
    snapshot: Snapshot
    now: int


class Ledger:
    """One open transaction on a log, through a driver's cursor."""

    def __init__(
        self, store: Store, cursor: Cursor, log: LogHead, via: str, *, joined: bool, reads: bool = False
    ) -> None:
        self.store = store
        self.cursor = cursor
        self.log = log
        self._via = via
        self._joined = joined
        self._reads = reads
        self.hasher = hash_of(log.suite)
        #: The (instance, request id) of every act, to look up when the answer to a commit is lost.
        self.requests: list[tuple[str, str]] = []

    def lock(self, key: str) -> Head:
        """Lock an instance, its family's root first. Raises NotFound."""
        head = self.find(key)
        if head is None:
            raise NotFound("instance", key)
        return head

    def find(self, key: str) -> Head | None:
        """Lock an instance if it exists."""
        found = self.store.lock(self.cursor, key, joined=self._joined)
        if found is None:
            return None
        row, now = found
        return Head(row, Snapshot.parse(row.snapshot), max(int(now), row.at))

    def open(self, key: str, root: str | None) -> Head | None:
        """Lock the root of a new instance, and the instance itself if its key is taken."""
        if self._joined:
            self.store.begin_write(self.cursor)
        if root is not None:
            self.lock(root)
        return self.find(key)

    def look(self, key: str) -> Head:
        """Read an instance without locking it; its clock is 0. Raises NotFound."""
        row = self.store.instance(self.cursor, key)
        if row is None:
            raise NotFound("instance", key)
        return Head(row, Snapshot.parse(row.snapshot), 0)

    def today(self, now: int) -> str:
        """Return the ISO day of an instant at the log's fixed UTC offset."""
        return day_of(now, self.log.utc_offset)

    def family(self, row: InstanceRow) -> dict[str, Witness]:
        """Return every other instance of the same root, and the root, by key."""
        root = row.root or row.key
        return {
            other.key: Witness(
                other.key,
                other.workflow,
                other.seq,
                bytes(other.head).hex(),
                Snapshot.parse(other.snapshot).regions,
            )
            for other in self.store.family(self.cursor, root, locked=not self._reads)
            if other.key != row.key
        }

    def receipt(self, entry: Row, row: InstanceRow) -> Receipt:
        """Return the receipt of an act that is on record already."""
        return _receipt(entry, parse_canonical(entry.body), rev=row.rev, replayed=True)

    def replayed(self, act: Act, row: InstanceRow, *, on: str | None = None) -> Receipt | None:
        """Return the receipt of an act whose request id was used before, if it asked for the same.

        Raises IdempotencyMismatch when it asked for something else. A default day is not compared.
        """
        if act.request is None:
            return None
        found = self.store.request(self.cursor, act.key, act.request)
        if found is None:
            return None
        body = parse_canonical(found.body)
        same = (
            found.kind == act.kind
            and found.actor == act.by
            and all(body.get(n) == act.body.get(n) for n in _ASKED if n in act.body or n not in _FOUND)
            and ("for" in act.body) is ("for" in body)
            and act.body.get("for", {}).items() <= body.get("for", {}).items()
            and (on is None or body.get("on", {}).get("edtf") == act.body.get("on", {}).get("edtf"))
            and (found.kind != "adopted" or act.body.get("set", {}).items() <= body.get("set", {}).items())
            and self._same_texts(act, found, body.get("texts", {}))
        )
        if not same:
            raise IdempotencyMismatch(request=act.request, key=act.key, seq=found.seq)
        return _receipt(found, body, rev=row.rev, replayed=True)

    def _same_texts(self, act: Act, found: Row, commitments: Mapping[str, str]) -> bool:
        """Compare texts through their stored salts: an unsalted digest would give erased text back by guessing.

        A text that was erased since can no longer be compared: whether it was the same is unknown, and nothing is made
        of that.
        """
        if commitments.keys() != act.texts.keys():
            return False
        if not commitments:
            return True
        salts = {text.field: text.salt for text in self.store.texts(self.cursor, found.instance, found.seq)}
        return all(
            name not in salts or commitment(salts[name], name, value, self.hasher) == commitments[name]
            for name, value in act.texts.items()
        )

    def rebuild(self, definition_of: Callable[[bytes], Definition]) -> int:
        """Make every instance's row and its tasks anew from its entries; return how many of them were different.

        The tasks of one instance count as one; so does each task of an instance that does not exist, and each
        instance of which the table of what is sealed says something else than the tree.
        """
        store, cursor = self.store, self.cursor
        store.begin_write(cursor)
        different = store.drop_strays(cursor)
        for row in list(store.rows(cursor)):
            head = self.lock(row.key).row
            rebuilt, tasks = fold(store.chain(cursor, row.key), head, definition_of)
            if rebuilt != head:
                store.put(cursor, rebuilt)
                different += 1
            different += store.replace_tasks(cursor, row.key, tasks)
        return different + store.rebuild_sealed(cursor)

    def vacant(self, act: Act, workflow: str, root: str | None = None, def_: bytes | None = None) -> Head:
        """Return the head of an instance that has no entry yet: its first one follows the log's genesis."""
        now = self.store.now(self.cursor)
        row = InstanceRow(act.key, workflow, root, def_, 0, 0, self.log.genesis, now, None, None, "{}")
        return Head(row, Snapshot(), now)

    def append(self, act: Act, head: Head, definition: Definition | None = None) -> Receipt:
        """Append an entry to a locked or vacant instance and move its row, where the number read still stands.

        Raises InvalidInput `date_order` for a day of the past before that of an act on the same approval gate.
        """
        self._check_past(act, head)
        gates, grants = head.snapshot.gates, head.snapshot.attrs.get("grants", EMPTY)
        entry, texts, row = self._entry(act, head, definition)
        if head.row.seq == 0:
            self.store.begin_chain(self.cursor, entry, texts, row)
        elif not self.store.append(self.cursor, entry, texts, row, head.row.seq):
            raise TransactionLost(reason=f"{act.key}: {head.row.seq}")
        if "gates" in act.body:
            self.store.put_tasks(self.cursor, changed(act.key, gates, head.snapshot.gates, entry.at))
        elif rows := granted(act.key, act.kind, entry.seq, act.body, grants, entry.at):
            self.store.put_tasks(self.cursor, rows)
        return _receipt(entry, act.body, rev=row.rev)

    def _check_past(self, act: Act, head: Head) -> None:
        """Refuse a day that lies before something on a gate that must come before it.

        Only a day of the past can, or a correction that moves one.
        """
        body, today = act.body, self.today(head.now) if head.snapshot.gates else ""
        corrects = "corrects" in body
        if not today or not (corrects or body.get("on", {}).get("hi", today) < today):
            return
        seq = head.row.seq + 1
        chain = self.store.chain(self.cursor, act.key)
        told = [(row.seq, row.kind, row.at, parse_canonical(row.body)) for row in chain]
        if corrects:  # what is proposed would count as it will when it is confirmed
            words = {"texts": dict.fromkeys(act.texts, "")}  # to which it has not committed yet
            told.append((seq, RECTIFIED, head.now, {"proposal": {"seq": seq}, **body, **words}))
        else:
            told.append((seq, act.kind, max(head.now, head.row.at), body))
        for late in contradictions(told, self.log.utc_offset):
            if corrects or late.seq == seq:
                raise InvalidInput("date_order", text=late.text, seq=late.before, earliest=late.earliest)

    def _entry(self, act: Act, head: Head, definition: Definition | None) -> tuple[Row, list[Text], InstanceRow]:
        before, snapshot = head.row, head.snapshot
        texts = [Text(name, secrets.token_bytes(16), act.texts[name]) for name in sorted(act.texts)]
        if texts:
            act.body["texts"] = {
                text.field: commitment(text.salt, text.field, text.value, self.hasher) for text in texts
            }
        request = act.request or secrets.token_hex(12)
        seq, at = before.seq + 1, head.now
        columns = (act.key, seq, act.kind, at, act.by, self._via, request, before.def_, VERSION)
        entry = seal(self.log.log, columns, bytes(before.head), act.body, self.hasher)
        self.requests.append((act.key, request))
        snapshot.apply(seq, act.kind, act.body)
        state = snapshot.regions.get("main")
        row = before._replace(
            seq=seq,
            rev=before.rev if act.kind in NOTES else seq,
            head=entry.leaf,
            at=at,
            state=state,
            phase=definition.phase_of(state) if definition else None,
            snapshot=snapshot.encode(),
        )
        return entry, texts, row


def fold(
    chain: Iterable[Row], row: InstanceRow, definition_of: Callable[[bytes], Definition]
) -> tuple[InstanceRow, list[TaskRow]]:
    """Return what an instance's row and tasks must be, from its entries; key, workflow and root are those of `row`.

    Raises KfqError `rebuild_malformed`, which names the entry, for one that this library cannot have written.
    """
    snapshot = Snapshot()
    tasks: dict[Any, TaskRow] = {}
    rev, last = 0, None
    for last in chain:
        gates, grants = snapshot.gates, snapshot.attrs.get("grants", EMPTY)
        try:
            body = parse_canonical(last.body)
            snapshot.apply(last.seq, last.kind, body)
            made = changed(row.key, gates, snapshot.gates, last.at)
            made += granted(row.key, last.kind, last.seq, body, grants, last.at)
            tasks.update((place(task), task) for task in made)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"[:200]
            raise KfqError("rebuild_malformed", key=last.instance, seq=last.seq, reason=reason) from error
        rev = rev if last.kind in NOTES else last.seq
    if last is None:
        return row, []
    state = snapshot.regions.get("main")
    def_ = bytes(last.def_) if last.def_ is not None else None
    phase = definition_of(def_).phase_of(state) if def_ else None
    rebuilt = InstanceRow(
        row.key, row.workflow, row.root, def_, last.seq, rev, bytes(last.leaf), last.at, state, phase,
        snapshot.encode(),
    )  # fmt: skip
    return rebuilt, list(tasks.values())


def _receipt(entry: Row, body: Mapping[str, Any], *, rev: int, replayed: bool = False) -> Receipt:
    return Receipt(
        entry.instance,
        entry.seq,
        rev,
        entry.kind,
        entry.at,
        bytes(entry.leaf).hex(),
        set=body.get("set", EMPTY),
        was=body.get("was", EMPTY),
        request=entry.req,
        replayed=replayed,
    )
