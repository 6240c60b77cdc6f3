"""YAML as people mean it: a word is a word, a number that matters is a string, and every value knows its line.

The core schema, stricter: `on`, `yes` and `no` are words, only `true` and `false` are booleans, decimals and dates
are words, a key stands once, and anchors, tags, control characters and second documents are refused. Everything wrong
is reported. Depth is bounded before a tree is built: libyaml builds one recursively and takes the process with it on
a deep one, and its scanner needs a minute for 100,000 open brackets.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from kfq_workflow.values import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
#: Every scalar stays the text that was written; libyaml where it is there, eight times as fast.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TOO_DEEP = "maximum nesting depth"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})", re.ASCII)  # within 2⁵³; what is longer is a word
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Node:
    """A value (str, int, bool, None, a list of nodes or a dict of them) and the line from 1 where it or its key is."""

    value: Any
    line: int


def read(text: str) -> tuple[Node | None, list[Problem]]:  # noqa: PLR0911 - one return for each way to be no document
    """Return the document, or None when it is none, and everything that is wrong with it as YAML."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return None, [Problem("yaml.too_large", values={"limit": MAX_BYTES})]
    problems: list[Problem] = []
    try:
        problems += _refused(text)
        if problems:
            return None, problems
        root = yaml.compose(text, Loader=_LOADER)
        if root is None:
            return None, [Problem("yaml.empty", line=1)]
        return _node(root, problems), problems
    except UnicodeEncodeError:
        return None, [Problem("yaml.not_utf8")]
    except yaml.MarkedYAMLError as error:
        if problems:
            return None, problems
        mark = error.problem_mark or error.context_mark
        if _TOO_DEEP in str(error.problem):  # a newer libyaml reads ahead and counts as well
            return None, [Problem("yaml.too_deep", line=mark.line + 1 if mark else 0)]
        reason = " ".join(part for part in (error.context, error.problem) if part)
        return None, [Problem("yaml.broken", line=mark.line + 1 if mark else 0, values={"reason": reason})]
    except yaml.YAMLError as error:
        return None, [Problem("yaml.broken", values={"reason": str(error).splitlines()[0]})]


def _refused(text: str) -> Iterator[Problem]:
    """Refuse what a definition has no use for, before a tree is built from it."""
    documents = depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                yield Problem("yaml.too_deep", line=line)
                return
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                yield Problem("yaml.two_documents", line=line)
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield Problem("yaml.anchor", line=line)
        elif getattr(event, "tag", None):
            yield Problem("yaml.tag", line=line)


def _node(node: Any, problems: list[Problem]) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Node] = {}
        for key, value in node.value:
            place = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                problems.append(Problem("yaml.key", line=place))
                continue
            if key.value in found:
                problems.append(Problem("yaml.duplicate", line=place, values={"key": key.value}))
            _printable(key, problems)
            # A named value stands where its name does, also when a block of it begins on the next line.
            found[key.value] = Node(_node(value, problems).value, place)
        return Node(found, line)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(item, problems) for item in node.value], line)
    _printable(node, problems)
    if node.style:  # quoted or a block: a word, whatever it looks like
        return Node(node.value, line)
    if node.value in _WORDS:
        return Node(_WORDS[node.value], line)
    if _INTEGER.fullmatch(node.value):
        return Node(int(node.value), line)
    return Node(node.value, line)


def _printable(node: Any, problems: list[Problem]) -> None:
    """Refuse control characters and halves of surrogate pairs, which an escape in quotes can bring in."""
    if not node.value.isprintable() and any(
        letter not in "\n\t" and unicodedata.category(letter) in ("Cc", "Cs") for letter in node.value
    ):
        problems.append(Problem("yaml.control", line=node.start_mark.line + 1))
