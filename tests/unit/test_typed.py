"""A checkpoint that was typed in from paper is the note, byte for byte, or every line that is mistyped is named."""

from __future__ import annotations

import random

import pytest
import zxingcpp

from kfq_workflow.audit import qr, signers, typed
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint
from kfq_workflow.audit.note import COSIGNATURE, ED25519, SM2, Note, NoteError, cosign, sign
from kfq_workflow.errors import InvalidInput

TEXT = str(Checkpoint("zones.example.cn/0123456789abcdef0123456789abcdef", 20_852_163, bytes(range(32))))
LOG = signers.signer("zones.example.cn/log", ED25519, bytes(range(32)))
WITNESS = signers.signer("审计局", COSIGNATURE, bytes(range(1, 33)))
NATIONAL = signers.signer("国密/log", SM2, bytes(range(1, 33)))
SIGNED = Note(TEXT, (sign(TEXT, LOG), cosign(TEXT, WITNESS, 1_679_315_147), sign(TEXT, NATIONAL)))
NOTES = [SIGNED, Note(TEXT, (sign(TEXT, LOG),)), Note(TEXT, ())]


@pytest.mark.parametrize("note", NOTES, ids=["three", "one", "bare"])
def test_what_is_printed_is_read_back(note: Note) -> None:
    text = typed.written(note)
    assert typed.is_typed(text.encode())
    assert typed.read(text.encode()) == note
    anchor = Anchor.parse("paper", text.encode())
    assert (anchor.note, anchor.checkpoint) == (note, Checkpoint.parse(TEXT))
    assert not typed.is_typed(str(note).encode())


def test_spaces_case_and_letters_that_look_alike_do_not_count() -> None:
    rows = typed.written(SIGNED).splitlines()
    for how in (
        lambda row: f"\t {row}  ", lambda row: row.replace(" ", "   "),
        lambda row: row if "@" in row or "/" in row else row.lower(),
        lambda row: row if "@" in row or "/" in row else row[:4] + row[4:].replace("O", "0").replace("B", "8"),
    ):  # fmt: skip
        assert typed.read("\r\n\r\n".join([rows[0], *map(how, rows[1:])]).encode()) == SIGNED
    numbers, head = rows[1:], rows[0]
    random.Random(1).shuffle(numbers)
    assert typed.read("\n".join([head.lower(), *numbers]).encode()) == SIGNED


def test_every_mistyped_letter_is_named_by_its_line() -> None:
    """Another letter in any place of a line is told, with the line's number; so is a line that is left out or twice."""
    rows = typed.written(SIGNED).splitlines()
    chance = random.Random(2)
    for place, row in enumerate(rows[1:], 1):
        for letter in range(4, len(row)):
            other = chance.choice("ABCDEFGHKMNPQRTUVWXYZ34567")
            if row[letter].isspace() or row[letter].upper() == other:
                continue
            bad = [*rows]
            bad[place] = row[:letter] + other + row[letter + 1 :]
            with pytest.raises(NoteError, match=f"line {place}"):
                typed.read("\n".join(bad).encode())
        for bad, word in ((rows[:place] + rows[place + 1 :], "missing"), ([*rows, row], "mistyped")):
            with pytest.raises(NoteError, match=f"{word}: line {place}"):
                typed.read("\n".join(bad).encode())


@pytest.mark.parametrize(
    "text",
    ["", "CHECKPOINT", "CHECKPOINT 0\n", "CHECKPOINT 3\n1 a AAA\n", "CHECKPOINT x\n", "NOTE 1\n1 a AAA\n",
     "CHECKPOINT 4\n" * 2, "CHECKPOINT 1\n" + "1" * 9999 + " a AAA\n"],
)  # fmt: skip
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(NoteError):
        typed.read(text.encode())
    with pytest.raises(NoteError):
        typed.read(b"CHECKPOINT 1\n\xff")


def test_two_mistakes_are_both_named() -> None:
    rows = typed.written(SIGNED).splitlines()
    rows[2], rows[7] = rows[2].replace("20852163", "20852164"), rows[7][:-3] + "AAA"
    with pytest.raises(NoteError, match="mistyped: line 2, 7"):
        Anchor.parse("paper", "\n".join(rows).encode())


def test_other_texts_have_no_typed_form() -> None:
    with pytest.raises(NoteError, match="three lines"):
        typed.lines_of(Note("a\nb\n", ()))


@pytest.mark.parametrize("note", NOTES, ids=["three", "one", "bare"])
def test_the_code_is_the_note(note: Note) -> None:
    text = str(note) if note.signatures else note.text
    rows = list(qr._code(text).matrix_iter(scale=4, border=4))  # noqa: SLF001 - what every form is drawn from
    pixels = memoryview(bytes(0 if dark else 255 for row in rows for dark in row)).cast("B", (len(rows), len(rows[0])))
    found = zxingcpp.read_barcodes(pixels)
    assert [bytes(each.bytes) for each in found] == [text.encode()]
    assert Anchor.parse("scanned", bytes(found[0].bytes)).note == note


def test_forms_of_the_code() -> None:
    assert qr.image(TEXT, "x.PNG").startswith(b"\x89PNG")
    assert b"<svg" in qr.image(TEXT, "x.svg")
    assert qr.svg(TEXT).startswith("<svg")
    assert len(set(map(len, qr.terminal(TEXT).splitlines()))) == 1
    with pytest.raises(InvalidInput, match="png"):
        qr.image(TEXT, "x.gif")
    with pytest.raises(InvalidInput, match="2,331"):
        qr.svg("x" * 2332)
