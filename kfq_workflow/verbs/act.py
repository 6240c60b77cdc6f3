"""An act on its way into the log: who asks for what, and what its entry will say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.approval import numbers
from kfq_workflow.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.machine import Rules
    from kfq_workflow.values import Actor


@dataclass(slots=True)
class Act:
    """An act in the making: its kind, instance and actor, the body of its entry, and the texts beside it.

    `name` is what was asked for in words (a trigger, or start, adopt, …); `texts` become salted commitments.
    """

    kind: str
    key: str
    by: str
    request: str | None
    name: str
    body: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    #: What was read together with the actor: the facts of reserved instances, by key.
    beside: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def retired(self) -> list[tuple[str, dict[str, Any]]]:
        """Why its papers may not be laid, as their numbers' chains say: codes of refusals with their values."""
        return numbers.reasons(self.body.get("papers", ()), self.beside) if self.beside else []

    def put_day(self, on: str | None, today: str) -> None:
        """Say the day of a late act; None is an unknown one."""
        day = inputs.on(on, today, late=True)
        if day:
            self.body["on"] = day

    def put_text(self, name: str, value: str | None) -> None:
        """Add what a person wrote, if anything."""
        if value is not None and value != "":
            self.texts[name] = inputs.text(value, name)

    def put_params(self, rules: Rules, trigger: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Add a move's parameters as declared, and return all of them by name. Raises NotFound, InvalidInput."""
        if trigger not in rules.table:
            raise NotFound("trigger", trigger, known=rules.definition.triggers())
        if not params:
            return {}
        names = {name for rule in rules.definition.transitions if rule.trigger == trigger for name in rule.parameters}
        declared = {name: rules.definition.parameters[name] for name in sorted(names)}
        clear, personal = inputs.fields(declared, params, "parameter")
        self.texts |= personal
        if clear:
            self.body["params"] = clear
        return {**clear, **{name.removeprefix("parameter."): value for name, value in personal.items()}}

    def put_attrs(self, rules: Rules, attrs: Mapping[str, Any]) -> None:
        """Add an instance's attributes as declared. Raises NotFound, InvalidInput."""
        clear, personal = inputs.fields(rules.definition.attributes, attrs, "attribute")
        self.texts |= personal
        if clear:
            self.body["attrs"] = clear

    def put_performer(self, definition: Definition, trigger: str, performer: Actor) -> None:
        """Say whose act a late entry is, and which papers it names without having them."""
        rules = [rule for rule in definition.transitions if rule.trigger == trigger]
        self.body["for"] = {"ground": "late", "id": performer.id}
        roles = [role for rule in rules for role in rule.roles if role in performer.roles]
        if roles:
            self.body["for"]["role"] = roles[0]
        papers = dict.fromkeys(paper for rule in rules for paper in rule.papers)
        if papers:
            self.body["papers"] = [{"filed": False, "type": paper} for paper in papers]


def prepare(kind: str, name: str, key: str, by: str, request: str | None) -> Act:
    """Begin an act with a key, an actor's id and a request id that are well formed. Raises InvalidInput."""
    if request is not None:
        inputs.request_id(request)
    return Act(kind, inputs.key(key), inputs.identifier(by), request, inputs.is_text(name, "trigger"))
