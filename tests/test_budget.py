"""Tests that cost much are known, each with its reason."""

from __future__ import annotations

import pytest
from budget import FILE, reasons, unexplained

ROOT = FILE.parents[1]


def test_every_line_names_something_and_says_why() -> None:
    named = reasons(FILE.read_text(encoding="utf-8"))
    assert len(named) > 10
    for name in named:
        file, _, test = name.partition("::")
        assert (ROOT / file).exists(), name
        assert not test or f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), name
    with pytest.raises(ValueError, match=r"no reason: tests/e2e/"):
        reasons("# a remark\ntests/e2e/")


def test_what_is_over_without_a_line_is_found_dearest_first() -> None:
    used = [("tests/a.py::x", 9.0), ("tests/a.py::y", 11.0), ("tests/b/c.py::z[1]", 30.0), ("tests/d.py::w", 12.0)]
    assert unexplained(used, ["tests/b/"]) == [("tests/d.py::w", 12.0), ("tests/a.py::y", 11.0)]


def test_a_run_prints_them(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import budget\nbudget.SECONDS = -1.0\nfrom budget import *\n")
    pytester.makepyfile("def test_one() -> None:\n    pass\n\n\ndef test_last() -> None:\n    pass\n")
    result = pytester.runpytest_subprocess("-o", f"pythonpath={FILE.parent / 'support'}", "-p", "no:xdist")
    result.stdout.fnmatch_lines(["*without a line in tests/budget.txt*", "* s  test_a_run_prints_them.py::test_one"])
