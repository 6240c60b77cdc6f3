"""The root of the command line: groups that load a command when it is invoked, help in two languages.

`kfq --help` and the completion of names read the table in `commands` and import nothing else but click.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.shell_completion import CompletionItem

from kfq_workflow.cli import locale
from kfq_workflow.cli.commands import COMMANDS, SECTIONS, section_of
from kfq_workflow.cli.options import Bilingual, Option, global_options
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence


class LazyGroup(Bilingual, click.Group):
    """A group whose commands are named in the table; `path` is its own, empty for the root."""

    def __init__(self, path: str, **settings: Any) -> None:
        super().__init__(path.rpartition(" ")[2] or "kfq", **settings)
        self.path = path

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of this group's commands, in the order of the help."""
        del ctx
        inside = f"{self.path} " if self.path else ""
        names = (path.removeprefix(inside) for path in COMMANDS if path.startswith(inside))
        return [name for name in names if " " not in name]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command, or make the group of this name."""
        del ctx
        path = f"{self.path} {cmd_name}".lstrip()
        entry = COMMANDS.get(path)
        if entry is None:
            return None
        if not entry.module:
            return LazyGroup(path)
        module = import_module(f"kfq_workflow.cli.{entry.module}")
        command: click.Command = module.COMMANDS[path]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; an unknown one is a usage error with the nearest names."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            if name.startswith("-"):
                raise click.NoSuchOption(name, ctx=ctx)
            raise click.UsageError(_unknown(name, self.list_commands(ctx)), ctx)
        return (name if command else None), command, args[1:]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Print the help where nothing is asked for."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their lines, from the table."""
        lang = locale.language()
        rows = [(name, COMMANDS[f"{self.path} {name}".lstrip()].text(lang)) for name in self.list_commands(ctx)]
        if self.path:
            with formatter.section(say("help.commands")):
                formatter.write_dl(rows)
            return
        for section in SECTIONS:
            with formatter.section(say(f"help.{section}")):
                formatter.write_dl([row for row in rows if section_of(row[0]) == section])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names from the table, options as click does."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        lang = locale.language()
        return [
            CompletionItem(name, help=COMMANDS[f"{self.path} {name}".lstrip()].text(lang))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]


class Root(LazyGroup):
    """`kfq` itself: finds the language before anything is parsed, and turns every error into message and code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's signature
        **extra: Any,
    ) -> NoReturn:
        """Run a command line and exit with its code. `standalone_mode` is click's and always on."""
        from kfq_workflow.cli.boundary import guarded

        del standalone_mode
        arguments = list(sys.argv[1:] if args is None else args)
        name = prog_name or "kfq"
        locale.speak(locale.find_language(arguments, os.environ))
        locale.prepare_streams()
        self._complete(name, complete_var, extra)

        def run() -> Any:
            with self.make_context(name, list(arguments), **extra) as ctx:
                return self.invoke(ctx)

        sys.exit(guarded(arguments, run))

    def _complete(self, name: str, variable: str | None, extra: dict[str, Any]) -> None:
        variable = variable or f"_{name}_COMPLETE".replace("-", "_").replace(".", "_").upper()
        if instruction := os.environ.get(variable):
            from click.shell_completion import shell_complete

            sys.exit(shell_complete(self, extra, name, variable, instruction))


def _unknown(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known)
    return say("usage.no_command", name=name) + (say("usage.near", names=", ".join(near)) if near else "")


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted and not ctx.resilient_parsing:
        from kfq_workflow import __version__

        click.echo(f"kfq {__version__}")
        ctx.exit()


def _version_option() -> Option:
    return Option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version)


kfq = Root("", params=[*global_options(hidden=False), _version_option()])
