"""Reading a strict document piece by piece, keeping every problem instead of stopping at the first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kfq_workflow.definition.names import NAME, nearest
from kfq_workflow.strict_yaml import Node
from kfq_workflow.values import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: What stands for a key that is missing, which is reported once, where it is missing.
EMPTY = Node(None, 0)


class Reader:
    """Collects problems, each with its line and path."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def fault(self, code: str, node: Node, path: str, **values: Any) -> None:
        """Keep one problem."""
        self.problems.append(Problem(code, line=node.line, path=path, values=values))

    def warn(self, code: str, node: Node, path: str, **values: Any) -> None:
        """Keep one warning."""
        self.problems.append(Problem(code, line=node.line, path=path, severity="warning", values=values))

    def mapping(
        self, node: Node, path: str, *, required: Collection[str] = (), known: Collection[str] | None = None
    ) -> dict[str, Node]:
        """Return a mapping's items; keys that are not `known` (None: any name) and missing ones are problems."""
        if not isinstance(node.value, dict):
            if node is not EMPTY and (node.value is not None or required):
                self.fault("definition.expected", node, path, wanted="mapping")
            return {}
        for key, value in node.value.items():
            if known is not None and key not in known and key not in required:
                self._unknown("definition.unknown_key", value, path, key, {*known, *required})
        for key in required:
            if key not in node.value:
                self.fault("definition.missing_key", node, path, key=key)
        return dict(node.value)

    def items(self, node: Node) -> list[Node]:
        """Return a list's items; a single value counts as a list of one."""
        if node.value is None:
            return []
        return list(node.value) if isinstance(node.value, list) else [node]

    def text(self, node: Node, path: str) -> str:
        """Return a word."""
        if not isinstance(node.value, str) or not node.value:
            if node is not EMPTY:
                self.fault("definition.expected", node, path, wanted="text")
            return ""
        return node.value

    def name(self, node: Node, path: str) -> str:
        """Return a name: lower case, digits and `_`, with one dot at most."""
        found = self.text(node, path)
        if found and not NAME.fullmatch(found):
            self.fault("definition.bad_name", node, path, name=found)
        return found

    def names(self, node: Node, path: str) -> tuple[str, ...]:
        """Return a list of words, each once."""
        found = [self.text(item, path) for item in self.items(node)]
        for item in sorted(item for item, times in Counter(found).items() if item and times > 1):
            self.fault("definition.twice", node, path, name=item)
        return tuple(item for item in found if item)

    def integer(self, node: Node, path: str, default: int = 0) -> int:
        """Return a whole number."""
        if not isinstance(node.value, int) or isinstance(node.value, bool):
            if node is not EMPTY:
                self.fault("definition.expected", node, path, wanted="integer")
            return default
        return node.value

    def flag(self, node: Node | None, path: str) -> bool:
        """Return true or false; absent is false."""
        if node is None:
            return False
        if not isinstance(node.value, bool):
            self.fault("definition.expected", node, path, wanted="true/false")
        return node.value is True

    def known(self, found: str, names: Collection[str], node: Node, path: str, kind: str) -> bool:
        """Tell whether a name is one of those declared; otherwise it is a problem, with what may have been meant."""
        if found in names:
            return True
        if found:
            self._unknown(f"definition.unknown_{kind}", node, path, found, names)
        return False

    def _unknown(self, code: str, node: Node, path: str, name: str, names: Collection[str]) -> None:
        self.fault(code, node, path, **nearest(name, names))


def at(items: Mapping[str, Node], key: str) -> Node:
    """Return an item of a mapping, or an empty node."""
    return items.get(key, EMPTY)
