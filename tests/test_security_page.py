"""docs/security.md tells the truth: each test that it names is there, and what has no better place is tested here."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "security.md").read_text())
    assert len(named) > 25
    missing = []
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text()) if (ROOT / path).is_file() else ast.Module([], [])
        if name not in {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}:
            missing.append(f"{path}::{name}")
    assert missing == []


def test_nothing_is_unpickled() -> None:
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        if {".venv", "var", "tests"} & set(path.relative_to(ROOT).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [one.name for one in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if {name.partition(".")[0] for name in names} & {
                "pickle",
                "cPickle",
                "marshal",
                "shelve",
                "dill",
                "joblib",
                "cloudpickle",
            }:
                wrong.append(str(path))
    assert wrong == []
