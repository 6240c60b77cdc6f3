"""The one door to Jinja2: a view model becomes a page that needs nothing else, neither network nor script."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kfq_workflow.errors import KfqError
from kfq_workflow.report.words import phrase
from kfq_workflow.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

    from kfq_workflow.report.model import BoardPage, CheckpointPage, InstancePage

#: Letters beside those that are plainly visible that a page may hold: people break lines in what they write.
_KEEP = "\n"


def render_checkpoint(page: CheckpointPage) -> str:
    """Return the sheet of a checkpoint as HTML. Raises KfqError `extra_missing` without Jinja2."""
    template = _environment().get_template("checkpoint.html")
    from markupsafe import Markup

    return template.render(page=page, code=Markup(page.code))  # noqa: S704 - squares that `qr` has drawn


def render(page: InstancePage | BoardPage) -> str:
    """Return the page as HTML. Raises KfqError `extra_missing` without Jinja2."""
    from kfq_workflow import __version__
    from kfq_workflow.report.model import InstancePage

    lang = "zh" if page.lang.startswith("zh") else "en"

    def say(code: str, /, **values: object) -> str:
        return phrase(code, lang, **values)

    name = "instance.html" if isinstance(page, InstancePage) else "board.html"
    return _environment().get_template(name).render(page=page, say=say, version=__version__)


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise KfqError("extra_missing", what="Jinja2", extra="report") from None
    made = Environment(
        loader=PackageLoader("kfq_workflow.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_shown,
    )  # fmt: skip
    made.globals["style"] = _style
    return made


def _shown(value: Any) -> Any:
    """Return a value as it may stand on a page: what is not plainly visible is escaped, before the markup is."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(value, keep=_KEEP)
    return value


def _style() -> Any:
    """Return the style sheet as markup, which is ours."""
    from markupsafe import Markup

    return Markup((files("kfq_workflow.report") / "templates" / "style.css").read_text("utf-8"))  # noqa: S704
