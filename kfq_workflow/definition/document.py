"""The YAML document that people write, read into a definition.

Labels stand inline (`zh`, `en`), where the reader of the file needs them. Unknown keys and names, duplicates and
missing labels are problems; all of them are reported at once, each with its line. The linter has its say as well.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from unicodedata import normalize

from kfq_workflow.definition import model
from kfq_workflow.definition.effects import effects
from kfq_workflow.definition.gates import gate
from kfq_workflow.definition.guards import NEVER, Names, condition, states
from kfq_workflow.definition.lint import lint
from kfq_workflow.definition.reader import Reader, at
from kfq_workflow.errors import DefinitionError
from kfq_workflow.strict_yaml import MAX_BYTES, read
from kfq_workflow.values import Problem

if TYPE_CHECKING:
    from kfq_workflow.strict_yaml import Node

#: The most items that a section or a region's states may have; the largest that ships has 66 transitions.
MAX_ITEMS = 1000
_CHOICE = re.compile(r"[A-Za-z0-9_.+-]{1,64}", re.ASCII)
_LABEL = ("zh", "en", "origin")
_TOP = ("definition", "version", "zh", "en", "may", "roles", "regions", "transitions")
_MAY = ("register", "adopt", "amend", "supervise")
_OPTIONAL = ("lang", "origin", "root", "phases", "papers", "attributes", "parameters", "constants", "guards")


def load(source: str | Path) -> model.Definition:
    """Read a definition from a file (a Path) or from its text.

    Raises DefinitionError with every problem. Warnings do not raise; `check` returns them as well.
    """
    definition, problems = check(source)
    errors = [problem for problem in problems if problem.severity == "error"]
    if definition is None or errors:
        raise DefinitionError(errors, source=str(source) if isinstance(source, Path) else "")
    return definition


def check(source: str | Path) -> tuple[model.Definition | None, tuple[Problem, ...]]:
    """Return the definition, or None when it cannot be built, and all problems in the order of the lines."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:  # no more than is needed to see that it is too much
                source = file.read(MAX_BYTES + 1).decode("utf-8-sig")
        except UnicodeDecodeError:
            return None, (Problem("yaml.not_utf8"),)
        except OSError as error:
            return None, (Problem("yaml.unreadable", values={"reason": error.strerror or str(error)}),)
    elif source.endswith((".yaml", ".yml")) and "\n" not in source:
        return None, (Problem("yaml.is_path", values={"path": source[-80:]}),)
    root, problems = read(source)
    if root is None:
        return None, tuple(problems)
    if not isinstance(root.value, dict):
        return None, (*problems, Problem("definition.expected", root.line, values={"wanted": "mapping"}))
    document = _Document(root)
    definition = document.definition()
    found = problems + document.reader.problems
    if not any(problem.severity == "error" for problem in found):
        found += lint(definition, document.lines)
    return definition, tuple(sorted(found, key=lambda problem: (problem.line, problem.path)))


class _Document:
    """One pass over a document, in the order in which its parts refer to each other."""

    def __init__(self, root: Node) -> None:
        self.reader = Reader()
        self.labels: dict[tuple[str, str], model.Label] = {}
        self.lines: dict[str, int] = {}
        self.top = self.reader.mapping(root, "", required=_TOP, known=_OPTIONAL)

    def definition(self) -> model.Definition:
        """Build the definition; with problems it holds what could be read."""
        reader, top = self.reader, self.top
        for section in (*_TOP, *_OPTIONAL):
            self._bounded(at(top, section), section)
        name = reader.name(at(top, "definition"), "definition")
        self._label("workflow", name, at(top, "definition"), top)
        roles = self._labelled("roles", "role")
        papers = self._labelled("papers", "paper")
        phases = self._labelled("phases", "phase", "open")
        attributes, parameters = self._fields("attributes", "attribute"), self._fields("parameters", "parameter")
        constants = self._constants()
        regions = self._regions(phases)
        moves = reader.mapping(at(top, "transitions"), "transitions")
        guards = self._guards(Names(regions, attributes, parameters, constants, roles, moves))
        known = {"role": roles, "paper": papers, "attribute": attributes, "parameter": parameters, "guard": guards}
        lang = reader.integer(top["lang"], "lang") if "lang" in top else model.LANG
        if lang != model.LANG:
            reader.fault("definition.unknown_lang", top["lang"], "lang", found=lang, known=model.LANG)
        return model.Definition(
            name=name,
            version=self._version(),
            regions=regions,
            transitions=self._transitions(regions, moves, known | {"transition": moves}),
            permissions=self._permissions(roles),
            roles=frozenset(roles),
            papers=frozenset(papers),
            phases=tuple(phases),
            open_phases=frozenset(p for p, items in phases.items() if reader.flag(items.get("open"), f"phases.{p}")),
            attributes=attributes,
            parameters=parameters,
            constants=constants,
            guards=guards,
            labels=self.labels,
            root=reader.name(top["root"], "root") if "root" in top else None,
            lang=lang,
        )

    def _bounded(self, node: Node, path: str) -> None:
        if isinstance(node.value, (dict, list)) and len(node.value) > MAX_ITEMS:
            self.reader.fault("definition.too_many", node, path, what=path, limit=MAX_ITEMS)

    def _version(self) -> int:
        version = self.reader.integer(at(self.top, "version"), "version", 1)
        if version < 1:
            self.reader.fault("definition.expected", at(self.top, "version"), "version", wanted="1, 2, …")
        return version

    def _label(self, kind: str, name: str, node: Node, items: dict[str, Node]) -> None:
        words = {}
        for lang in ("zh", "en"):
            found = items.get(lang)
            words[lang] = normalize("NFC", found.value) if found and isinstance(found.value, str) else ""
            if not words[lang]:
                self.reader.fault("definition.no_label", node, f"{kind}.{name}", lang=lang)
        origin = self.reader.names(items["origin"], f"{kind}.{name}.origin") if "origin" in items else ()
        known = self.labels.get((kind, name))
        if known is not None and (known.zh, known.en) != (words["zh"], words["en"]):
            self.reader.fault("definition.other_label", node, f"{kind}.{name}", name=name)
        before = known.origin if known else ()
        self.labels[kind, name] = model.Label(words["zh"], words["en"], tuple(dict.fromkeys(before + origin)))
        self.lines[f"{kind}.{name}"] = node.line

    def _labelled(self, section: str, kind: str, *more: str) -> dict[str, dict[str, Node]]:
        """Read a section of named, labelled items."""
        found = {}
        if section in self.top:
            for name, node in self.reader.mapping(self.top[section], section).items():
                path = f"{section}.{name}"
                self.reader.name(_as_text(name, node), path)
                found[name] = self.reader.mapping(node, path, known=(*_LABEL, *more))
                self._label(kind, name, node, found[name])
        return found

    def _fields(self, section: str, kind: str) -> dict[str, model.Field]:
        fields = {}
        for name, items in self._labelled(section, kind, "type", "choices", "required", "personal").items():
            path = f"{section}.{name}"
            type_: Any = items["type"].value if "type" in items else "text"
            if type_ not in get_args(model.ValueType):
                self.reader.known(str(type_), get_args(model.ValueType), items["type"], path, "type")
                type_ = "text"
            choices = self._choices(items, path, name) if type_ == "choice" else ()
            required = self.reader.flag(items.get("required"), path)
            personal = self.reader.flag(items.get("personal"), path)
            fields[name] = model.Field(name, type_, choices, required, personal)
        return fields

    def _choices(self, items: dict[str, Node], path: str, field: str) -> tuple[str, ...]:
        choices = self.reader.mapping(at(items, "choices"), f"{path}.choices")
        if not choices:
            self.reader.fault("definition.missing_key", at(items, "type"), path, key="choices")
        for value, node in choices.items():
            if not _CHOICE.fullmatch(value):
                self.reader.fault("definition.bad_name", node, f"{path}.choices", name=value)
            labels = self.reader.mapping(node, f"{path}.choices.{value}", known=_LABEL)
            self._label("choice", f"{field}={value}", node, labels)
        return tuple(choices)

    def _constants(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, items in self._labelled("constants", "constant", "value").items():
            path = f"constants.{name}"
            if "value" not in items:
                self.reader.fault("definition.missing_key", self.top["constants"].value[name], path, key="value")
                continue
            node = items["value"]
            if isinstance(node.value, (list, dict)) or node.value is None:
                self.reader.fault("definition.expected", node, path, wanted="text, integer, true/false")
                continue
            found[name] = node.value
        return found

    def _regions(self, phases: dict[str, Any]) -> dict[str, model.Region]:
        reader = self.reader
        found: dict[str, model.Region] = {}
        dependent: dict[str, dict[str, Node]] = {}
        for name, node in reader.mapping(at(self.top, "regions"), "regions").items():
            path = f"regions.{name}"
            reader.name(_as_text(name, node), path)
            items = reader.mapping(node, path, required=("initial", "states"), known=(*_LABEL, "active_in"))
            self._label("region", name, node, items)
            self._bounded(at(items, "states"), f"{path}.states")
            listed = reader.mapping(at(items, "states"), f"{path}.states")
            states_ = {state: self._state(name, state, item, phases) for state, item in listed.items()}
            initial = reader.text(at(items, "initial"), f"{path}.initial")
            reader.known(initial, states_, at(items, "initial"), f"{path}.initial", "state")
            found[name] = model.Region(name, initial, states_)
            if "active_in" in items:
                dependent[name] = items
        for name, items in dependent.items():  # once all regions are known: their order means nothing
            found[name] = replace(found[name], active_in=self._active(items, f"regions.{name}", found))
        if "main" not in found and "regions" in self.top:
            reader.fault("definition.missing_key", at(self.top, "regions"), "regions", key="main")
        return found

    def _active(self, items: dict[str, Node], path: str, found: dict[str, model.Region]) -> dict[str, frozenset[str]]:
        active = {}
        for other, node in self.reader.mapping(items["active_in"], f"{path}.active_in").items():
            if self.reader.known(other, found, node, f"{path}.active_in", "region"):
                active[other] = frozenset(states(self.reader, node, f"{path}.active_in.{other}", found[other]))
        return active

    def _state(self, region: str, name: str, node: Node, phases: dict[str, Any]) -> model.State:
        path = f"regions.{region}.states.{name}"
        self.reader.name(_as_text(name, node), path)
        items = self.reader.mapping(node, path, known=(*_LABEL, "phase", "terminal", "adopt_only"))
        self._label("state", f"{region}={name}", node, items)
        head = name.partition(".")[0]
        phase: str | None = head if region == "main" and head in phases else None
        if "phase" in items:
            phase = self.reader.name(items["phase"], path)
            self.reader.known(phase, phases, items["phase"], path, "phase")
        terminal = self.reader.flag(items.get("terminal"), path)
        return model.State(name, phase, terminal, self.reader.flag(items.get("adopt_only"), path))

    def _guards(self, names: Names) -> dict[str, model.Condition]:
        found = {}
        for name, items in self._labelled("guards", "guard", "when").items():
            if "when" in items:
                found[name] = condition(self.reader, items["when"], f"guards.{name}.when", names)
            else:
                node = self.top["guards"].value[name]
                self.reader.fault("definition.missing_key", node, f"guards.{name}", key="when")
                found[name] = NEVER
        return found

    def _permissions(self, roles: dict[str, Any]) -> model.Permissions:
        given = {}
        may = self.reader.mapping(at(self.top, "may"), "may", required=("start",), known=_MAY)
        for act, node in may.items():
            if act in ("start", *_MAY):
                names = self.reader.names(node, f"may.{act}")
                given[act] = frozenset(
                    name for name in names if self.reader.known(name, roles, node, f"may.{act}", "role")
                )
        return model.Permissions(**({"start": frozenset()} | given))

    def _transitions(
        self, regions: dict[str, model.Region], nodes: dict[str, Node], known: dict[str, Any]
    ) -> tuple[model.Transition, ...]:
        triggers = {
            item.value["trigger"].value if isinstance(item.value, dict) and "trigger" in item.value else name
            for name, item in nodes.items()
        }
        found = (self._transition(name, node, regions, known, triggers) for name, node in nodes.items())
        return tuple(transition for transition in found if transition is not None)

    def _transition(
        self, name: str, node: Node, regions: dict[str, model.Region], known: dict[str, Any], triggers: set[Any]
    ) -> model.Transition | None:
        reader, path = self.reader, f"transitions.{name}"
        items = reader.mapping(node, path, required=("from", "to", "roles"), known=_TRANSITION)
        reader.name(_as_text(name, node), path)
        trigger = reader.name(items["trigger"], f"{path}.trigger") if "trigger" in items else name
        self._label("trigger", trigger, node, items)
        self.lines[path] = node.line
        region_name = reader.name(items["region"], f"{path}.region") if "region" in items else "main"
        if not reader.known(region_name, regions, items.get("region", node), f"{path}.region", "region"):
            return None
        region = regions[region_name]
        lists = {}
        for plural, kind in (("roles", "role"), ("papers", "paper"), ("parameters", "parameter"), ("guards", "guard")):
            part = at(items, plural)
            names = reader.names(part, f"{path}.{plural}")
            lists[plural] = tuple(
                item for item in names if reader.known(item, known[kind], part, f"{path}.{plural}", kind)
            )
        return model.Transition(
            id=name,
            trigger=trigger,
            region=region_name,
            sources=states(reader, at(items, "from"), f"{path}.from", region),
            target=self._target(at(items, "to"), f"{path}.to", region, triggers),
            limits=self._limits(at(items, "limits"), f"{path}.limits"),
            remembers=reader.flag(items.get("remember"), path),
            effects=effects(reader, at(items, "effects"), f"{path}.effects", known),
            gate=gate(reader, items["gate"], path, region, known, self._label) if "gate" in items else None,
            **lists,
        )

    def _target(self, node: Node, path: str, region: model.Region, triggers: set[Any]) -> model.Target:
        if isinstance(node.value, dict):
            items = self.reader.mapping(node, path, required=("left_by",), known=())
            trigger = self.reader.name(at(items, "left_by"), path)
            self.reader.known(trigger, {name for name in triggers if isinstance(name, str)}, node, path, "trigger")
            return model.Target("left", trigger)
        name = self.reader.text(node, path)
        if name == "same":
            return model.Target("same")
        self.reader.known(name, region.states, node, path, "state")
        return model.Target("state", name)

    def _limits(self, node: Node, path: str) -> tuple[model.Limit, ...]:
        limits = []
        for number, item in enumerate(self.reader.items(node)):
            items = self.reader.mapping(item, f"{path}[{number}]", required=("days",), known=("calendar", "kind"))
            days = at(items, "days")
            kind: Any = items["kind"].value if "kind" in items else "maximum"
            calendar: Any = items["calendar"].value if "calendar" in items else "calendar"
            self.reader.known(str(kind), ("maximum", "minimum"), item, path, "limit")
            self.reader.known(str(calendar), ("working", "calendar"), item, path, "limit")
            count = None if days.value is None else self.reader.integer(days, path)
            if count is not None and count < 0:
                self.reader.fault("definition.expected", days, path, wanted="0, 1, 2, …")
            limits.append(model.Limit(count, calendar, kind))
        return tuple(limits)


_TRANSITION = (
    *_LABEL, "trigger", "region", "papers", "parameters", "guards", "limits", "remember", "effects", "gate",
)  # fmt: skip


def _as_text(name: str, node: Node) -> Node:
    """Return a mapping's key as a node, so that it can be checked like any other word."""
    return type(node)(name, node.line)
