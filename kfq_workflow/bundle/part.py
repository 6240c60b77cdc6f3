"""The tree of a bundle of a part: its entries and the hidden trees beside them give the roots that checkpoints say.

Leaves are put down in the order of the file, by (instance, seq), and taken up in the order of their positions; what is
kept of them in memory is where each stretch lies.
"""

from __future__ import annotations

import tempfile
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kfq_workflow.audit import merkle
from kfq_workflow.audit.heads import head_leaf
from kfq_workflow.audit.pruned import Uncovered, fold
from kfq_workflow.audit.sealing import LOG
from kfq_workflow.bundle.proofs import Proofs
from kfq_workflow.bundle.source import body_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from kfq_workflow.bundle.cited import Citation
    from kfq_workflow.bundle.proofs import Newest
    from kfq_workflow.bundle.source import PartSource
    from kfq_workflow.entry import Row
    from kfq_workflow.hashing import Hash
    from kfq_workflow.verify.report import Book

_HASH = 32


class PartTree:
    """The leaves that a bundle shows, at their places; read them in with `read`, then ask for the `roots`."""

    def __init__(self, source: PartSource, hasher: Hash, book: Book, file: BinaryIO) -> None:
        self._source = source
        self._hasher = hasher
        self._book = book
        self._file = file
        self.size = source.manifest.size
        #: Position, number of leaves, and how many leaves lie before them in the file.
        self._runs: list[tuple[int, int, int]] = []
        self._orphan = False
        self.placed = 0
        self.entries = 0
        #: The sizes of the seals that may be shown, and the last entry of each chain that lies below each.
        self._sizes = self._said() if source.manifest.scope.instance is not None else []
        self._last: dict[tuple[int, str], Row] = {}
        self._chains: dict[str, None] = {}
        #: Chains that have no entry with a place.
        self.bare: list[str] = []
        #: The seals that are shown and have a place, oldest first, and whether the genesis lies where it must.
        self.seals: list[tuple[int, Row]] = []
        self._genesis = False
        self._proofs = Proofs(source.proofs, book)

    def _said(self) -> list[int]:
        sizes = {body_of(row).get("size") for row in self._source.entries(LOG) if row.kind == "sealed"}
        return sorted(size for size in sizes if type(size) is int)

    def read(self) -> Iterator[tuple[Row, int | None]]:
        """Yield every entry with its position, None for one that has none, and note the places of no entry."""
        lines = self._stretches()
        line = next(lines, None)
        open_: tuple[str, int] | None = None
        chain, seen = "", False
        for row in self._source.entries():
            self.entries += 1
            here = row.instance, row.seq
            if row.instance != chain:
                self._bare(chain, seen)
                chain, seen, open_ = row.instance, False, None
            while line is not None and (line["instance"], line["seq"] + line["count"] - 1) < here:
                self._leave(line)
                line = next(lines, None)
            position = None
            if line is not None and line["instance"] == row.instance and line["seq"] <= row.seq:
                position = line["position"] + row.seq - line["seq"]
                self._missed(line, row.seq)
                line["next"] = row.seq + 1
            if position is None or not self._take(row, position):
                open_ = open_ or here
                position = None
            else:
                if open_ is not None:
                    self._book.error("tree", "entry_unplaced", open_[0], open_[1], before=row.seq)
                open_, seen = None, True
            yield row, position
        self._bare(chain, seen)
        while line is not None:
            self._leave(line)
            line = next(lines, None)

    def _bare(self, chain: str, seen: bool) -> None:  # noqa: FBT001
        if chain and not seen and self._source.manifest.scope.instance is not None:
            self.bare.append(chain)

    def _stretches(self) -> Iterator[dict[str, Any]]:
        """Yield the `placed` lines that come after each other."""
        end = ("", 0)
        for line in self._source.stretches():
            if (line["instance"], line["seq"]) < end:
                where = {"position": line["position"]}
                self._book.error("tree", "place_orphan", line["instance"], line["seq"], **where)
                continue
            end = line["instance"], line["seq"] + line["count"]
            yield {**line, "next": line["seq"], "told": False}

    def _missed(self, line: dict[str, Any], seq: int) -> None:
        """Note the first place of a line at which there is no entry, before the entry of this number."""
        if line["next"] < seq and not line["told"]:
            line["told"] = True
            position = line["position"] + line["next"] - line["seq"]
            self._book.error("tree", "place_orphan", line["instance"], line["next"], position=position)

    def _leave(self, line: dict[str, Any]) -> None:
        self._missed(line, line["seq"] + line["count"])

    def _take(self, row: Row, position: int) -> bool:
        """Put an entry's leaf down; False for one that lies outside of the tree."""
        if position >= self.size:
            self._book.error("tree", "position_unsealed", row.instance, row.seq, position=position, size=self.size)
            return False
        self._file.write(row.leaf)
        if self._runs and sum(self._runs[-1][:2]) == position:
            start, count, base = self._runs[-1]
            self._runs[-1] = start, count + 1, base
        else:
            self._runs.append((position, 1, self.placed))
        self.placed += 1
        if self._sizes and row.instance != LOG:
            self._chains[row.instance] = None
            for size in self._sizes:
                if position < size - 1:
                    self._last[size, row.instance] = row
        if row.instance == LOG and row.kind == "sealed" and body_of(row).get("size") == position + 1:
            self.seals.append((position + 1, row))
        if position == 0:
            self._genesis = row.instance == LOG and row.seq == 1
        return True

    def roots(self, wanted: set[int], cited: set[bytes]) -> dict[int, bytes]:
        """Return the roots of the trees of these sizes as far as they can be told, none where the tree has holes."""
        self._runs.sort()
        hidden = self._proofs.hidden(cited, self._around())
        try:
            roots = fold(self._leaves(), hidden, self.size, wanted, self._hasher)
        except Uncovered as error:
            for _ in hidden:
                pass
            if error.twice:
                self._book.error("tree", "position_twice", position=error.first)
            else:
                self._book.error("tree", "position_missing", first=error.first, last=error.last)
            return {}
        if roots[self.size] != self._source.manifest.root:
            self._book.error("tree", "proof_differs", size=self.size)
        if self.size and (not self._genesis or not self.seals or self.seals[-1][0] != self.size):
            self._book.error("tree", "seal_missing", size=self.size)
        elif self._source.manifest.scope.instance is not None:
            self._newest()
        return roots

    def _around(self) -> tuple[int, int]:
        """Return the sizes of the seals around the interval of a bundle: what lies between them should be shown."""
        scope = self._source.manifest.scope
        first = last = 0
        for size, row in self.seals:
            if scope.since is not None and row.at < scope.since:
                first = size
        for size, row in self.seals:
            last = size
            if scope.until is not None and row.at >= scope.until:
                break
        return first, last

    @property
    def left_out(self) -> int:
        """How many positions between the seals around the interval are hidden; none: the bundle has all of them."""
        return self._proofs.between

    def _leaves(self) -> Iterator[tuple[int, bytes]]:
        for position, count, base in self._runs:
            self._file.seek(base * _HASH)
            for number in range(count):
                yield position + number, self._file.read(_HASH)

    def _newest(self) -> None:
        """Hold the newest entries of each chain against what the seals that are shown say."""
        told = self._proofs.newest
        seals = {size: body_of(row) for size, row in self.seals}
        wanted = {(size, name): row for (size, name), row in self._last.items() if size in seals}
        for size, name in sorted(told.keys() - wanted.keys()):
            self._book.error("tree", "newest_orphan", name, seal=size)
        for (size, name), row in sorted(wanted.items(), key=itemgetter(0)):
            newest = told.get((size, name))
            if newest is None:
                self._book.error("tree", "newest_missing", name, seal=size)
            elif not self._proved(newest, seals[size]):
                self._book.error("tree", "newest_differs", name, newest.seq, seal=size)
            elif newest.seq > row.seq:
                self._book.error("tree", "entries_hidden", name, row.seq, newest=newest.seq, seal=size)
            elif (newest.seq, newest.leaf) != (row.seq, row.leaf):
                self._book.error("tree", "newest_differs", name, newest.seq, seal=size)

    def _proved(self, newest: Newest, seal: dict[str, Any]) -> bool:
        """Tell whether a seal says that this entry was the newest of its chain."""
        leaf = head_leaf(newest.instance, newest.seq, newest.leaf, self._hasher)
        try:
            root = bytes.fromhex(seal["heads"])
            merkle.verify_inclusion(newest.place, seal["instances"], leaf, newest.hashes, root, self._hasher)
        except (merkle.ProofError, KeyError, ValueError, TypeError):
            return False
        return True

    def ends(self, size: int, label: str) -> None:
        """Say what an anchor of this size leaves open of the chains: whether they were all that is shown then."""
        if self._source.manifest.scope.instance is None:
            return
        if size not in {shown for shown, _ in self.seals}:
            self._book.not_checked(f"ends {label}", needed=True)
            return
        for name in self._chains:
            if (size, name) not in self._last:
                self._book.not_checked(f"before {name}", needed=True)

    def uncited(self, citations: list[tuple[int, Citation]]) -> None:
        """Note the citations of entries that are not in the tree; each comes with the number of who cites."""
        key = self._source.manifest.scope.instance
        for number, (instance, seq, leaf) in citations:
            if leaf not in self._proofs.found:
                self._book.warning("tree", "cited_unplaced", key, number, cited=instance, number=seq)

    def shown(self, first: int, last: int) -> int:
        """Return how many of the positions [first, last) are shown."""
        return sum(
            max(min(position + count, last) - max(position, first), 0) for position, count, _ in self._runs
        )  # fmt: skip


def leaves_file() -> BinaryIO:
    """Return a file for leaves that is gone when it is closed."""
    return tempfile.TemporaryFile()
