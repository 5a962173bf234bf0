"""A corpus of hostile input: each is one clear line within seconds, and leaves nothing behind."""

from __future__ import annotations

import hostile_fits
import hostile_models
import hostile_protocols
import hostile_texts
import hostile_yaml
import pytest
from feeding import fed, tree

CASES = [
    *hostile_yaml.CASES, *hostile_protocols.CASES, *hostile_models.CASES, *hostile_texts.CASES,
    *hostile_fits.CASES,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_hostile_input_is_one_line_and_leaves_nothing(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case.laid_out(tmp_path)
    before = tree(tmp_path)
    ending = fed(case.command)
    assert ending.faults(case.codes) == [], ending.err[:300]
    assert tree(tmp_path) == before


def test_no_two_cases_have_one_name():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
