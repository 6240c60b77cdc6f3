"""Whatever lies in the profile has the same bytes here, in `rfc8785`, and read back and written again."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.entry import MAX_INTEGER, NO_PREV, canonical, encode, leaf_hash, parse_canonical, seal
from kfq_workflow.verify.shapes import Shapes

LOG = "ab" * 16
words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
names = st.text(st.characters(codec="ascii", exclude_characters="\x00"), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | words
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "attrs": st.dictionaries(names, scalars, max_size=3),
        "on": st.fixed_dictionaries({}, optional=dict.fromkeys(("edtf", "hi", "lo"), words)),
        "papers": st.lists(
            st.fixed_dictionaries(
                {"filed": st.booleans(), "type": words},
                optional={"number": words, "sha256": digests, "dates": st.dictionaries(names, words, max_size=2)},
            ),
            max_size=3,
        ),
        "seen": st.lists(st.fixed_dictionaries({"instance": words, "leaf": digests, "seq": st.integers(1, 9)})),
        "texts": st.dictionaries(names, digests, max_size=3),
        "set": st.dictionaries(names, st.none() | words, max_size=3),
        "note": values,
    },
)


@given(values)
def test_canonical_json_is_that_of_rfc_8785(value: Any) -> None:
    text = canonical(value)
    assert text.encode() == rfc8785.dumps(value)
    assert parse_canonical(text) == value


@given(
    st.tuples(words, st.integers(1, MAX_INTEGER), words, st.integers(-MAX_INTEGER, MAX_INTEGER), words, words,
              st.none() | words, st.none() | st.binary(min_size=32, max_size=32), st.just(1)),
    st.dictionaries(names, values, max_size=3),
)  # fmt: skip
def test_an_entrys_bytes_are_those_of_rfc_8785(columns: tuple[Any, ...], body: dict[str, Any]) -> None:
    row = seal(LOG, columns, NO_PREV, body)
    instance, seq, kind, at, actor, via, req, def_, v = columns
    whole = {
        "instance": instance, "seq": seq, "kind": kind, "at": at, "actor": actor, "via": via, "req": req,
        "def": def_ and def_.hex(), "v": v, "prev": NO_PREV.hex(), "log": LOG, "body": body,
    }  # fmt: skip
    assert encode(row, LOG) == rfc8785.dumps(whole)
    assert row.leaf == leaf_hash(rfc8785.dumps(whole))


SHAPES = Shapes()


def strict(text: str) -> Any:
    try:
        return parse_canonical(text)
    except ValueError:
        return None


@given(bodies, st.data())
def test_shapes_take_exactly_the_bodies_that_are_canonical(body: dict[str, Any], data: st.DataObject) -> None:
    text = canonical(body)
    read = SHAPES.read(text)
    assert read.parsed() == body
    assert dict(zip(read.shape.fields, read.digests, strict=True)) == body.get("texts", {})
    assert (read.on.edtf, read.on.lo, read.on.hi) == tuple(body.get("on", {}).get(n) for n in ("edtf", "lo", "hi"))
    # Any one byte changed, inserted or removed: accepted if and only if it is still canonical.
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from('{}[]",:0123.\\ xé"\x00\n'))
    kind = data.draw(st.integers(0, 2))
    other = text[:place] + ("" if kind == 0 else letter) + text[place + (kind != 1) :]
    try:
        accepted = SHAPES.read(other).parsed()
    except ValueError:
        accepted = None
    expected = strict(other)
    if accepted is not None:
        assert accepted == expected
        assert json.loads(other) == accepted
    elif isinstance(expected, dict):
        parts = (expected.get("texts", {}), expected.get("on", {}))
        assert not all(isinstance(part, dict) and all(isinstance(w, str) for w in part.values()) for part in parts)
