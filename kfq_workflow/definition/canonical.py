"""A definition as two documents: the rules, which decide, and the labels, which people read.

Both are canonical JSON and are stored under their digests. Two definitions decide alike exactly when their rules have
the same digest; a typo mended in a label changes the labels only.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from kfq_workflow.definition import model
from kfq_workflow.entry import canonical, document_digest, parse_canonical
from kfq_workflow.errors import DefinitionError
from kfq_workflow.hashing import DEFAULT
from kfq_workflow.values import Problem

if TYPE_CHECKING:
    from kfq_workflow.hashing import Hash

#: Values of several kinds say in `is` which one they are.
_KINDS: dict[Any, dict[str, type[Any]]] = {
    union: {cls.__name__: cls for cls in get_args(union)} for union in (model.Condition, model.Effect)
}
_NAMES = {cls: name for classes in _KINDS.values() for name, cls in classes.items()}


def rules_document(definition: model.Definition) -> str:
    """Return everything that decides, as canonical JSON."""
    return canonical({**_plain(definition), "lang": definition.lang})


def labels_document(definition: model.Definition) -> str:
    """Return what people read, as canonical JSON: {kind: [{name, zh, en, origin}]}, in the order they read it in."""
    found: dict[str, list[dict[str, Any]]] = {}
    for (kind, name), label in definition.labels.items():
        item: dict[str, Any] = {"en": label.en, "name": name, "zh": label.zh}
        if label.origin:
            item["origin"] = list(label.origin)
        found.setdefault(kind, []).append(item)
    return canonical(found)


def digest(document: str, hasher: Hash = DEFAULT) -> bytes:
    """Return the 32 bytes under which a document is stored in a log with this hash."""
    return document_digest(document.encode(), hasher)


def from_documents(rules: str, labels: str | None) -> model.Definition:
    """Read a definition back from its documents. Raises DefinitionError when they are none."""
    try:
        known = parse_canonical(labels) if labels is not None else {}
        read = {
            (kind, item["name"]): model.Label(item["zh"], item["en"], tuple(item.get("origin", ())))
            for kind, items in known.items()
            for item in items
        }
        return _definition(rules, read)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DefinitionError([Problem("definition.unreadable", values={"reason": str(error)})]) from error


def _definition(rules: str, labels: Mapping[tuple[str, str], model.Label]) -> model.Definition:
    definition: model.Definition = _typed(model.Definition, parse_canonical(rules))
    if rules_document(definition) != rules:  # a set out of order, a default written out
        raise ValueError("one meaning has one spelling")
    place = {key: number for number, key in enumerate(labels)}
    regions = {
        name: replace(region, states=_ordered(region.states, "state", f"{name}=", place))
        for name, region in _ordered(definition.regions, "region", "", place).items()
    }
    attributes = _ordered(definition.attributes, "attribute", "", place)
    return replace(definition, regions=regions, attributes=attributes, labels=labels)


def _ordered(items: Mapping[str, Any], kind: str, prefix: str, place: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return items in the order of their labels, the rules having none; `main` comes first without them."""
    return dict(sorted(items.items(), key=lambda item: (place.get((kind, prefix + item[0]), 0), item[0] != "main")))


def _plain(value: Any) -> Any:
    """Return a value of the model as JSON: what is at its default is left out, what has no order is sorted.

    A `LaterEffect` is its bare words, as every effect was in the documents of the first definitions.
    """
    if isinstance(value, model.LaterEffect):
        return value.what
    if is_dataclass(value) and not isinstance(value, type):
        found = {
            field.name: _plain(item)
            for field in fields(value)
            if field.name != "labels" and not _is_default(field, item := getattr(value, field.name))
        }
        return {"is": _NAMES[type(value)], **found} if type(value) in _NAMES else found
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _is_default(field: Field[Any], value: Any) -> bool:
    if field.default_factory is not MISSING:
        return bool(value == field.default_factory())
    return type(value) is type(field.default) and value == field.default


def _typed(wanted: Any, plain: Any) -> Any:  # noqa: PLR0911 - one return for each kind of type
    """Return JSON as a value of the type that the model declares; raises TypeError, KeyError or ValueError."""
    origin = get_origin(wanted)
    if wanted == model.Effect and isinstance(plain, str):
        return model.LaterEffect(plain)
    if wanted in _KINDS:
        parts = dict(plain)
        return _typed(_KINDS[wanted][parts.pop("is")], parts)
    if is_dataclass(wanted) and isinstance(wanted, type):
        return _dataclass(wanted, plain)
    if origin in (tuple, frozenset):
        item = get_args(wanted)[0]
        return origin(_typed(item, part) for part in plain)
    if origin is not None and issubclass(_abstract(origin), Mapping):
        item = get_args(wanted)[1]
        return {name: _typed(item, part) for name, part in plain.items()}
    if origin in (typing.Union, types.UnionType):
        return _union(get_args(wanted), plain)
    if origin is Literal:
        if plain not in get_args(wanted):
            raise ValueError(f"{plain!r} is none of {get_args(wanted)}")
        return plain
    if type(plain) is not wanted:
        raise TypeError(f"expected {wanted}, found {plain!r}")
    return plain


def _abstract(origin: Any) -> type:
    return origin if isinstance(origin, type) else object


_HINTS = {
    cls: get_type_hints(cls, vars(model) | {"Mapping": Mapping})
    for cls in vars(model).values()
    if isinstance(cls, type) and is_dataclass(cls)
}


def _dataclass(wanted: type[Any], plain: Mapping[str, Any]) -> Any:
    hints = _HINTS[wanted]
    unknown = plain.keys() - hints.keys()
    if unknown:
        raise KeyError(f"{wanted.__name__}: {sorted(unknown)}")
    return wanted(**{name: _typed(hints[name], value) for name, value in plain.items()})


def _union(options: tuple[Any, ...], plain: Any) -> Any:
    for option in options:
        try:
            return None if option is type(None) and plain is None else _typed(option, plain)
        except (TypeError, ValueError, KeyError):
            continue
    raise TypeError(f"{plain!r} is none of {options}")
