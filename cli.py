"""Run `kfq` from a checkout: `python cli.py …`."""

from kfq_workflow.cli import main

main()
