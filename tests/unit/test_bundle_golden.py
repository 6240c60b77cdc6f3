"""The shared vectors of logs, proofs and bundles, by which any verifier can be tried; they never change."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from kfq_workflow.audit import merkle
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint
from kfq_workflow.audit.heads import head_leaf, heads_root
from kfq_workflow.audit.pruned import Hidden, fold
from kfq_workflow.bundle import verify_bundle
from kfq_workflow.entry import leaf_hash
from kfq_workflow.export import ExportSource
from kfq_workflow.verify import verify
from tests.bundles import packed

GOLDEN = Path(__file__).parents[1] / "golden"
LOG, PROOF, BUNDLE = (json.loads((GOLDEN / f"{name}.json").read_text("utf-8")) for name in ("log", "proof", "bundle"))
ROOTS = {seal["size"]: bytes.fromhex(seal["root"]) for seal in LOG["seals"]}
SIZE = PROOF["size"]


def leaves() -> list[bytes]:
    placed = {entry["position"]: bytes.fromhex(entry["leaf"]) for entry in LOG["entries"]}
    return [placed[position] for position in range(SIZE)]


def hashes(about: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(each) for each in about["hashes"]]


def test_each_line_hashes_to_its_leaf() -> None:
    lines = [line for line in LOG["lines"] if line.startswith('{"actor":')]
    assert len(lines) == len(LOG["entries"])
    for line, entry in zip(lines, LOG["entries"], strict=True):
        said = json.loads(line)
        assert (said["instance"], said["seq"], said["log"]) == (entry["instance"], entry["seq"], LOG["log"])
        assert leaf_hash(line.encode()).hex() == entry["leaf"]


def test_the_leaves_make_the_roots_and_the_heads_that_seals_and_checkpoints_say() -> None:
    for seal, checkpoint in zip(LOG["seals"], LOG["checkpoints"], strict=True):
        assert merkle.root_of(leaves()[: seal["size"]]) == ROOTS[seal["size"]]
        said = Checkpoint.parse(checkpoint)
        assert (said.size, said.root) == (seal["size"], ROOTS[seal["size"]])
        newest = {
            entry["instance"]: (entry["seq"], bytes.fromhex(entry["leaf"]))
            for entry in LOG["entries"]
            if entry["position"] is not None and entry["position"] < seal["size"] - 1
        }
        heads = heads_root(((name, *newest[name]) for name in sorted(newest)), sha256)
        assert heads == (seal["instances"], bytes.fromhex(seal["heads"]))


def test_the_log_verifies(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(f"{line}\n" for line in LOG["lines"]), "utf-8")
    anchors = [Anchor.parse(f"{number}", each.encode()) for number, each in enumerate(LOG["checkpoints"])]
    report = verify(ExportSource(path), anchors)
    assert (report.verdict, report.findings) == ("anchored", ())


def test_the_proofs_lead_to_the_root() -> None:
    root = bytes.fromhex(PROOF["root"])
    assert root == ROOTS[SIZE]
    for about in PROOF["inclusion"]:
        leaf = bytes.fromhex(about["leaf"])
        assert leaf == leaves()[about["index"]]
        merkle.verify_inclusion(about["index"], SIZE, leaf, hashes(about), root)
    for about in PROOF["consistency"]:
        merkle.verify_consistency(about["old"], SIZE, hashes(about), bytes.fromhex(about["old_root"]), root)
    for heads in PROOF["heads"]:
        assert heads["newest"]
        for about in heads["newest"]:
            leaf = head_leaf(about["instance"], about["seq"], bytes.fromhex(about["leaf"]), sha256)
            top = bytes.fromhex(heads["root"])
            merkle.verify_inclusion(about["index"], heads["instances"], leaf, hashes(about), top)
    assert len(PROOF["inclusion"]) == SIZE


def test_what_is_hidden_and_what_is_shown_make_the_roots() -> None:
    about = PROOF["hidden"]
    trees = [Hidden(each["position"], each["width"], bytes.fromhex(each["hash"])) for each in about["trees"]]
    shown = [(position, leaves()[position]) for position in about["shown"]]
    roots = {int(size): bytes.fromhex(root) for size, root in about["roots"].items()}
    found = fold(shown, trees, SIZE, roots, sha256)
    assert found.items() <= roots.items()
    assert found[SIZE] == roots[SIZE]
    for tree in trees:
        assert tree.hash == merkle.root_of(leaves()[tree.position : tree.position + tree.width])


@pytest.mark.parametrize("about", [pytest.param(about, id=about["title"]) for about in BUNDLE["bundles"]])
def test_a_bundle_is_these_bytes_and_this_is_found_in_it(tmp_path: Path, about: dict[str, Any]) -> None:
    members = {name: text.encode() for name, text in about["members"].items()}
    path = packed(tmp_path / "b.zip", members)
    assert sha256(path.read_bytes()).hexdigest() == about["container"]
    folder = tmp_path / "folder"
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    anchors = [Anchor.parse(f"anchor {number}", text.encode()) for number, text in enumerate(about["anchors"], 1)]
    for place in (path, folder):
        report = verify_bundle(place, anchors)
        assert report.verdict == about["verdict"]
        assert (report.entries, report.instances) == (about["entries"], about["instances"])
        assert list(report.not_checked) == about["not_checked"]
        anchored = report.anchored
        said = None if anchored is None else {"size": anchored.size, "newer": anchored.newer}
        assert said == about["anchored"]
        found = [finding.as_json() for finding in report.findings]
        told = [{name: each[name] for name in each if name != "message"} for each in found]
        assert sorted(told, key=str) == sorted(about["findings"], key=str)
