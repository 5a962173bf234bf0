"""Compiled programs that are kept: built once, whole or rebuilt, never in anybody's way."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plasticity_sim.cli import main
from plasticity_sim.engine import cache
from plasticity_sim.errors import InputError

ROOT = Path(__file__).parent.parent
KEY = cache.fingerprint("a model", "its flags")

# Tells when it begins and when it builds; ends its build when the file 'go' is there.
SLOW = """
import os, pathlib, sys, time
from plasticity_sim.engine import cache
here = pathlib.Path(sys.argv[1])
def build(folder):
    (folder / "program").write_text("half")
    with open(here / "built", "a") as log:
        log.write("x")
    while not (here / "go").exists():
        time.sleep(0.01)
    (folder / "program").write_text("whole")
(here / f"begun-{os.getpid()}").touch()
folder, built = cache.kept(sys.argv[2], build)
print(built, (folder / "program").read_text())
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Keep everything below the test's own folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("PLASTICITY_SIM_CACHE", str(folder))
    return folder


@pytest.fixture
def cli(capsys, monkeypatch):
    """Return exit code and stdout of one command, run in this process."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["plasticity-sim", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code, capsys.readouterr().out

    return run


def build(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "table.bin").write_bytes(bytes(range(256)))
    (folder / "program").write_text("#!/bin/sh\necho runs\n")
    (folder / "program").chmod(0o755)


def never(folder: Path) -> None:
    raise AssertionError("this was to be a hit")


def started(here: Path, script: str = SLOW) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, str(here), KEY]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def wait_for(here: Path, pattern: str, count: int = 1) -> None:
    until = time.monotonic() + 60
    while len(list(here.glob(pattern))) < count:
        assert time.monotonic() < until, f"{pattern} never came"
        time.sleep(0.01)


def killed_while_building(here: Path) -> None:
    process = started(here)
    wait_for(here, "built")
    process.send_signal(signal.SIGKILL)
    process.communicate()


def left_over(home: Path) -> list[str]:
    return [path.name for path in home.glob(".building-*")]


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


def is_rebuilt(home: Path) -> bool:
    folder, built = cache.kept(KEY, build)
    assert (folder / "deep" / "table.bin").read_bytes() == bytes(range(256))
    assert left_over(home) == []
    cache.kept(KEY, never)
    return built


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


def test_processes_at_once_build_once(tmp_path):
    processes = [started(tmp_path) for _ in range(4)]
    wait_for(tmp_path, "built")
    wait_for(tmp_path, "begun-*", 4)
    time.sleep(0.2)  # the others come to wait
    (tmp_path / "go").touch()
    printed = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert printed == ["False whole"] * 3 + ["True whole"]
    assert (tmp_path / "built").read_text() == "x"


def test_a_killed_builder_leaves_nothing_that_counts(tmp_path, home):
    killed_while_building(tmp_path)
    assert len(left_over(home)) == 1
    assert cache.entries() == []
    assert is_rebuilt(home)


def test_who_waits_for_a_builder_that_is_killed_builds(tmp_path, home):
    first = started(tmp_path)
    wait_for(tmp_path, "built")
    second = started(tmp_path)
    wait_for(tmp_path, "begun-*", 2)
    time.sleep(0.2)  # the second comes to wait
    first.kill()
    first.communicate()
    (tmp_path / "go").touch()
    assert second.communicate(timeout=60)[0] == "True whole\n"


def test_a_build_of_another_key_removes_what_was_left(tmp_path, home):
    killed_while_building(tmp_path)
    other = cache.fingerprint("another model")
    cache.kept(other, build)
    assert {path.name for path in home.iterdir()} == {other, f"{other}.lock"}


def test_clear_and_other_builds_let_a_living_builder_finish(tmp_path, home):
    process = started(tmp_path)
    wait_for(tmp_path, "built")
    cache.kept(cache.fingerprint("another model"), build)
    assert cache.clear() == 1
    (tmp_path / "go").touch()
    assert process.communicate(timeout=60)[0] == "True whole\n"
    assert [entry.key for entry in cache.entries()] == [KEY]


def test_clear_removes_everything_of_its_own_and_nothing_else(tmp_path, home):
    killed_while_building(tmp_path)
    for name in ("one", "two"):
        (home / cache.fingerprint(name)).mkdir()
    (home / "thesis").mkdir()
    (home / "thesis.lock").touch()
    assert cache.clear() == 2
    assert {path.name for path in home.iterdir()} == {"thesis", "thesis.lock"}


def test_processes_that_build_hit_and_clear_at_once_never_fail(tmp_path):
    script = """
import sys
from plasticity_sim.engine import cache
def build(folder):
    for name in "abcdef":
        (folder / name).write_text(name * 1000)
for count in range(150):
    folder, _ = cache.kept(cache.fingerprint(str(count % 3)), build)
    assert folder.parent == cache.folder()
    if count % 7 == 0:
        cache.clear()
print("done")
"""
    processes = [started(tmp_path, script) for _ in range(4)]
    assert [process.communicate(timeout=120)[0] for process in processes] == ["done\n"] * 4
    assert left_over(cache.folder()) == []


def test_a_cache_that_cannot_be_made_is_replaced_while_the_process_lives(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PLASTICITY_SIM_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    script = """
import sys
from plasticity_sim.engine import cache
def build(folder):
    (folder / "program").write_text("whole")
first = cache.kept(sys.argv[2], build)
again = cache.kept(sys.argv[2], build)
print(first[0] == again[0], first[1], again[1], (first[0] / "program").read_text())
"""
    assert started(tmp_path, script).communicate()[0] == "True True False whole\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]  # gone with the process
    assert (cache.entries(), cache.clear()) == ([], 0)


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
