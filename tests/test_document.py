"""YAML files: every mistake has its line, nothing is run, nothing is read without bound."""

import os

import pytest
from pydantic import BaseModel, ConfigDict

from plasticity_sim.document import (
    DEEPEST_NESTING,
    LARGEST_FILE,
    MOST_ENTRIES,
    parse_document,
    read_document,
    validated,
)
from plasticity_sim.errors import InputError, suggestion


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: str = ""


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    count: int = 1
    parts: list[Inner] = []


def parsed(text: str):
    return parse_document(text, "own.yaml")


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parsed(text)
    return str(caught.value)


def test_every_entry_knows_its_line():
    document = parsed("a: 1\n\n# why\nb:\n  - c: 2\n  - d:\n      e: 3\n")
    places = [("a",), ("b",), ("b", 0, "c"), ("b", 1, "d"), ("b", 1, "d", "e")]
    assert [document.line(place) for place in places] == [1, 4, 5, 6, 7]


def test_a_missing_entry_has_the_line_of_what_is_around_it():
    document = parsed("a: 1\nb:\n  c: 2\n")
    assert document.line(("b", "nope", "deeper")) == 2


def test_what_is_missing_below_a_value_has_the_line_of_that_value():
    assert parsed("a: 1\nb:\n  c: 2\n").line(("b", "c", "deeper")) == 3


def test_an_error_of_a_document_names_file_and_line():
    assert str(parsed("a: 1\nb: 2\n").error("is wrong", "b")) == "own.yaml:2: is wrong"


@pytest.mark.parametrize("number", ["0.10", "1e-3", "012", "1_000", "0x10", "1:30", "2020-01-01"])
def test_numbers_keep_the_text_of_their_author(number):
    assert parsed(f"a: {number}").data == {"a": number}


def test_a_word_of_yaml_one_one_is_no_boolean():
    assert parsed("a: yes\nb: off\nc: on").data == {"a": "yes", "b": "off", "c": "on"}


def test_true_and_null_are_read_and_quotes_make_them_text():
    data = parsed("a: true\nb: null\nc: 'true'\nd: \"\"").data
    assert data == {"a": True, "b": None, "c": "true", "d": ""}


def test_a_repeated_key_names_both_lines():
    message = refusal("a: 1\nb: 2\na: 3\n")
    assert message == "own.yaml:3: 'a' stands twice (first on line 1)"


def test_a_repeated_key_is_found_at_any_depth():
    assert refusal("a:\n  - b: 1\n    b: 2\n") == "own.yaml:3: 'b' stands twice (first on line 2)"


def test_an_alias_is_refused():
    assert "aliases (*name) are not read" in refusal("a: &x [1]\nb: *x\n")


def test_an_alias_is_refused_at_the_line_where_it_stands():
    message = refusal("a: &x [1]\n\nb: *x\n")
    assert message == "own.yaml:3: YAML aliases (*name) are not read; write it out"


def test_a_bomb_of_anchors_is_refused_at_once():
    pairs = zip("abcdefgh", "bcdefghi", strict=True)
    layers = [f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]" for last, name in pairs]
    message = refusal("a: &a [lol, lol]\n" + "\n".join(layers))
    assert "aliases" in message


def test_an_entry_that_holds_itself_is_refused():
    assert "aliases" in refusal("a: &x {b: *x}")


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['touch ran']",
        "a: !!python/object/new:os.system [touch ran]",
        "a: !!python/name:os.system ''",
        "!!python/object:os.x {a: 1}",
        "a: !!binary aGk=",
        "a: !mine 1",
        "a: !mine [1]",
        "a: !mine {b: 1}",
        "a: !!set {b}",
    ],
)
def test_a_tag_is_refused_and_nothing_runs(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refusal(text) == "own.yaml:1: YAML tags (!name) are not read; delete it"
    assert os.listdir(tmp_path) == []


def nested(depth: int) -> str:
    return "a: " + "[" * depth + "]" * depth


def test_nesting_is_read_down_to_its_bound():
    assert "a" in parsed(nested(DEEPEST_NESTING)).data


@pytest.mark.parametrize("more", [1, 5])
def test_deeper_nesting_names_the_bound(more):
    assert refusal(nested(DEEPEST_NESTING + more)) == "own.yaml:1: nested deeper than 20 levels"


def test_lists_beside_each_other_are_not_nested():
    assert len(parsed("a: [" + "[1], " * 50 + "]").data["a"]) == 50


def entries(count: int) -> str:
    return "a:\n" + "- 1\n" * (count - 3)  # the whole, the key and the list count too


def test_entries_are_read_up_to_their_bound():
    assert len(parsed(entries(MOST_ENTRIES)).data["a"]) == MOST_ENTRIES - 3


def test_one_entry_more_is_refused_where_it_stands():
    message = refusal(entries(MOST_ENTRIES + 1))
    assert message == f"own.yaml:{MOST_ENTRIES - 1}: has more than {MOST_ENTRIES} entries"


@pytest.mark.parametrize("text", [nested(3_000), "a: " + "[" * 400_000, "a: " + "{b: " * 100_000])
def test_absurd_nesting_is_refused(text):
    assert "own.yaml" in refusal(text)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_an_empty_file_is_refused_with_a_next_step(text):
    message = refusal(text)
    assert message == "own.yaml: is empty; see `plasticity-sim new` for a commented start"


@pytest.mark.parametrize("text", ["[1, 2]", "- a: 1\n- b: 2\n", "hello", "---\n", "5"])
def test_a_top_level_without_keys_is_refused(text):
    assert refusal(text).startswith("own.yaml:1: must hold `key: value` lines")


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1", 1), ("a: 1\nb: c: d\n", 2), ("a:\n\t- b\n", 2), ("a: 1\n b: 2\n", 2)],
)
def test_broken_yaml_names_the_line(text, line):
    assert refusal(text).startswith(f"own.yaml:{line}: not valid YAML: ")


def test_a_character_that_yaml_does_not_have_is_named():
    assert refusal("a: 1\x07").startswith("own.yaml: not valid YAML: unacceptable character #x0007")


def test_a_second_document_is_refused():
    assert "another document" in refusal("a: 1\n---\nb: 2\n")


def test_a_key_must_be_a_word():
    assert refusal("? [a, b]\n: 1\n") == "own.yaml:1: a key must be a single word"


@pytest.mark.parametrize("text", ["a: \0", "a\0: 1", 'a: "\\0"', 'a: "\\x00b"'])
def test_a_null_character_is_refused(text):
    assert "own.yaml" in refusal(text)


@pytest.mark.parametrize("text", ['a: 1\nb: "\\0"\n', 'a: 1\n"\\0": 1\n', 'a: 1\nb: ["\\x1f"]\n'])
def test_what_cannot_be_printed_is_refused_at_its_line(text):
    assert refusal(text).startswith("own.yaml:2: holds a character that cannot")


@pytest.mark.parametrize("code", ["d800", "dfff"])
def test_a_lone_surrogate_is_refused(code):
    assert refusal(f'a: 1\nb: "\\u{code}"').startswith("own.yaml:2: ")


def test_tabs_and_new_lines_may_stand_in_text():
    assert parsed('a: "1\\t2\\n3"').data == {"a": "1\t2\n3"}


def test_an_anchor_that_stands_twice_is_refused():
    assert refusal("a: &x 1\nb: &x 2\n").startswith("own.yaml:2: the YAML anchor &x stands twice")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"nope\.yaml: is not a file"):
        read_document(tmp_path / "nope.yaml")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a file; give a YAML file"):
        read_document(tmp_path)


def test_a_large_file_is_refused(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text("a: " + "x" * 10_000_000)
    with pytest.raises(InputError, match=rf"large\.yaml: has 10000003 bytes.* {LARGEST_FILE} "):
        read_document(path)


def test_a_file_is_read_up_to_its_bound(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text("a: " + "x" * (LARGEST_FILE - 3))
    assert len(read_document(path).data["a"]) == LARGEST_FILE - 3
    path.write_text("a: " + "x" * (LARGEST_FILE - 2))
    with pytest.raises(InputError, match=f"has {LARGEST_FILE + 1} bytes"):
        read_document(path)


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("title: Ca\xb2\xff".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.yaml: is not UTF-8 text"):
        read_document(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    document = read_document(path)
    assert document.data == {"a": "1", "b": "2"}
    assert document.line(("b",)) == 2


def test_an_unknown_key_gets_the_nearest_one_and_its_line():
    document = parsed("title: x\nparts:\n  - rate: 1\n  - rat: 2\n")
    with pytest.raises(InputError) as caught:
        validated(document, Outer)
    assert str(caught.value) == "own.yaml:4: unknown key 'rat'; did you mean 'rate'?"


def test_a_part_of_a_file_is_told_at_its_own_line():
    document = parsed("title: x\nparts:\n  - rate: 1\n  - rat: 2\n")
    with pytest.raises(InputError) as caught:
        validated(document, Inner, ("parts", 1))
    assert str(caught.value) == "own.yaml:4: unknown key 'rat'; did you mean 'rate'?"


def test_a_missing_key_is_named():
    with pytest.raises(InputError, match=r"own\.yaml:1: 'title' is missing"):
        validated(parsed("count: 2\n"), Outer)


def test_a_wrong_value_is_shown_with_its_key_and_line():
    with pytest.raises(InputError, match=r"own\.yaml:2: count: .*integer.*'many'"):
        validated(parsed("title: x\ncount: many\n"), Outer)


def test_a_list_where_one_value_belongs_is_an_error():
    with pytest.raises(InputError, match=r"^own\.yaml:1: title: input should be a valid string$"):
        validated(parsed("title: [a, b]\n"), Outer)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("g_ndma", ["g_nmda", "tau_ca"], "did you mean 'g_nmda'?"),
        ("zzz", ["b", "a"], "known: a, b"),
        ("zzz", [], "there are none"),
    ],
)
def test_a_suggestion_is_the_nearest_name_or_the_known_ones(name, known, hint):
    assert suggestion(name, known) == hint


def test_an_error_is_one_line():
    assert "\n" not in str(InputError("two\nlines", "f.yaml", 3))
