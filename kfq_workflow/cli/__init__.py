"""The command `kfq`: read options, make one public call, print. Nothing here decides anything.

`main` is the console script. The commands are loaded one at a time, when they are invoked: see `root`.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run `kfq` with the arguments of the process, and leave with its exit code."""
    try:
        from kfq_workflow.cli.root import kfq
    except KeyboardInterrupt:  # before there is a language to say it in
        sys.exit(130)

    kfq.main(prog_name="kfq")
