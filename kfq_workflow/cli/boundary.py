"""The one place where errors become messages and exit codes.

0 done · 1 error · 2 usage · 3 refused by a rule · 4 verification found something · 130 interrupted · 141 the
reader of our output went away
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import locale
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kfq_workflow.errors import KfqError

ERROR, USAGE, REFUSED, FOUND, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 4, 130, 141

#: click's sentences, which it has in English only.
_CLICK = (
    (r"Option '?(.+?)'? requires an argument\.", "选项 {0} 缺少值。"),
    (r"Option '?(.+?)'? does not take a value\.", "选项 {0} 不带值。"),
    (r"Got unexpected extra arguments? \((.+)\)", "多余的参数：{0}"),
    (r"Missing command\.", "缺少命令。"),
    (r"(.+) is not a valid integer(?: range)?\.", "{0} 不是整数。"),
    (r"(.+) is not one of (.+)\.", "{0} 应为 {1} 之一。"),
    (r"(?:File|Path|Directory) '?(.+?)'? does not exist\.", "{0} 不存在。"),
)


def guarded(arguments: Sequence[str], run: Callable[[], Any]) -> int:
    """Run a command line; print what goes wrong and return the exit code."""
    json = _asks(arguments, "--json")
    try:
        code = run()
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain(say("interrupted"))
        return INTERRUPTED
    except BrokenPipeError:
        _close_quietly()
        return PIPE_CLOSED
    except click.UsageError as error:
        return _usage(error, json=json)
    except Exception as error:  # noqa: BLE001 - the boundary: nothing may pass it
        return _error(error, json=json, debug=_asks(arguments, "--debug") or bool(os.environ.get("KFQ_DEBUG")))
    return code if isinstance(code, int) else 0


def _asks(arguments: Sequence[str], flag: str) -> bool:
    upto = arguments.index("--") if "--" in arguments else len(arguments)
    return flag in arguments[:upto]


def _usage(error: click.UsageError, *, json: bool) -> int:
    message = usage_text(error)
    if error.ctx is not None:
        _complain(error.ctx.get_usage(), prefix=False)
        _complain(say("usage.try", command=error.ctx.command_path), prefix=False)
    _complain(message)
    if json:
        _print_json("usage", {}, message)
    return USAGE


def usage_text(error: click.UsageError) -> str:
    """Return what is wrong with the command line, in the language of the run."""
    if locale.language() != "zh":
        return error.format_message()
    if isinstance(error, click.NoSuchOption):
        near = "".join(say("usage.near", names=", ".join(error.possibilities))) if error.possibilities else ""
        return f"没有选项 {error.option_name}。{near}"
    if isinstance(error, click.MissingParameter):
        kind = "选项" if isinstance(error.param, click.Option) else "参数"
        return f"缺少{kind} {_hint(error)}。"
    said = _translated(error.message)
    return f"{_hint(error)} 的值无效：{said}" if isinstance(error, click.BadParameter) else said


def _hint(error: click.BadParameter) -> str:
    if error.param_hint is not None:
        return error.param_hint if isinstance(error.param_hint, str) else " / ".join(error.param_hint)
    if error.param is None:
        return ""
    return error.param.opts[-1] if isinstance(error.param, click.Option) else error.param.human_readable_name


def _translated(message: str) -> str:
    for pattern, words in _CLICK:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found:
            return words.format(*found.groups())
    return message


def _error(error: Exception, *, json: bool, debug: bool) -> int:
    from kfq_workflow.errors import KfqError, Refused, SignerRefused

    if debug:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, KfqError):
        place = [str(note) for note in getattr(error, "__notes__", ())]
        message = "\n".join([*place, error.text(locale.language())])
        _complain(message)
        if json:
            _print_json(error.code, dict(error.values), message, **_more(error))
        if isinstance(error, SignerRefused):
            return FOUND
        return REFUSED if isinstance(error, Refused) else ERROR
    reason = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else str(error)
    message = say("os_error" if isinstance(error, OSError) else "unexpected", reason=reason)
    _complain(message)
    if json:
        _print_json("unexpected", {"reason": reason}, message)
    return ERROR


def _more(error: KfqError) -> dict[str, Any]:
    from kfq_workflow.errors import Refused

    lang = locale.language()
    if isinstance(error, Refused):
        refusals = [{"code": r.code, "values": dict(r.values), "message": r.text(lang)} for r in error.refusals]
        return {"refusals": refusals, "missing": list(error.missing)}
    problems = getattr(error, "problems", None)
    if problems is None:
        return {}
    return {"problems": [{"code": p.code, "line": p.line, "path": p.path, "message": p.text(lang)} for p in problems]}


def _print_json(code: str, values: dict[str, Any], message: str, **more: Any) -> None:
    from kfq_workflow.cli.output import print_json

    try:
        print_json({"error": {"code": code, "values": values, "message": message, **more}})
        sys.stdout.flush()
    except OSError:  # nobody reads it any more, or it cannot be written: what is wrong was said on stderr
        _close_quietly()


def _complain(message: str, *, prefix: bool = True) -> None:
    from kfq_workflow.cli.safe import safe

    lines = [safe(line) for line in message.split("\n")]
    try:
        click.echo(("kfq: " if prefix else "") + "\n".join(lines), err=True)
    except BrokenPipeError:
        _close_quietly()


def _close_quietly() -> None:
    """Let the interpreter flush into nothing when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):  # a stream without a file has nothing to flush into
                os.dup2(nowhere, stream.fileno())
