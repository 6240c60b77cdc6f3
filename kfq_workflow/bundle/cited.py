"""What an instance's own entries say of other instances: the keys that they mention and the entries that they cite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ODD = (KeyError, TypeError, AttributeError, ValueError)


class Citation(NamedTuple):
    """An entry of another instance as one cites it, with its leaf."""

    instance: str
    seq: int
    leaf: bytes


def mentioned(key: str, body: Mapping[str, Any]) -> set[str]:
    """Return the keys of other instances that a body of the instance `key` says where the format has keys."""
    found = [body.get("root"), *(name for name, _, _ in _cites(body))]
    effects = body.get("effects")
    found += [item.get("on") for item in effects if isinstance(item, dict)] if isinstance(effects, list) else []
    return {name for name in found if isinstance(name, str) and name != key and not name.startswith("~")}


def citations(key: str, body: Mapping[str, Any]) -> Iterator[Citation]:
    """Yield the entries of other instances that a body of the instance `key` cites, as far as they can be read."""
    for instance, seq, leaf in _cites(body):
        try:
            if instance != key and not instance.startswith("~") and type(seq) is int:
                yield Citation(instance, seq, bytes.fromhex(leaf))
        except _ODD:
            continue


def _cites(body: Mapping[str, Any]) -> Iterator[tuple[Any, Any, Any]]:
    seen = body.get("seen")
    for item in [body.get("cause"), *(seen if isinstance(seen, list) else [])]:
        if isinstance(item, dict):
            yield item.get("instance"), item.get("seq"), item.get("leaf")
