"""A difference is that of the two pictures, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kfq_workflow.errors import InvalidInput
from kfq_workflow.history.difference import Difference, diff
from kfq_workflow.history.moment import Moment
from kfq_workflow.history.picture import Known
from tests.property.test_picture import ASKED, CHINA, DAYS, histories, noon, words

if TYPE_CHECKING:
    from tests.property.test_picture import Entry

moments = st.builds(Moment, st.sampled_from((None, *ASKED)), st.sampled_from((None, *map(noon, DAYS))))
quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def between(entries: tuple[Entry, ...], a: Moment, b: Moment) -> Difference:
    try:
        return diff((row for row, _ in entries), a, b, utc_offset=CHINA, text=words)
    except InvalidInput:
        assume(condition=False)
        raise


@quick
@given(histories(), moments)
def test_a_moment_does_not_differ_from_itself(entries: tuple[Entry, ...], moment: Moment) -> None:
    assert between(entries, moment, moment).is_empty


@quick
@given(histories(), moments, moments)
def test_a_difference_backwards_is_its_mirror(entries: tuple[Entry, ...], a: Moment, b: Moment) -> None:
    there, back = between(entries, a, b), between(entries, b, a)
    assert [(c.what, c.name, c.before, c.after) for c in there.changes] == [
        (c.what, c.name, c.after, c.before) for c in back.changes
    ]
    assert [(s.seq, s.before, s.after) for s in there.entries] == [(s.seq, s.after, s.before) for s in back.entries]
    assert [(p.seq, p.before, p.after) for p in there.papers] == [(p.seq, p.after, p.before) for p in back.papers]
    assert [(c.what, c.name) for c in there.unsure] == [(c.what, c.name) for c in back.unsure]


@quick
@given(histories(), moments, moments)
def test_it_names_all_that_the_pictures_do_not_share(entries: tuple[Entry, ...], a: Moment, b: Moment) -> None:
    found = between(entries, a, b)
    before, after = (
        Known(entries, utc_offset=CHINA, known_at=each.known_at, text=words).at(each.as_of) for each in (a, b)
    )
    named = {(change.what, change.name) for change in found.changes}
    for what, first, then in (
        ("region", before.regions, after.regions),
        ("gate", before.gates, after.gates),
        ("attribute", before.attrs, after.attrs),
    ):
        for name in first.keys() | then.keys():
            one, other = first.get(name), then.get(name)
            differs = one is None or other is None or one.values != other.values
            assert ((what, name) in named) is differs
    shifted = {shift.seq for shift in found.entries}
    for seq in {*before.entries, *after.entries}:
        apart = (seq in before.entries) is not (seq in after.entries)
        if apart or before.happened.get(seq) != after.happened.get(seq):
            assert seq in shifted
    assert shifted <= {row.seq for row, _ in entries}
