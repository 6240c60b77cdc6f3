"""A note as a QR code (ISO/IEC 18004), exactly its bytes: the one door to the package `segno`, the extra `qr`."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import Any

from kfq_workflow.errors import InvalidInput, KfqError

#: How files are told apart.
FORMATS = (".png", ".svg")
#: A module's pixels in a file; the light zone around the code, in modules, is that of the standard.
_SCALE, _BORDER = 6, 4


def _code(text: str) -> Any:
    try:
        import segno
    except ImportError:
        raise KfqError("extra_missing", what="segno", extra="qr") from None
    try:
        # Level M restores 15 %: paper is folded. One code, or a reader would have to put parts together.
        return segno.make(text, error="m", boost_error=False, micro=False, mode="byte", encoding="utf-8")
    except segno.DataOverflowError as error:
        raise InvalidInput("qr_too_long", size=len(text.encode())) from error


def svg(text: str) -> str:
    """Return the code as an SVG element to stand in a page. Raises InvalidInput for more than 2,331 bytes, KfqError."""
    drawn: str = _code(text).svg_inline(border=_BORDER, omitsize=True, svgclass=None, lineclass=None)
    return drawn


def image(text: str, path: str) -> bytes:
    """Return the code as a PNG or an SVG file, as the name of the file says. Raises InvalidInput and KfqError."""
    kind = PurePath(path).suffix.lower()
    if kind not in FORMATS:
        raise InvalidInput("qr_format", path=path, known=", ".join(FORMATS))
    out = io.BytesIO()
    _code(text).save(out, kind=kind[1:], scale=_SCALE, border=_BORDER)
    return out.getvalue()


def terminal(text: str) -> str:
    """Return the code in letters of a terminal, dark on light whatever its colours are."""
    out = io.StringIO()
    _code(text).terminal(out, border=_BORDER, compact=True)
    return out.getvalue()
