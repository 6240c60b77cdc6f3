"""The log in a database as one snapshot shows it: its entries, and the tree that its newest seal made."""

from __future__ import annotations

import json
import tempfile
from functools import lru_cache
from typing import TYPE_CHECKING

from kfq_workflow.audit import merkle
from kfq_workflow.audit.heads import head_leaf
from kfq_workflow.audit.sealing import LOG, nodes, read_tree
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.bundle.proofs import Newest
from kfq_workflow.errors import DatabaseUnavailable
from kfq_workflow.stored.tree_source import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

    from kfq_workflow.audit.merkle import Node
    from kfq_workflow.entry import Row
    from kfq_workflow.stored.database_source import DatabaseSource

_HASH = 32
#: Nodes of the tree over the heads that are kept, so that one is not made anew for every proof.
_KEPT = 4_096
#: Height of the trees that are made from their leaves at once.
_SMALL = 8


class Snapshot:
    """What bundles are made from; `size` and `root` are those of the tree, `seal` is its last entry."""

    def __init__(self, source: DatabaseSource) -> None:
        self.source = source
        self.head = source.log()
        self.hasher = hash_of(self.head.suite)
        self.store, self.cursor = source.store()
        self.size = self.store.tree_size(self.cursor)
        self.root = read_tree(self.store, self.cursor, self.hasher, self.size).root()
        self.node: Node = nodes(self.store, self.cursor, self.hasher)
        self.seal = self.seal_of(self.size)
        if self.size and self.seal is None:
            raise DatabaseUnavailable("sealed_wrong", table="kfq_leaf")

    def entry(self, instance: str, seq: int) -> Row | None:
        """Return one entry, its hashes as bytes."""
        row = self.store.entry(self.cursor, instance, seq)
        if row is None:
            return None
        return row._replace(
            def_=None if row.def_ is None else bytes(row.def_), prev=bytes(row.prev), leaf=bytes(row.leaf)
        )

    def places(self, instance: str) -> list[Place]:
        """Return where the entries of an instance lie in the tree, in order."""
        return [Place(*row) for row in self.store.places_of(self.cursor, instance)]

    def seal_of(self, size: int) -> Row | None:
        """Return the entry that sealed the tree of this size, None where no seal did."""
        last = self.store.leaf_at(self.cursor, size - 1) if 0 < size <= self.size else None
        row = None if last is None else self.entry(last.instance, last.seq)
        return row if row is not None and row.instance == LOG and row.kind == "sealed" else None

    def newest(self, seal: Row, instances: Collection[str]) -> Iterator[Newest]:
        """Yield, by key, the entries that were the newest of these instances when a seal was made, each with its proof.

        Raises DatabaseUnavailable where the leaves are not those that the seal speaks of.
        """
        said = json.loads(seal.body)
        with tempfile.TemporaryFile() as file:
            found: list[tuple[int, str, int, bytes]] = []
            count = 0
            for instance, seq, leaf in self.store.heads_below(self.cursor, said["size"] - 1):
                if instance in instances:
                    found.append((count, instance, seq, leaf))
                file.write(head_leaf(instance, seq, leaf, self.hasher))
                count += 1
            if count != said["instances"]:
                raise DatabaseUnavailable("sealed_wrong", table="kfq_leaf")
            node = self._stored(file)
            for index, instance, seq, leaf in found:
                hashes = merkle.inclusion_proof(index, count, node, self.hasher)
                yield Newest(said["size"], instance, seq, leaf, index, tuple(hashes))

    def _stored(self, file: BinaryIO) -> Node:
        """Return what makes the nodes of a tree whose leaves lie in a file one after the other."""

        @lru_cache(maxsize=_KEPT)
        def node(start: int, height: int) -> bytes:
            width = 1 << height
            if height <= _SMALL:
                file.seek(start * _HASH)
                data = file.read(width * _HASH)
                tree = merkle.Range(0, self.hasher)
                tree.extend(data[place : place + _HASH] for place in range(0, len(data), _HASH))
                return tree.root()
            left = node(start, height - 1)
            return self.hasher(b"\x01" + left + node(start + width // 2, height - 1)).digest()

        return node
