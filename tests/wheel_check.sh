#!/bin/sh
# Build the source archive and from it the wheel, install the wheel in a fresh environment, and use it there, far
# from the checkout. `make wheel` runs this; the argument is a Python that has `build`.
set -eu

python=${1:?usage: tests/wheel_check.sh PYTHON}
case $python in /*) ;; *) python=$PWD/$python ;; esac
checkout=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV

"$python" -m build --outdir "$place/dist" "$checkout" >"$place/build.log" 2>&1 || { cat "$place/build.log" >&2; exit 1; }
"$python" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$place"/dist/*.whl

cd "$place"
PATH=$place/venv/bin:$PATH
KFQ_DATABASE_URL=sqlite:///$place/kfq.db
export PATH KFQ_DATABASE_URL

run() {
    echo "+ $*"
    "$@" >"$place/output" 2>&1 || { status=$?; cat "$place/output" >&2; echo "$* failed ($status)" >&2; exit 1; }
}

run python - <<'PYTHON'
import sys
from importlib.resources import files
from pathlib import Path

import kfq_workflow
from kfq_workflow import schema

package = files("kfq_workflow")
assert Path(kfq_workflow.__file__).is_relative_to(sys.prefix), kfq_workflow.__file__
assert schema.migrations_folder() == Path(str(package)) / "migrations", schema.migrations_folder()
assert (package / "py.typed").is_file()
assert [path.name for path in (package / "zones").iterdir() if path.name.endswith(".yaml")], "no definitions in zones/"
templates = {path.name for path in (package / "report" / "templates").iterdir()}
assert templates == {"base.html", "board.html", "checkpoint.html", "instance.html", "parts.html", "style.css"}, templates
for revision in schema.REVISIONS:
    assert [path for path in (package / "migrations" / "versions").iterdir() if path.name.startswith(revision)], revision
PYTHON
run python -c 'import kfq_workflow'
run kfq --version
run kfq --help
run kfq init
run kfq demo linfen-2020
run kfq db check
run kfq verify
if kfq report --all >"$place/output" 2>&1; then echo 'a report without Jinja2' >&2; exit 1; fi
grep -q "pip install 'kfq-workflow\[report\]'" "$place/output" || { cat "$place/output" >&2; exit 1; }
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$(echo "$place"/dist/*.whl)[report,xlsx]"
run kfq report --all --out all.html
run kfq report guxian-etdz --lang zh --out one.html
run kfq export log.xlsx --format xlsx
run kfq bundle log.zip
run python -m kfq_workflow.verify_bundle log.zip
echo "the installed wheel works"
