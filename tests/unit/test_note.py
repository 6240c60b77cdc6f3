"""Notes, keys and checkpoints are read in one spelling; published notes verify; nothing forged does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kfq_workflow.audit import ed25519
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint, EntryProof, Witnessed, origin_of
from kfq_workflow.audit.note import COSIGNATURE, ED25519, Note, NoteError, VerifierKey, cosign, decode, sign, verify

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/note.json").read_text("utf-8"))["notes"]
TEXT = "zones.example.cn/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG = ed25519.signer("zones.example.cn/log", ED25519, bytes(range(32)))
WITNESS = ed25519.signer("审计局", COSIGNATURE, bytes(range(1, 33)))


def signed(text: str = TEXT) -> Note:
    return Note(text, (sign(text, LOG), cosign(text, WITNESS, 1_679_315_147)))


@pytest.mark.parametrize("told", GOLDEN, ids=lambda told: told["keys"][0].partition("+")[0])
def test_published_notes_verify(told: dict[str, Any]) -> None:
    note = Note.parse(told["note"].encode())
    keys = [VerifierKey.parse(key) for key in told["keys"]]
    assert [str(key) for key in keys] == told["keys"]
    assert str(note) == told["note"]
    assert [(one.key, one.at) for one in verify(note, keys, ed25519.check)] == list(zip(keys, told["at"], strict=True))
    if told["private"]:
        _, _, name, id_, data = told["private"].split("+", 4)
        signer = ed25519.signer(name, ED25519, decode(data)[1:])
        assert (signer.key.id.hex(), str(sign(note.text, signer))) == (id_, str(note.signatures[0]))


def test_what_is_signed_is_read_back() -> None:
    note = signed()
    again = Note.parse(str(note).encode())
    assert again == note
    found = verify(again, [LOG.key, WITNESS.key], ed25519.check)
    assert [(one.key.name, one.at) for one in found] == [("zones.example.cn/log", None), ("审计局", 1_679_315_147)]
    assert verify(again, [WITNESS.key], ed25519.check) == found[1:]
    assert verify(again, [], ed25519.check) == []


def test_every_bit_of_a_note_is_covered() -> None:
    """A note with any byte changed is unreadable, false, or says that no key is known; never something else."""
    data = str(signed()).encode()
    for place in range(len(data)):
        for bit in (1, 0x20):
            bad = bytearray(data)
            bad[place] ^= bit
            try:
                note = Note.parse(bytes(bad))
                found = verify(note, [LOG.key, WITNESS.key], ed25519.check)
            except NoteError:
                continue
            assert note.text == TEXT
            assert len(found) == 1  # the other line has another name or id: it is of no known key


def test_a_known_key_that_did_not_sign_refuses_the_note() -> None:
    text = TEXT.replace("7", "8")
    for line in signed().signatures:
        with pytest.raises(NoteError, match="false"):
            verify(Note(text, (line,)), [LOG.key, WITNESS.key], ed25519.check)
    short = signed().signatures[0].__class__(LOG.key.name, LOG.key.id, b"\x00")
    with pytest.raises(NoteError, match="false"):
        verify(Note(TEXT, (short,)), [LOG.key], ed25519.check)


LINE = str(sign(TEXT, LOG))


@pytest.mark.parametrize(
    "data",
    [
        TEXT,  # no signature
        TEXT + "\n",
        TEXT + "\n" + LINE[:-1],  # no line feed at the end
        TEXT + "\n" + LINE + "\n",
        TEXT + LINE,  # no empty line
        TEXT + "\n" + LINE.replace("— ", "- "),
        TEXT + "\n" + LINE.replace("— ", "—  "),
        TEXT + "\n" + LINE.replace("— ", "—\t"),
        TEXT + "\n" + LINE.replace("\n", " \n"),
        TEXT + "\n" + LINE.replace("\n", "\r\n"),
        TEXT + "\n" + LINE.replace("=\n", "\n"),  # padding left out
        TEXT + "\n" + LINE.replace("=\n", "==\n"),
        TEXT + "\n" + LINE.replace("cn/log", "cn+log"),
        TEXT + "\n" + LINE.replace("cn/log", "cn\u3000log"),
        TEXT + "\n" + "—  AAAAAAA=\n",
        TEXT + "\n" + "— name AAAAAA==\n",  # an id and nothing after it
        TEXT + "\n" + LINE * 65,
        TEXT.replace("7", "7\x00") + "\n" + LINE,
        TEXT.replace("\n", "\r\n") + "\n" + LINE,
        "\n\n" + LINE,
        "",
        "x" * 300_000,
    ],
)
def test_a_second_spelling_is_no_note(data: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(data.encode())


def test_base64_with_bits_to_spare_is_refused() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = LINE[-3]
    other = letters[letters.index(last) + 1]  # the last letter before one = has two bits too many
    with pytest.raises(NoteError, match="second spelling"):
        Note.parse((TEXT + "\n" + LINE[:-3] + other + "=\n").encode())
    with pytest.raises(NoteError):
        Note.parse(b"\xff\n\n" + LINE.encode())


KEY = str(LOG.key)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a+b", KEY + " ", KEY.replace("+", "+0", 1), KEY.replace("zones", "Zones"), KEY[:-1] + "=",
        KEY.replace("+A", "+B"), "a b" + KEY[KEY.index("+") :], KEY.upper(), "+" + KEY,
    ],
)  # fmt: skip
def test_a_second_spelling_is_no_key(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


def test_a_key_signs_what_its_kind_is_for() -> None:
    with pytest.raises(NoteError):
        sign(TEXT, WITNESS)
    with pytest.raises(NoteError):
        cosign(TEXT, LOG, 1)
    with pytest.raises(NoteError):
        sign("no line feed", LOG)
    assert str(LOG.key) in repr(LOG)


def test_checkpoints_are_read_in_one_spelling() -> None:
    found = Checkpoint.parse(TEXT)
    assert (found.origin, found.size, str(found)) == ("zones.example.cn/log", 7, TEXT)
    root = TEXT.splitlines()[2]
    for size in ("07", "+7", "7 ", " 7", "7_0", "7.0", "-1", "", "٧", "9223372036854775808", "1" * 30):
        with pytest.raises(NoteError):
            Checkpoint.parse(f"o\n{size}\n{root}\n")
    for text in (f"o\n7\n{root}", f"\n7\n{root}\n", f"o\n7\n{root}\nmore\n", f"o\n7\n{root[:-4]}\n", "o\n7\nAAAA\n",
                 "o\n7\n", f"o\n7\n{root}\n\n"):  # fmt: skip
        with pytest.raises(NoteError):
            Checkpoint.parse(text)


def test_an_anchor_is_a_note_or_its_text() -> None:
    assert Anchor.parse("a", TEXT.encode()).note.signatures == ()
    assert Anchor.parse("a", str(signed()).encode()).note == signed()
    for bad in (b"", b"\xff", TEXT.encode() + b"\n", b"x" * 300_000):
        with pytest.raises(NoteError):
            Anchor.parse("a", bad)


def test_proofs_travel_with_their_checkpoint() -> None:
    sent = Witnessed(3, (bytes(32), b"\x01" * 32), signed())
    assert Witnessed.parse(str(sent).encode()) == sent
    assert Witnessed.parse(str(Witnessed(0, (), signed())).encode()).proof == ()
    text = str(sent)
    changed = [("old 3", "old 03"), ("old ", "Old "), ("AAA=\n", "AAA=\nAAAA\n"), ("old 3\n", "old 3\n" + LINE)]
    many = text.replace("old 3\n", "old 3\n" + ("A" * 43 + "=\n") * 64)
    for bad in (*(text.replace(*pair) for pair in changed), many, str(signed()), "old 3\n", "old é\n\n"):
        with pytest.raises(NoteError):
            Witnessed.parse(bad.encode())
    lines = str(EntryProof(5, (bytes(32),), signed())).splitlines()
    assert lines[:4] == ["c2sp.org/tlog-proof@v1", "index 5", "A" * 43 + "=", ""]
    assert "\n".join(lines[4:]) + "\n" == str(signed())
    assert str(EntryProof(5, (), Note(TEXT, ()))).endswith("\n\n" + TEXT)


def test_the_origin_names_installation_and_log() -> None:
    name = "ab" * 16
    assert origin_of(name, "zones.example.cn") == f"zones.example.cn/{name}"
    assert origin_of(name, "zones.example.cn/linfen") == f"zones.example.cn/linfen/{name}"
    for odd in ("", "临汾市", "a b", "a+b", "a\nb", "/a", "a/"):
        assert origin_of(name, odd) == f"kfq/{name}"
