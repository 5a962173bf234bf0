"""Compiled programs that are kept: built once, whole or rebuilt, told of and cleared."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from own_cache import KEY, ROOT, build, is_rebuilt, never
from own_cache import home as home

from plasticity_sim.cli import main
from plasticity_sim.engine import cache
from plasticity_sim.errors import InputError


@pytest.fixture
def cli(capsys, monkeypatch):
    """Return exit code and stdout of one command, run in this process."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["plasticity-sim", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code, capsys.readouterr().out

    return run


def test_the_second_call_builds_nothing():
    first, built = cache.kept(KEY, build)
    assert built
    assert cache.kept(KEY, never) == (first, False)


def test_what_is_kept_still_runs():
    folder, _ = cache.kept(KEY, build)
    assert subprocess.check_output([folder / "program"], text=True) == "runs\n"


def test_the_manifest_names_each_file_with_its_size(home):
    cache.kept(KEY, build)
    manifest = json.loads((home / KEY / "manifest.json").read_text())
    sizes = {name: file["size"] for name, file in manifest.items()}
    assert sizes == {"deep/table.bin": 256, "program": 20}


def test_a_file_added_later_does_no_harm(home):
    cache.kept(KEY, build)
    (home / KEY / "result").write_text("1")
    cache.kept(KEY, never)


def test_a_key_depends_on_each_part_and_its_border():
    keys = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ("1:a", "b"), ()]
    assert len({cache.fingerprint(*parts) for parts in keys}) == len(keys)


def test_a_key_is_the_same_in_every_process():
    code = "from plasticity_sim.engine import cache; print(cache.fingerprint('µ', 'b'))"
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert printed.strip() == cache.fingerprint("µ", "b")


@pytest.mark.parametrize("key", ["", "..", "a/b", "A" * 32])
def test_a_key_of_ones_own_making_is_refused(key):
    with pytest.raises(ValueError, match="fingerprint"):
        cache.kept(key, build)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"PLASTICITY_SIM_CACHE": "own", "XDG_CACHE_HOME": "/xdg"}, "{here}/own"),
        ({"PLASTICITY_SIM_CACHE": "~/own", "HOME": "{here}"}, "{here}/own"),
        ({"XDG_CACHE_HOME": "{here}/xdg"}, "{here}/xdg/plasticity-sim"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "{here}"}, "{here}/.cache/plasticity-sim"),
        ({"HOME": "{here}"}, "{here}/.cache/plasticity-sim"),
    ],
)
def test_the_folder_follows_the_environment(tmp_path, monkeypatch, variables, expected):
    monkeypatch.chdir(tmp_path)
    for name in ("PLASTICITY_SIM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(here=tmp_path))
    assert cache.folder() == Path(expected.format(here=tmp_path))


def truncate(entry: Path) -> None:
    os.truncate(entry / "program", 3)


def flip(entry: Path) -> None:
    data = bytearray((entry / "deep" / "table.bin").read_bytes())
    data[100] ^= 1
    (entry / "deep" / "table.bin").write_bytes(data)


def lose_a_file(entry: Path) -> None:
    (entry / "program").unlink()


def forbid_to_run(entry: Path) -> None:
    (entry / "program").chmod(0o644)


def lose_the_manifest(entry: Path) -> None:
    (entry / "manifest.json").unlink()


def empty(entry: Path) -> None:
    for path in sorted(entry.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def become_a_file(entry: Path) -> None:
    empty(entry)
    entry.rmdir()
    entry.write_text("not a folder")


DAMAGES = [truncate, flip, lose_a_file, forbid_to_run, lose_the_manifest, empty, become_a_file]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_built_again(home, damage):
    cache.kept(KEY, build)
    damage(home / KEY)
    assert is_rebuilt(home)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\xff\x00", b"{", b"{}", b"[]", b"[1]", b"3", b'{"program": 1}', b'{"..": {}}',
     b"[" * 100_000],
)  # fmt: skip
def test_an_entry_with_a_garbage_manifest_is_built_again(home, garbage):
    cache.kept(KEY, build)
    (home / KEY / "manifest.json").write_bytes(garbage)
    assert is_rebuilt(home)


@pytest.mark.parametrize("problem", [RuntimeError, OSError, KeyboardInterrupt])
def test_a_failed_build_leaves_nothing_and_says_why(home, problem):
    def fails(folder: Path) -> None:
        build(folder)
        raise problem("the compiler said no")

    with pytest.raises(problem, match="the compiler said no"):
        cache.kept(KEY, fails)
    assert list(home.iterdir()) == []
    assert cache.kept(KEY, build)[1]


@pytest.fixture
def only_readable(home, monkeypatch):
    """Refuse, below the cache, all that a read-only file system refuses."""

    def refused(*arguments, **options):
        raise OSError(30, "Read-only file system", str(home))

    def make_it_so():
        before = os.open

        def opened(path, flags, *rest, **options):
            if str(path).startswith(str(home)) and flags & (os.O_RDWR | os.O_CREAT):
                refused()
            return before(path, flags, *rest, **options)

        monkeypatch.setattr(os, "open", opened)
        monkeypatch.setattr(os, "utime", refused)

    return make_it_so


def test_a_cache_that_can_only_be_read_has_hits(home, only_readable):
    cache.kept(KEY, build)
    only_readable()
    assert cache.kept(KEY, never) == (home / KEY, False)


def test_a_cache_that_can_only_be_read_is_not_cleared(home, only_readable):
    cache.kept(KEY, build)
    only_readable()
    with pytest.raises(InputError, match="cannot be emptied: Read-only"):
        cache.clear()


def test_a_hit_is_a_use(home):
    cache.kept(KEY, build)
    os.utime(home / KEY, (1000, 1000))
    assert cache.entries()[0].used == 1000
    cache.kept(KEY, never)
    assert time.time() - cache.entries()[0].used < 60


def test_an_entry_tells_its_size(home):
    cache.kept(KEY, build)
    (entry,) = cache.entries()
    manifest = (home / KEY / "manifest.json").stat().st_size
    assert (entry.key, entry.path, entry.bytes) == (KEY, home / KEY, 276 + manifest)


def test_the_longest_unused_entries_make_room_for_new_ones(home, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 3)
    keys = [cache.fingerprint(str(number)) for number in range(4)]
    for age, key in enumerate(keys[:3]):
        cache.kept(key, build)
        os.utime(home / key, (1000 - age, 1000 - age))
    cache.kept(keys[2], never)
    cache.kept(keys[3], build)
    assert {entry.key for entry in cache.entries()} == {keys[0], keys[2], keys[3]}
    assert not (home / f"{keys[1]}.lock").exists()


def test_doctor_tells_what_is_kept_and_where(cli, home):
    cache.kept(KEY, build)
    code, out = cli("doctor")
    assert code == 0
    assert re.search(rf"^cache +entries 1, megabytes 0\.0, in {home}$", out, re.MULTILINE)


def test_doctor_does_not_make_the_cache(cli, home):
    _, out = cli("doctor", "--json")
    assert json.loads(out)["cache"] == {"entries": 0, "megabytes": 0.0, "in": str(home)}
    assert not home.exists()


def test_doctor_clears_the_cache(cli, home):
    cache.kept(KEY, lambda folder: (folder / "program").write_bytes(b"x" * 250_000))
    code, out = cli("doctor", "--clear-cache")
    assert (code, out) == (0, f"removed     entries 1, megabytes 0.25, in {home}\n")
    assert list(home.iterdir()) == []


def test_doctor_tells_in_json_what_it_cleared(cli, home):
    cache.kept(KEY, build)
    _, out = cli("doctor", "--clear-cache", "--json")
    assert json.loads(out) == {"removed": {"entries": 1, "megabytes": 0.0, "in": str(home)}}
