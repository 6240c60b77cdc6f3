r"""The pages as programs: read the fenced blocks of README and docs/, run them, and compare what they show.

How a page writes its examples, so that they can be run:

    ```console   lines that begin with `$ ` are run in bash, in the order of the page, all in one empty folder; the lines
                 below are what they print (stdout and stderr). A command must end with 0, unless the next one is
                 `$ echo $?`. A line that ends with `\` goes on in the next one.
                 `…` stands for whatever varies in a line; a line that is `…` alone stands for any number of lines.
    ```python    is run in the same folder; all blocks of a page share their names. What it prints stands in the
                 ```text block that follows, if there is one.
    ```yaml      a first line `# file: NAME` writes the block into NAME, `# more of NAME` adds to it. A whole definition
                 is checked; anything else must at least be YAML.
    ```sh        is not run: what installs, or needs a server. The make targets in it must exist.
    ```sql, ```json, ```mermaid and blocks without a word are not run.

The folder holds a copy of `examples/`. Pages in Chinese run with KFQ_LANG=zh, all others with en.
`python docs/pages.py` runs every page, `python docs/pages.py --write [PAGE…]` writes what the commands print today.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GENERATED = ("commands.md", "commands.zh-CN.md", "errors.md", "api.md", "attacks.md", "attacks.zh-CN.md")
ANY = "…"
#: What commands of a page may need besides Python and the tools of a plain system.
PROGRAMS = ("ssh-keygen",)
#: What differs from run to run: instants, days of today, accounts, checks of receipts, digests.
_VARIES = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|(?<=cli:)[^\s)）]+@[^\s)）]+|\b[A-Z2-7]{26}\b|\b[0-9a-f]{12,64}\b…?"
#: Where the computer that runs the examples has no `sqlite3`: enough of it for one statement.
_SQLITE3 = """\
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
try:
    statement = ""
    for part in sys.argv[2].split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            for row in connection.execute(statement):
                print(*row, sep="|")
            statement = ""
    connection.commit()
except sqlite3.Error as error:
    sys.exit(f"Error: {error}")
"""


@dataclass
class Block:
    """A fenced block: its word, its lines, and where its first line stands (from 1)."""

    word: str
    line: int
    lines: list[str]

    @property
    def text(self) -> str:
        """The block as one text."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass
class Step:
    """A command of a console block and the lines that the page shows below it."""

    command: str
    line: int
    end: int
    shown: list[str] = field(default_factory=list)


def pages() -> list[Path]:
    """Return README, its translation and every page of docs/."""
    return [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def written_pages() -> list[Path]:
    """Return the pages that people write; the others are generated."""
    return [page for page in pages() if page.name not in GENERATED]


def blocks(page: Path) -> list[Block]:
    """Return a page's fenced blocks. Raises ValueError for a fence that is not closed."""
    found: list[Block] = []
    current: Block | None = None
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        fence = re.fullmatch(r"```([\w-]*)", line)
        if current is not None:
            if line == "```":
                found.append(current)
                current = None
            else:
                current.lines.append(line)
        elif fence:
            current = Block(fence[1], number + 1, [])
    if current is not None:
        raise ValueError(f"{page}:{current.line}: a block is not closed")
    return found


def steps(block: Block) -> list[Step]:
    """Return the commands of a console block. Raises ValueError for output before the first command."""
    found: list[Step] = []
    goes_on = False
    for number, line in enumerate(block.lines, block.line):
        if goes_on:
            found[-1].command += "\n" + line
            found[-1].end = number
        elif line.startswith("$ "):
            found.append(Step(line[2:], number, number))
        elif found:
            found[-1].shown.append(line)
        else:
            raise ValueError(f"line {number}: output before the first command")
        goes_on = line.endswith("\\") and (goes_on or line.startswith("$ "))
    return found


def matches(shown: list[str], printed: list[str]) -> bool:
    """Tell whether what a page shows is what was printed, `…` standing for anything."""
    if not shown:
        return not printed
    if shown[0] == ANY:
        return any(matches(shown[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    first, *others = shown[0].split(ANY)
    parts = [first.rstrip() if others else first, *(part.strip() for part in others)]
    pattern = ".*".join(re.escape(part) for part in parts)
    return bool(printed) and re.fullmatch(pattern, printed[0]) is not None and matches(shown[1:], printed[1:])


def broken_links(page: Path) -> list[str]:
    """Return the links of a page to files or headings that are not there; addresses elsewhere are not tried."""
    wrong = []
    prose = re.sub(r"(?ms)^```.*?^```$|^    [^\n]*$", "", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "``", prose)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            wrong.append(target)
    return wrong


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> list[str]:
    """Return the commands of a page, what stands in quotes left out: it may be in another language."""
    found = [step.command for block in blocks(page) if block.word == "console" for step in steps(block)]
    found += [line.partition(" #")[0].rstrip() for block in blocks(page) if block.word == "sh" for line in block.lines]
    return [re.sub(r"'[^']*'|\"[^\"]*\"", "''", command) for command in found]


def lacking(page: Path) -> list[str]:
    """Return the programs that a page needs and this computer has not."""
    said = [step.command for block in blocks(page) if block.word == "console" for step in steps(block)]
    return [name for name in PROGRAMS if shutil.which(name) is None and any(name in command for command in said)]


def imported(page: Path) -> set[str]:
    """Return the names that a page's Python blocks import from this package."""
    trees = [ast.parse(block.text) for block in blocks(page) if block.word == "python"]
    return {
        alias.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kfq_workflow")
        for alias in node.names
    }


def run_example(example: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run an example's own copy in a folder; stdout and stderr come back together."""
    run = Run(example, folder)
    return subprocess.run(
        [sys.executable, "-W", "error", str(folder / "examples" / example.name)],
        cwd=folder,
        env=run.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )


class Run:
    """One page run in one folder. `differences` are what the page says and is not so."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "__page__"}
        self.differences: list[str] = []
        self.printed: dict[int, tuple[int, list[str]]] = {}
        self.environment = environment(page, folder)
        self._state = folder / ".state"
        self._code = 0
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        self._state.write_text("")

    def all(self) -> list[str]:
        """Run every block and return the differences."""
        found = blocks(self.page)
        for number, block in enumerate(found):
            following = found[number + 1] if number + 1 < len(found) else None
            if block.word == "console":
                self._console(block)
            elif block.word == "python":
                self._python(block, following if following and following.word == "text" else None)
            elif block.word == "yaml":
                self._yaml(block)
            elif block.word == "sh":
                self._targets(block)
        return self.differences

    def _differs(self, line: int, what: str) -> None:
        self.differences.append(f"{self.page}:{line}: {what}")

    def _console(self, block: Block) -> None:
        found = steps(block)
        for number, step in enumerate(found):
            code, printed = self._bash(step.command)
            self.printed[step.end] = (len(step.shown), printed)
            asked = number + 1 < len(found) and found[number + 1].command == "echo $?"
            if code and not asked:
                self._differs(step.line, f"ended with {code}: {step.command}\n" + "\n".join(printed))
            elif not matches(step.shown, printed):
                wanted, got = "\n".join(step.shown), "\n".join(printed)
                self._differs(step.line, f"{step.command}\n--- the page\n{wanted}\n--- the run\n{got}")

    def _bash(self, command: str) -> tuple[int, list[str]]:
        script = (
            f'. "{self._state}"\n(exit {self._code})\n{command}\n_code=$?\n'
            f'{{ declare -px; printf "cd %q\\n" "$PWD"; }} > "{self._state}" 2>/dev/null\nexit $_code\n'
        )
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=120,
        )
        self._code = done.returncode
        return done.returncode, [line.rstrip() for line in done.stdout.decode().splitlines()]

    def _here(self) -> Path:
        """Return the folder that the commands have moved to."""
        where = re.findall(r"^cd (.+)$", self._state.read_text(), re.MULTILINE)
        return Path(shlex.split(where[-1])[0]) if where else self.folder

    def _python(self, block: Block, shows: Block | None) -> None:
        said = io.StringIO()
        try:
            code = compile("\n" * (block.line - 1) + block.text, str(self.page), "exec")
            with contextlib.chdir(self._here()), contextlib.redirect_stdout(said):
                exec(code, self.names)  # noqa: S102 - it is what this is for
        except Exception as error:  # noqa: BLE001 - any error is a difference
            self._differs(block.line, f"{type(error).__name__}: {error}")
            return
        printed = [line.rstrip() for line in said.getvalue().splitlines()]
        if shows is not None:
            self.printed[shows.line - 1] = (len(shows.lines), printed)
        if not matches(shows.lines if shows else [], printed):
            self._differs(block.line, "it prints\n" + "\n".join(printed))

    def _yaml(self, block: Block) -> None:
        import yaml

        from kfq_workflow.definition.document import load
        from kfq_workflow.errors import DefinitionError

        head = re.fullmatch(r"# (?:file:|more of) (\S+)", block.lines[0])
        if head:
            more = block.lines[0].startswith("# more of")
            with (self._here() / head[1]).open("a" if more else "w", encoding="utf-8") as file:
                file.write(block.text.partition("\n")[2])
        try:
            if any(line.startswith("definition:") for line in block.lines):
                if any(line.startswith("transitions:") for line in block.lines):
                    load(block.text)
            else:
                yaml.safe_load(block.text)
        except (DefinitionError, yaml.YAMLError) as error:
            self._differs(block.line, str(error))

    def _targets(self, block: Block) -> None:
        known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
        for line in block.lines:
            if (found := re.match(r"make ([a-z]+)", line)) and found[1] not in known:
                self._differs(block.line, f"the Makefile has no target {found[1]}")


def environment(page: Path, folder: Path) -> dict[str, str]:
    """Return what the commands of a page find: the `kfq` of this Python, a fixed width, the page's language."""
    tools = folder / ".tools"
    tools.mkdir()
    _put(tools / "kfq", "from kfq_workflow.cli import main\nmain()\n")
    if shutil.which("sqlite3") is None:
        _put(tools / "sqlite3", _SQLITE3)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KFQ_")}
    return {
        **kept,
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "KFQ_LANG": "zh" if ".zh-CN." in page.name else "en",
        "LC_ALL": "C.UTF-8",
    }


def _put(path: Path, program: str) -> None:
    path.write_text(f"#!{sys.executable}\n{program}", "utf-8")
    path.chmod(0o755)


def write(page: Path, run: Run) -> bool:
    """Put what the commands printed into the page, with `…` for what varies; tell whether it changed.

    An output that the page abridges and that still matches is left alone.
    """
    lines = page.read_text("utf-8").splitlines()
    before = list(lines)
    for end, (count, printed) in sorted(run.printed.items(), reverse=True):
        if not matches(lines[end : end + count], printed):
            lines[end : end + count] = [_varied(line) for line in printed]
    if lines != before:
        page.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return lines != before


def _varied(line: str) -> str:
    line = re.sub(_VARIES, ANY, line)
    for hours in (0, 8):
        today = (datetime.now(UTC) + timedelta(hours=hours)).date().isoformat()
        line = line.replace(today, ANY + " " * (len(today) - 1))  # in a table the columns stay where they are
    return line.rstrip()


def main(arguments: list[str]) -> int:
    """Run the pages that are named, or all; with --write put in what they print."""
    wanted = [Path(name).resolve() for name in arguments if not name.startswith("-")] or written_pages()
    wrong = 0
    for page in wanted:
        with tempfile.TemporaryDirectory() as folder:
            run = Run(page, Path(folder))
            found = run.all()
            if "--write" in arguments:
                print("written" if write(page, run) else "as it was", page.relative_to(ROOT))
            for difference in found:
                print(difference, file=sys.stderr)
            wrong += len(found)
    return 1 if wrong and "--write" not in arguments else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
