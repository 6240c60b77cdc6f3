"""The tree over the newest entries of all instances, whose root each seal says: no instance has a later one.

leaf   H(00 ‖ {"head":{"instance":S,"leaf":HEX,"seq":I}}), by key: the line of an export without its line feed
"""

from __future__ import annotations

from itertools import islice
from json.encoder import encode_basestring as quote
from typing import TYPE_CHECKING

from kfq_workflow.audit.merkle import Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kfq_workflow.hashing import Hash

    #: Instance, number and leaf of its newest entry.
    Head = tuple[str, int, bytes]

#: Leaves that are appended at once.
_SOME = 1_000


def head_leaf(instance: str, seq: int, leaf: bytes, hasher: Hash) -> bytes:
    """Return the leaf of an instance's newest entry."""
    data = f'\x00{{"head":{{"instance":{quote(instance)},"leaf":"{leaf.hex()}","seq":{seq}}}}}'
    return hasher(data.encode(errors="surrogateescape")).digest()


def heads_root(heads: Iterable[Head], hasher: Hash) -> tuple[int, bytes]:
    """Return the number of heads and the root over them; they come by key."""
    tree = Range(0, hasher)
    leaves = (head_leaf(instance, seq, leaf, hasher) for instance, seq, leaf in heads)
    while tree.extend(islice(leaves, _SOME)):
        pass
    return tree.end, tree.root()


def moved_on(heads: Iterable[Head], newest: Iterable[Head]) -> Iterator[Head]:
    """Yield heads, which come by key, with newer ones in the place of those of the same instances, and among them."""
    waiting = sorted(newest, reverse=True)
    for head in heads:
        while waiting and waiting[-1][0] < head[0]:
            yield waiting.pop()
        yield waiting.pop() if waiting and waiting[-1][0] == head[0] else head
    yield from reversed(waiting)
