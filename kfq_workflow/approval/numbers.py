"""Document numbers that are never used again (作废的文号不再使用): those of the papers of an instance that was voided.

A void instance retires the numbers of the papers that were filed with its acts, each for its type of paper, and the
number of the document that voids it, for every type. Each number has a reserved chain of its own, `~number/HEX`, found
by what the number says and not by how it is typed; its entries are `retired` and, when the instance is reinstated,
`released`. What the chain's row caches, under `by`, are the instances that keep the number retired.

Pure: the ledger writes the chains, an act asks them before it lays a paper, and verification asks again.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.entry import canonical, document_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Reason = tuple[str, dict[str, Any]]

NUMBERS = "~number"
#: The type under which the number of a voiding document is retired: no paper of any type may bear it.
ANY = "*"
_SPACE = re.compile(r"\s+")
#: GB/T 9704-2012 7.2.5 puts the year into 〔〕; other brackets are the same number, typed on another keyboard.
_BRACKETS = str.maketrans(dict.fromkeys("〔[［【﹝", "(") | dict.fromkeys("〕]］】﹞", ")"))


class Numbered(NamedTuple):
    """A number of a type of paper, and the reserved instance that says whether it is retired."""

    type: str
    number: str
    chain: str


@lru_cache(maxsize=4096)
def form(number: str) -> str:
    """Return a document number as it is compared: wide letters, brackets, spaces and case make no other number."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", number.translate(_BRACKETS))).casefold()


def numbered(type: str, number: str) -> Numbered:  # noqa: A002 - the field's word
    """Return a number of a type of paper with its chain."""
    digest = document_digest(canonical([type, form(number)]).encode())
    return Numbered(type, number, f"{NUMBERS}/{digest.hex()}")


def laid(papers: Iterable[Mapping[str, Any]]) -> Iterator[Numbered]:
    """Yield the numbers of papers as a body keeps them; only filed ones, as a late entry names papers and has none."""
    for paper in papers:
        if paper.get("filed") and paper.get("number"):
            yield numbered(paper["type"], paper["number"])


def chains(papers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the reserved instances that say whether these papers may be laid; none where no paper has a number."""
    return sorted({each.chain for found in laid(papers) for each in (found, numbered(ANY, found.number))})


def reasons(papers: Iterable[Mapping[str, Any]], facts: Mapping[str, Mapping[str, Any]]) -> list[Reason]:
    """Return why these papers may not be laid, `facts` being what the chains say, by chain."""
    return [
        ("number_retired", {
            "day": about["day"], "document": about["document"], "instance": instance, "number": found.number,
            "paper": found.type, "seq": about["seq"],
        })
        for found in laid(papers)
        for each in (found, numbered(ANY, found.number))
        for instance, about in sorted(facts.get(each.chain, {}).get("by", {}).items())
    ]  # fmt: skip


def retiring(bodies: Iterable[Mapping[str, Any]], document: str, keep: Iterable[str] = ()) -> list[Numbered]:
    """Return what an instance with entries of these bodies retires when a document voids it, by chain.

    The numbers to `keep` go on being used: other files have those papers as well.
    """
    kept = {form(number) for number in keep}
    found = {each.chain: each for body in bodies for each in laid(body.get("papers", ()))}
    own = numbered(ANY, document)
    return sorted(
        [*(each for each in found.values() if form(each.number) not in kept), own], key=lambda each: each.chain
    )


def retired(body: Mapping[str, Any]) -> list[Numbered]:
    """Return what the entry that voided an instance says that it retired."""
    return [
        Numbered(each["retire"], each["number"], each["on"]) for each in body.get("effects", ()) if "retire" in each
    ]


def told(retired: Iterable[Numbered], verb: str) -> list[dict[str, Any]]:
    """Return how an entry says that numbers are retired or released (`verb` is retire or release)."""
    return [{"number": each.number, "on": each.chain, verb: each.type} for each in retired]


def apply(facts: Mapping[str, Any], kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a number's chain after an entry, `retired` or `released`."""
    key = body["cause"]["instance"]
    by = {instance: about for instance, about in facts.get("by", {}).items() if instance != key}
    if kind == "retired":
        by[key] = {"day": body["day"], "document": body["document"], "seq": body["cause"]["seq"]}
    return {"by": by, "number": body["number"], "type": body["type"]}
