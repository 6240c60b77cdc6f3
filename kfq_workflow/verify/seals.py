"""The seals of a log, each with its part of the tree, which grows in whatever order the entries are read.

The entries `sealed` on `~log` say where each part ends. Within it the log's own entries come first, then the others
by (instance, seq), the entry `sealed` last: so a part grows by one leaf after the other while the log is read in the
order of (instance, seq), by one reader or by several that share the instances, and at the end the parts are joined.
Memory grows with the seals, not with the entries.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from kfq_workflow.audit.merkle import Range
from kfq_workflow.verify.shapes import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfq_workflow.entry import Row
    from kfq_workflow.hashing import Hash
    from kfq_workflow.stored.tree_source import Place
    from kfq_workflow.verify.report import Book

LOG = "~log"
#: Leaves that wait at most until they are appended to a part of the tree.
RUN = 512


class Part:
    """What one seal says: the leaves from `start` to `end`, `own` of them the log's own entries before its own one."""

    __slots__ = ("end", "heads", "instances", "others", "own", "seq", "start")

    def __init__(self, start: int, own: int, seq: int, body: dict[str, Any]) -> None:
        self.start = start
        self.others = start + own
        self.end: int = body["size"]
        self.seq = seq
        self.heads: str = body["heads"]
        self.instances: int = body["instances"]


class Seals:
    """All seals of a log, oldest first."""

    def __init__(self, log: Iterable[Row], book: Book) -> None:
        self._book = book
        self.parts: list[Part] = []
        for row in log:
            if row.kind == "sealed":
                self._seal(row)
        self._ends = [part.end for part in self.parts]
        self.size = self._ends[-1] if self._ends else 0
        #: Whether the stored nodes of all places that were joined are those that the leaves make.
        self.nodes_agree = True

    def _seal(self, row: Row) -> None:
        start, before = (self.parts[-1].end, self.parts[-1].seq) if self.parts else (0, 0)
        try:
            part = Part(start, max(row.seq - before - 1, 0), row.seq, parsed(row.body))
            if type(part.instances) is int and part.end > part.others:
                self.parts.append(part)
                return
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass  # the main stream reports it as malformed
        self._book.error("tree", "seal_size", row.instance, row.seq, before=start)

    def find(self, position: int) -> int | None:
        """Return the number of the part in which a position lies, None where no seal has placed anything there."""
        number = bisect_right(self._ends, position)
        return None if number == len(self.parts) or position < 0 else number

    def join(self, readings: Sequence[Leaves], hasher: Hash) -> Iterator[tuple[int, bytes]]:
        """Yield size and root after each seal, as far as every leaf is known; note the places where nothing is.

        `readings` have the leaves of the whole log, those of the first instances first.
        """
        tree, known = Range(0, hasher), True
        for number, part in enumerate(self.parts):
            broken = any(number in reading.broken for reading in readings)
            for own, start in ((True, part.start), (False, part.others)):
                due = start
                for piece in self._pieces(readings, number, own=own):
                    if piece.first != due:
                        moved(self._book, piece.instance, piece.seq, piece.first, due)
                        broken = True
                    due = piece.next
            known = known and not broken and self._grown(tree, readings, number)
            last = next((reading.lasts[number] for reading in readings if number in reading.lasts), None)
            if known and last is None:
                known = self._missing(part, part.end - 1, part.end - 1)
            if known and last is not None:
                leaf, node = last
                self.nodes_agree &= tree.append(leaf) == node
                yield tree.end, tree.root()
            else:
                self.nodes_agree = False

    def _grown(self, tree: Range, readings: Sequence[Leaves], number: int) -> bool:
        """Append a part but for its seal, its leaves being known to follow each other; tell whether all are there."""
        part = self.parts[number]
        for own, start, end in ((True, part.start, part.others), (False, part.others, part.end - 1)):
            due = start
            for piece in self._pieces(readings, number, own=own):
                joined = tree.join(piece.tree)
                self.nodes_agree &= piece.nodes_agree and all(joined.get(end) == n for end, n in piece.across.items())
                due = piece.next
            if due != end:
                return self._missing(part, due, end - 1)
        return True

    @staticmethod
    def _pieces(readings: Sequence[Leaves], number: int, *, own: bool) -> Iterator[Piece]:
        """Yield what each reader met of a part: of the log's own leaves, or of the others."""
        return filter(None, (reading.pieces.get((number, own)) for reading in readings))

    def _missing(self, part: Part, first: int, last: int) -> bool:
        """Note places where nothing is; the part is not known then."""
        if last < first:
            first, last = last + 1, first - 1
        self._book.error("tree", "position_missing", LOG, part.seq, first=first, last=last)
        return False


class Piece:
    """Leaves that follow each other in a part: the place of the first, the position after the last, their tree.

    Of their stored nodes it is seen whether they are those that the leaves make. A few are roots of trees that begin
    before the first leaf: these are kept by their end, at most 63, until the pieces are joined.
    """

    __slots__ = ("across", "first", "instance", "next", "nodes_agree", "seq", "tree")

    def __init__(self, instance: str, seq: int, position: int, hasher: Hash) -> None:
        self.instance = instance
        self.seq = seq
        self.first = self.next = position
        self.tree = Range(position, hasher)
        self.nodes_agree = True
        self.across: dict[int, bytes | None] = {}

    def extend(self, leaves: Sequence[bytes], nodes: Sequence[bytes | None]) -> None:
        """Append the leaves that come next, each with its stored node."""
        made = self.tree.extend(leaves)
        if made != nodes and self.nodes_agree:
            for end, (node, stored) in enumerate(zip(made, nodes, strict=True), self.next + 1):
                if node != stored:
                    self.across[end] = stored
                    if end - (end & -end) >= self.first:
                        self.nodes_agree = False
                        break
        self.next += len(leaves)


class Leaves:
    """The leaves that one reader met, by part and, within it, whether they are the log's own."""

    def __init__(self) -> None:
        self.pieces: dict[tuple[int, bool], Piece] = {}
        #: Leaf and node of each seal's own entry, and the parts in which leaves do not follow each other.
        self.lasts: dict[int, tuple[bytes, bytes | None]] = {}
        self.broken: set[int] = set()
        #: How many entries that were read have a place, and whether something stored is not as its entry has it.
        self.placed = 0
        self.odd = False


class Planting:
    """Puts leaves into their parts, in the order of (instance, seq).

    Most follow the one before: a leaf at `due`, which is below `limit`, may be put into `run` by itself, its node into
    `nodes`, and `due` be counted up, where it is of the same instance.
    """

    __slots__ = ("_book", "_hasher", "_piece", "_seals", "due", "leaves", "limit", "nodes", "run")

    def __init__(self, seals: Seals, hasher: Hash, book: Book) -> None:
        self._seals = seals
        self._hasher = hasher
        self._book = book
        self._piece: Piece | None = None
        self.leaves = Leaves()
        self.due = self.limit = -1
        self.run: list[bytes] = []
        self.nodes: list[bytes | None] = []

    def take(self, place: Place, leaf: bytes) -> None:
        """Put a leaf at its place, wherever that is."""
        instance, seq, position, _, node = place
        if position == self.due and position < self.limit and instance != LOG:
            self.run.append(leaf)
            self.nodes.append(node)
            self.due += 1
            return
        self.flush()
        self._piece, self.due, self.limit = None, -1, -1
        number = self._seals.find(position)
        if number is None:
            self.leaves.odd = True
            self._book.error("tree", "position_unsealed", instance, seq, position=position, size=self._seals.size)
            return
        part = self._seals.parts[number]
        if instance == LOG and seq == part.seq:
            if position != part.end - 1:
                self._moved(number, instance, seq, position, part.end - 1)
            self.leaves.lasts[number] = leaf, node
            return
        own = instance == LOG
        piece = self.leaves.pieces.get((number, own))
        if piece is None:
            piece = self.leaves.pieces[number, own] = Piece(instance, seq, position, self._hasher)
        elif position != piece.next:
            self._moved(number, instance, seq, position, piece.next)
        piece.next = position
        piece.extend([leaf], [node])
        if not own:
            self._piece, self.due, self.limit = piece, position + 1, part.end

    def flush(self, room: int = 0) -> None:
        """Append the run to its piece, where there are more leaves in it than `room`."""
        if len(self.run) > room and self._piece is not None:
            self._piece.extend(self.run, self.nodes)
            self.run.clear()
            self.nodes.clear()

    def _moved(self, number: int, instance: str, seq: int, position: int, expected: int) -> None:
        self.leaves.broken.add(number)
        moved(self._book, instance, seq, position, expected)


def moved(book: Book, instance: str, seq: int, position: int, expected: int) -> None:
    """Note an entry that lies elsewhere than sealing put it."""
    if position > expected:
        book.error("tree", "position_missing", instance, seq, first=expected, last=position - 1)
    else:
        book.error("tree", "position_moved", instance, seq, position=position, expected=expected)
