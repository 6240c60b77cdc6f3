"""Gates and effects in words, for people who read a refusal, a diagram or a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.definition import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_QUORUMS = {
    "all": ("会签", "all"),
    "any": ("或签", "any one"),
    "count": ("{of} 人中 {need} 人", "{need} of {of}"),
    "some": ("{need} 人同意", "{need} approvals"),
    "ratio": ("至少 {ratio}", "at least {ratio}"),
    "more_than": ("超过 {ratio}", "more than {ratio}"),
    "weight": ("票权 {need}", "weight {need}"),
    "opinions": ("征求意见", "opinions"),
}


def signer_label(definition: model.Definition, transition: str, signer: model.Signer, lang: str) -> str:
    """Return what people read for a signer of a transition's gate: its own label, or else that of its role."""
    name = f"{transition}={signer.name}"
    if ("signer", name) not in definition.labels and signer.kind == "role":
        return definition.label("role", signer.of, lang)
    found = definition.label("signer", name, lang)
    return signer.name if found == name else found


def seat_label(definition: model.Definition, transitions: Iterable[str], seat: str, lang: str) -> str:
    """Return what people read for a seat that an entry names, which is of a gate of one of these transitions."""
    wanted = set(transitions)
    for rule in definition.transitions:
        for signer in rule.gate.signers if rule.id in wanted and rule.gate else ():
            if signer.name == seat:
                return signer_label(definition, rule.id, signer, lang)
    return seat


def quorum_text(gate: model.Gate, lang: str) -> str:
    """Return a gate's quorum in a few words, `lang` being zh or en, such as `3 of 5`.

    Of how many is left out where code names the people or a signer has a guard.
    """
    quorum, of = gate.quorum, sum(signer.seats for signer in gate.signers)
    kind: str = quorum.kind
    if kind in ("count", "weight") and quorum.need == 0:
        kind = "opinions"
    elif kind == "ratio" and quorum.strict:
        kind = "more_than"
    elif kind == "count" and any(signer.kind == "code" or signer.when is not None for signer in gate.signers):
        kind = "some"
    return _QUORUMS[kind][lang != "zh"].format(need=quorum.need, of=of, ratio=quorum.ratio)


def effect_text(effect: model.Effect) -> str:
    """Return an effect in one line, as a document writes it: `root: fire revoke_zone`."""
    if isinstance(effect, model.LaterEffect):
        return effect.what
    if isinstance(effect, model.FireEffect):
        given = f" ({_values(effect.params)})" if effect.params else ""
        skip = " where allowed" if effect.where_allowed else ""
        return f"{_value(effect.on)}: fire {', '.join(effect.triggers)}{given}{skip}"
    attrs = {**effect.attrs, **({"name": effect.name} if effect.name else {})}
    return f"{_value(effect.on)}: amend {_values(attrs)}"


def _values(values: Mapping[str, model.Taken]) -> str:
    return ", ".join(f"{name} = {_value(value)}" for name, value in values.items())


def _value(taken: model.Taken) -> str:
    if taken.source in ("key", "root"):
        return taken.source
    return taken.name if taken.source == "literal" else f"{taken.source} {taken.name}"
