"""Commands, options and arguments that speak both languages, and those that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import locale
from kfq_workflow.cli.commands import COMMANDS
from kfq_workflow.cli.helps import ARGUMENTS, HELP, OPTIONS
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    #: Generic in newer versions of click, and in those only.
    _ParamType = click.ParamType[tuple[str, str]]
else:
    _ParamType = click.ParamType

#: The options that every command takes, before it or after it.
GLOBAL = ("database", "schema", "prefix", "lang", "debug")


class Bilingual(click.Command):
    """Help in the language of the run. `path` is the command's words without `kfq`."""

    path: str

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return `--help`, described in the language of the run."""
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = say("help.help")
        return found

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the line of the table."""
        del limit
        entry = COMMANDS.get(self.path)
        return entry.text(locale.language()) if entry else ""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what follows the command's name in the usage line."""
        pieces = super().collect_usage_pieces(ctx)
        words = {"[OPTIONS]": say("help.options_metavar"), "COMMAND [ARGS]...": say("help.command_metavar")}
        return [words.get(piece, piece) for piece in pieces]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), say("help.usage"))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does: its line, then what is worth knowing, already broken into lines."""
        del ctx
        entry = COMMANDS.get(self.path)
        line = entry.text(locale.language()) if entry else say("help.kfq")
        more = HELP.get(self.path)
        formatter.write_paragraph()
        formatter.write(f"  {line}\n")
        if more:
            formatter.write_paragraph()
            for row in more[0 if locale.language() == "zh" else 1].splitlines():
                formatter.write(f"  {row}".rstrip() + "\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and for a group its commands."""
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        for title, kind in (("help.arguments", Argument), ("help.options", click.Option)):
            found = [param for param in self.get_params(ctx) if isinstance(param, kind)]
            if records := [record for param in found if (record := param.get_help_record(ctx))]:
                with formatter.section(say(title)):
                    formatter.write_dl(records)


class Argument(click.Argument):
    """An argument described in both languages in the table `ARGUMENTS`."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Return its name and description."""
        del ctx
        name = self.metavar or str(self.name).upper()
        return name, ARGUMENTS[str(self.name)][0 if locale.language() == "zh" else 1]


class Command(Bilingual):
    """A command whose callback is handed the session first."""

    def __init__(self, path: str, callback: Callable[..., Any], params: list[click.Parameter]) -> None:
        super().__init__(path.rpartition(" ")[2], callback=callback, params=params)
        self.path = path


class Option(click.Option):
    """An option described in both languages in the table `OPTIONS`, by its command and name or by its name."""

    def __init__(self, *names: str, told: str = "", **settings: Any) -> None:
        super().__init__(names, **settings)
        self.told = told or str(self.name)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return names and description."""
        if self.hidden:
            return None
        names = ", ".join(self.opts)
        if not self.is_flag and not self.count:
            names += f" {self.metavar or self._values(ctx)}"
        words = OPTIONS[self.told][0 if locale.language() == "zh" else 1]
        return names, words + (say("help.required") if self.required else "")

    def _values(self, ctx: click.Context) -> str:
        del ctx
        if isinstance(self.type, click.Choice):
            return "|".join(str(choice) for choice in self.type.choices)
        return str(self.name).upper()


def command(
    commands: MutableMapping[str, click.Command], path: str, *params: click.Parameter, json: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function into a module's table of commands: it gets a `Session` and its own parameters by name.

    What it returns is the exit code, None being 0. `json` tells that it prints results.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(**values: Any) -> Any:
            from kfq_workflow.cli.session import Session

            session = Session.of(click.get_current_context(), values)
            try:
                with session:
                    return function(session, **values)
            except Exception as error:
                from kfq_workflow.cli.accounts import explain

                explain(error, path)
                raise

        last = [Option("--json", is_flag=True)] if json else []
        commands[path] = Command(path, run, [*params, *last, *global_options(hidden=True)])
        return function

    return decorate


def global_options(*, hidden: bool) -> list[click.Parameter]:
    """Return fresh copies of the options that every command takes."""
    return [
        Option("--database", metavar="URL", hidden=hidden),
        Option("--schema", metavar="NAME", hidden=hidden),
        Option("--prefix", metavar="TEXT", hidden=hidden),
        Option("--lang", type=click.Choice(locale.LANGUAGES), hidden=hidden),
        Option("--debug", is_flag=True, hidden=hidden),
    ]


def completing(what: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Return what completes keys, triggers, actors or workflows from the database."""

    def find(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
        from kfq_workflow.cli import complete

        return list(complete.find(what, ctx, incomplete))

    return find


def key(*, required: bool = True) -> Argument:
    """Return the argument KEY, completed from the database."""
    return Argument(["key"], required=required, shell_complete=completing("keys"))


def new_key() -> Argument:
    """Return the argument KEY of an instance that is to be made."""
    return Argument(["key"])


def trigger(*, required: bool = True) -> Argument:
    """Return the argument TRIGGER, completed from the instance's workflow."""
    return Argument(["trigger"], required=required, shell_complete=completing("triggers"))


def workflow() -> Argument:
    """Return the argument WORKFLOW, completed from the database."""
    return named("workflow")


def named(name: str) -> Argument:
    """Return an argument that names a workflow, completed from the database."""
    return Argument([name], shell_complete=completing("workflows"))


def states() -> Argument:
    """Return the arguments REGION=STATE…."""
    return Argument(["states"], nargs=-1, required=True, metavar="REGION=STATE...", type=Pair("REGION=STATE"))


def actor(*, required: bool = True, told: str = "actor") -> Option:
    """Return `--actor ID`: who acts."""
    return Option("--actor", metavar="ID", required=required, told=told, shell_complete=completing("actors"))


def person(name: str, target: str, *, required: bool = False, multiple: bool = False, told: str = "") -> Option:
    """Return an option that names an actor, completed from the database."""
    return Option(
        name, target, metavar="ID", required=required, multiple=multiple, told=told, shell_complete=completing("actors")
    )


def words(name: str, *, required: bool = False, told: str = "") -> Option:
    """Return an option whose value is a text."""
    return Option(f"--{name}", metavar="TEXT", required=required, told=told)


def request() -> Option:
    """Return `--request-id ID`."""
    return Option("--request-id", "request", metavar="ID", told="request")


def expect() -> Option:
    """Return `--expect REV`."""
    return Option("--expect", type=int, metavar="REV")


def on(told: str = "on") -> Option:
    """Return `--on EDTF`: the day of an act."""
    return Option("--on", metavar="EDTF", told=told)


def papers() -> Option:
    """Return `--paper TYPE=NUMBER[@FILE]`, which may be repeated."""
    return Option("--paper", "papers", multiple=True, metavar="TYPE=NUMBER[@FILE]")


def pairs(name: str, target: str, metavar: str, told: str = "") -> Option:
    """Return a repeatable option of `NAME=VALUE`."""
    return Option(name, target, multiple=True, metavar=metavar, told=told or target, type=Pair(metavar))


class Pair(_ParamType):
    """`NAME=VALUE` as a pair; a missing `=` is a usage error."""

    name = "pair"

    def __init__(self, shape: str) -> None:
        self.shape = shape

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split at the first `=`."""
        if isinstance(value, tuple):
            return value
        name, equals, rest = str(value).partition("=")
        if not equals or not name:
            self.fail(say("usage.pair", value=value, shape=self.shape), param, ctx)
        return name, rest


def mapping(given: tuple[tuple[str, str], ...], option: str) -> dict[str, str]:
    """Return pairs as a mapping; a name given twice is a usage error."""
    found: dict[str, str] = {}
    for name, value in given:
        if name in found:
            raise click.BadParameter(say("usage.twice", name=name), param_hint=option)
        found[name] = value
    return found
