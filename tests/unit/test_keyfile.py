"""A key is its owner's alone; what it signed last is kept beside it and is never lost or misread."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kfq_workflow import InvalidInput
from kfq_workflow.audit import keyfile
from kfq_workflow.audit.checkpoint import Checkpoint
from kfq_workflow.audit.note import COSIGNATURE, ED25519

GO = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("cosigner", [False, True])
def test_a_new_key_is_read_back(tmp_path: Path, cosigner: bool) -> None:  # noqa: FBT001 - a parameter of the test
    path = tmp_path / "k"
    old = os.umask(0)
    try:
        key = keyfile.create(path, "临汾/log", cosigner=cosigner)
    finally:
        os.umask(old)
    assert (path.stat().st_mode & 0o777, key.kind) == (0o600, COSIGNATURE if cosigner else ED25519)
    assert keyfile.load(path).key == key
    with pytest.raises(InvalidInput, match="exists"):
        keyfile.create(path, "x")
    for name in ("", "a b", "a+b"):
        with pytest.raises(InvalidInput, match="name"):
            keyfile.create(tmp_path / "other", name)


def test_keys_of_go_are_read(tmp_path: Path) -> None:
    assert keyfile.load(write(tmp_path / "k", GO)).key.id.hex() == "c74f20a3"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InvalidInput, match="chmod 600"):
        keyfile.load(write(tmp_path / "k", GO, mode))


@pytest.mark.parametrize(
    "text",
    ["", "x", GO.replace("c74f20a3", "c74f20a4"), GO.replace("PRIVATE", "PUBLIC"), GO[:-9] + "\n", GO + "\n",
     GO.replace("+AY", "+BY"), "\xff"],
)  # fmt: skip
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="is no key"):
        keyfile.load(write(tmp_path / "k", text))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InvalidInput):
            keyfile.load(path)


def test_what_was_signed_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "k"
    keyfile.create(path, "k")
    one, two = Checkpoint("a", 1, bytes(32)), Checkpoint("b", 9, b"\x01" * 32)
    for checkpoint in (one, two, Checkpoint("a", 5, bytes(32))):
        with keyfile.hold(path) as seen:
            seen.put(checkpoint)
    with keyfile.hold(path) as seen:
        assert (seen.last("a"), seen.last("b"), seen.last("c")) == (Checkpoint("a", 5, bytes(32)), two, None)
    assert Path(f"{path}.seen").stat().st_mode & 0o077 == 0
    Path(f"{path}.seen").write_text("a\n05\n")
    with pytest.raises(InvalidInput, match="damaged"), keyfile.hold(path):
        pass
