"""The reader of a file of cases: strict, and with every problem at once. The format is drawn in `casefile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow import edtf, inputs
from kfq_workflow.casefile.model import Attempt, Case, CaseFile, PastAct, Remark
from kfq_workflow.definition.reader import Reader, at
from kfq_workflow.errors import InvalidInput
from kfq_workflow.remarks import FLAG
from kfq_workflow.strict_yaml import Node, read
from kfq_workflow.values import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_TOP, _TOP_MORE = ("kfq_cases", "source", "cases"), ("facts", "as_of", "plans", "refused")
_CASE, _CASE_MORE = ("key", "workflow", "acts"), ("name", "root", "attributes", "ends", "certainty", "alternatives")
_PLAN, _PLAN_MORE = ("for", "event", "zh", "en", "kind", "basis"), ("expected", "latest", "note")
_ACTS = {
    "adopt": (("on", "basis"), ("note",)),
    "register": (("by", "basis"), ("on", "note", "params")),
    "start": ((), ("on",)),
}
KINDS = ("expectation", "intention", "deadline", "goal", "target")
CERTAINTIES = ("at_least", "ambiguous")
_SOON = "promptly"


class CaseFileError(InvalidInput):
    """A file of cases cannot be entered. `problems` has all of them, each with its line."""

    default_code = "casefile_error"

    def __init__(self, problems: Sequence[Problem], *, source: str) -> None:
        super().__init__("casefile_error", source=source, count=len(problems))
        self.problems = tuple(problems)

    def text(self, lang: str = "en") -> str:
        """Return the heading and one line per problem."""
        return "\n".join([super().text(lang), *(f"  {problem.text(lang)}" for problem in self.problems)])


def load(path: Path) -> CaseFile:
    """Read a file. Raises CaseFileError."""
    root, problems = _document(path)
    if root is None:
        raise CaseFileError(problems, source=str(path))
    document = _Document(path)
    found = document.read(root)
    problems = sorted(problems + document.problems, key=lambda problem: problem.line)
    if problems:
        raise CaseFileError(problems, source=str(path))
    return found


def _document(path: Path) -> tuple[Node | None, list[Problem]]:
    try:
        return read(path.read_text("utf-8"))
    except UnicodeDecodeError:
        return None, [Problem("yaml.not_utf8")]
    except OSError as error:
        return None, [Problem("yaml.unreadable", values={"reason": error.strerror or str(error)})]


class _Document(Reader):
    """One pass over a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.facts: Mapping[str, Node] = {}

    def read(self, root: Node) -> CaseFile:
        top = self.mapping(root, "", required=_TOP, known=_TOP_MORE)
        if at(top, "kfq_cases").value != 1:
            self.fault("casefile.version", at(top, "kfq_cases"), "kfq_cases", known=1)
        flags: list[Remark] = []
        if "facts" in top:
            flags = self._facts(top["facts"])
        if "as_of" in top:
            as_of = self.mapping(top["as_of"], "as_of", required=("on", "basis"))
            self._day(at(as_of, "on"), "as_of.on")
            self._choice(at(as_of, "basis"), "as_of.basis", inputs.BASES)
        cases = [self._case(node, f"cases.{n}") for n, node in enumerate(self.items(at(top, "cases")))]
        keys = [case.key for case in cases]
        for n, (case, key) in enumerate(zip(cases, keys, strict=True)):
            if key and key in keys[:n]:
                self.problems.append(
                    Problem("definition.twice", line=case.line, path=f"cases.{n}", values={"name": key})
                )
        plans = [
            remark
            for n, node in enumerate(self.items(at(top, "plans")))
            for remark in self._plan(node, f"plans.{n}", keys)
        ]
        refused = [self._attempt(node, f"refused.{n}", keys) for n, node in enumerate(self.items(at(top, "refused")))]
        source = self.text(at(top, "source"), "source")
        remarks = [*(flag for flag in flags if flag.key in keys), *plans]
        return CaseFile(self.path, source, tuple(cases), tuple(remarks), tuple(refused))

    def _facts(self, node: Node) -> list[Remark]:
        """Read names, attributes and flags; whatever else the facts hold is for readers."""
        name = self.text(node, "facts")
        root, problems = _document(self.path.parent / name)
        if root is None:
            for problem in problems:
                values = {"file": name, "line": problem.line, "reason": problem.text("en")}
                self.problems.append(Problem("casefile.facts", line=node.line, path="facts", values=values))
            return []
        top = self.mapping(root, name, required=("kfq_facts", "zones"))
        self.facts = self.mapping(at(top, "zones"), f"{name}.zones")
        return [
            remark
            for n, flag in enumerate(self.items(at(top, "flags")))
            for remark in self._flag(flag, f"{name}.flags.{n}", node.line)
        ]

    def _flag(self, node: Node, path: str, line: int) -> list[Remark]:
        items = self.mapping(node, path, required=("id", "zones", "zh", "en"), known=("where",))
        plan = {"kind": FLAG, "event": self.text(at(items, "id"), path)}
        note = self._words(items, node, path)
        return [Remark(key, line, note, plan) for key in self.names(at(items, "zones"), path)]

    def _case(self, node: Node, path: str) -> Case:
        items = self.mapping(node, path, required=_CASE, known=_CASE_MORE)
        key = self._key(at(items, "key"), path)
        facts = self.mapping(self.facts.get(key, Node({}, 0)), f"zones.{key}")
        name = items.get("name") or facts.get("name")
        if name is None:
            self.fault("definition.missing_key", node, path, key="name")
        attrs = items.get("attributes") or facts.get("attributes") or Node({}, 0)
        if "certainty" in items:
            self._choice(items["certainty"], path, CERTAINTIES)
        acts = [self._act(act, f"{path}.acts.{n}", first=n == 0) for n, act in enumerate(self.items(at(items, "acts")))]
        if not acts:
            self.fault("casefile.no_acts", node, path)
        return Case(
            key,
            self.text(at(items, "workflow"), f"{path}.workflow"),
            self._named(name, f"{path}.name") if name else "",
            node.line,
            tuple(acts),
            root=self._key(items["root"], f"{path}.root") if "root" in items else None,
            attrs={k: self._scalar(v, path) for k, v in self.mapping(attrs, f"{path}.attributes").items()},
            ends={k: self.text(v, f"{path}.ends") for k, v in self.mapping(at(items, "ends"), f"{path}.ends").items()},
        )

    def _act(self, node: Node, path: str, *, first: bool) -> PastAct:
        given = node.value if isinstance(node.value, dict) else {}
        kinds = [kind for kind in _ACTS if kind in given]
        if len(kinds) != 1:
            self.fault("casefile.one_act", node, path, known=list(_ACTS))
            return PastAct("start", node.line)
        kind = kinds[0]
        required, known = _ACTS[kind]
        items = self.mapping(node, path, required=(kind, *required), known=known)
        if first and kind == "register":
            self.fault("casefile.first", node, path)
        elif not first and kind == "start":
            self.fault("casefile.start_first", node, path)
        facts: dict[str, Any] = {"on": self._day(items["on"], path) if "on" in items else None}
        if "basis" in items:
            facts["basis"] = self._choice(items["basis"], path, inputs.BASES)
        if "note" in items:
            facts["note"] = self._named(items["note"], f"{path}.note")
        if kind == "adopt":
            states = self.mapping(items[kind], f"{path}.adopt")
            facts["states"] = {
                region: None if state.value is None else self.text(state, path) for region, state in states.items()
            }
        elif kind == "register":
            facts |= {"trigger": self.text(items[kind], path), "by": self.text(at(items, "by"), path)}
            facts["params"] = {k: self._scalar(v, path) for k, v in self.mapping(at(items, "params"), path).items()}
        elif items[kind].value is not True:
            self.fault("definition.expected", items[kind], path, wanted="true")
        return PastAct(kind, node.line, **facts)

    def _plan(self, node: Node, path: str, keys: Sequence[str]) -> list[Remark]:
        items = self.mapping(node, path, required=_PLAN, known=_PLAN_MORE)
        plan = {
            "event": ", ".join(self.names(at(items, "event"), path)),
            "kind": self._choice(at(items, "kind"), path, KINDS),
            "basis": self._choice(at(items, "basis"), path, inputs.BASES),
        }
        for name in ("expected", "latest"):
            if name in items:
                plan[name] = _SOON if items[name].value == _SOON else self._day(items[name], path)
        note = self._words(items, node, path)
        if "note" in items:
            more = self.mapping(items["note"], path, required=("zh", "en"), known=())
            note = (
                f"{at(items, 'zh').value}（{at(more, 'zh').value}） | {at(items, 'en').value} ({at(more, 'en').value})"
            )
        zones = self.names(at(items, "for"), path)
        for key in zones:
            self._known_key(key, keys, node, path)
        return [Remark(key, node.line, note, plan) for key in zones]

    def _attempt(self, node: Node, path: str, keys: Sequence[str]) -> Attempt:
        items = self.mapping(node, path, required=("key", "fire", "by", "why"), known=())
        key = self._key(at(items, "key"), path)
        self._known_key(key, keys, node, path)
        why = self._named(at(items, "why"), path)
        return Attempt(key, self.text(at(items, "fire"), path), self.text(at(items, "by"), path), why, node.line)

    def _known_key(self, key: str, keys: Sequence[str], node: Node, path: str) -> None:
        if key and key not in keys:
            self.fault("casefile.unknown_key", node, path, key=key)

    def _key(self, node: Node, path: str) -> str:
        text = self._scalar(node, path)
        try:
            return inputs.key(text) if text else ""
        except InvalidInput as error:
            self.fault(error.code, node, path, **error.values)
            return ""

    def _named(self, node: Node, path: str) -> str:
        """Return a text of both languages, or a plain one."""
        if isinstance(node.value, dict):
            return self._words(self.mapping(node, path, required=("zh", "en"), known=()), node, path)
        return self._text(node, path)

    def _words(self, items: Mapping[str, Node], node: Node, path: str) -> str:
        return f"{self._text(items.get('zh', node), path)} | {self._text(items.get('en', node), path)}"

    def _text(self, node: Node, path: str) -> str:
        found = self.text(node, path)
        try:
            return inputs.text(found, path)
        except InvalidInput as error:
            self.fault(error.code, node, path, **error.values)
            return ""

    def _scalar(self, node: Node, path: str) -> str:
        """Return a word as it was written, also where it reads like a number or a truth value."""
        if isinstance(node.value, bool):
            return "true" if node.value else "false"
        if isinstance(node.value, int):
            return str(node.value)
        return self.text(node, path)

    def _day(self, node: Node, path: str) -> str:
        text = self._scalar(node, path)
        try:
            return edtf.parse(text).edtf if text else ""
        except edtf.InvalidDate as error:
            self.fault("invalid_date", node, path, text=text[:80], reason=error.reason)
            return ""

    def _choice(self, node: Node, path: str, known: Sequence[str]) -> str:
        text = self.text(node, path)
        if text and text not in known:
            self.fault("casefile.choice", node, path, value=text, known=known)
        return text
