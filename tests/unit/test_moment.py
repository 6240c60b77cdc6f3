"""Moments as they are written on a command line."""

from __future__ import annotations

import pytest

from kfq_workflow.edtf import parse_instant
from kfq_workflow.errors import InvalidInput
from kfq_workflow.history.moment import Moment

CHINA = 480
SECOND = parse_instant("2020-06-02", CHINA)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-06-01", Moment("2020-06-01")),
        ("@2020-06-02", Moment(known_at=SECOND)),
        ("2020-06-01@2020-06-02", Moment("2020-06-01", SECOND)),
        ("@2020-06-02T09:30", Moment(known_at=parse_instant("2020-06-02T09:30", CHINA))),
        ("2020-06-01@2020-06-02T01:30Z", Moment("2020-06-01", parse_instant("2020-06-02T01:30Z", 0))),
        ("now", Moment()),
    ],
)
def test_a_moment_is_read(text: str, moment: Moment) -> None:
    assert Moment.parse(text, CHINA) == moment


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "2020", "2020-06", "2020-06-31", "2020-06-01@", "@noon", "@2020", "2020-06-01@2020-06", "NOW",
        "now@now", "@now", "2020-06-01@2020-06-02@2020-06-03", " 2020-06-01", "２０２０-06-01", "[..2020]",
        "2020-06-01T09:30", "@@", "hongtong-etdz", "a" * 500,
    ],
)  # fmt: skip
def test_everything_else_is_refused_and_told_how_to_write_it(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Moment.parse(text, CHINA)
    assert caught.value.code == "not_a_moment"
    for lang in ("zh", "en"):
        assert "2020-06-01@2020-06-02" in caught.value.text(lang)
        assert len(caught.value.text(lang)) < 400
