"""Text and quantities: what is written is what is read, and nothing else is read."""

import math
import re

import pytest
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plasticity_sim.errors import InputError
from plasticity_sim.quantities import (
    display_unit,
    expand_list,
    expand_range,
    hertz,
    in_unit,
    is_range,
    parse_quantity,
    parse_unit,
    require_dimensions,
    seconds,
    split_quantity,
    unit_table,
)

UNITS = ["nS", "mV", "uM", "ms", "pA", "nF", "min", "h", "um", "Hz", "1/(uM*s)", "nS/um**2", "kohm"]
VOLT = get_dimensions(parse_unit("volt"))
# far from the ends, so that the number in front of the unit is a normal float too
ANY_FLOAT = st.floats(-1e90, 1e90).filter(lambda x: x == 0 or abs(x) > 1e-200)


def value(text: str) -> float:
    return float(parse_quantity(text))


@settings(max_examples=300, deadline=None)
@given(ANY_FLOAT, st.sampled_from([*UNITS, "%", "degC", ""]))
def test_a_number_is_shown_in_the_unit_it_was_written_in(number, unit):
    if unit == "degC":
        number = abs(number)
    assert in_unit(value(f"{number!r} {unit}"), unit) == pytest.approx(number, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "si"),
    [
        ("0.5 nS", 5e-10), ("16.13mV", 0.01613), ("+3 nA", 3e-9), (".5 s", 0.5), ("2. s", 2.0),
        ("1e-3 V", 1e-3), ("-70 mV", -0.07), ("1 mM", 1.0), ("500 1/(uM*s)", 500 / 1e-3),
        ("1 1/ms", 1000.0), ("2 /s", 2.0), ("5.18e3 uM/(ms*nA)", 5.18e12), ("3", 3.0),
        ("10 min", 600.0), ("1 h", 3600.0), ("1 hour", 3600.0), ("2 day", 172800.0),
        ("1 kOhm", 1000.0), ("20 um**2", 2e-11), ("1 mV**-1", 1000.0),
    ],
)  # fmt: skip
def test_a_quantity_means_its_number_times_its_unit(text, si):
    assert value(text) == pytest.approx(si, rel=1e-12)


def test_degrees_celsius_are_an_offset_to_kelvin():
    assert value("35 degC") == pytest.approx(308.15)
    assert in_unit(308.15, "degC") == pytest.approx(35)


def test_degrees_celsius_are_a_temperature_from_absolute_zero_on():
    kelvin = get_dimensions(parse_unit("kelvin"))
    assert float(parse_quantity("-273.15 degC", kelvin)) == 0


def test_no_temperature_lies_below_absolute_zero():
    with pytest.raises(InputError, match="-300 degC"):
        parse_quantity("-300 degC")


def test_percent_are_hundredths():
    assert value("35 %") == value("35%") == pytest.approx(0.35)
    assert in_unit(0.35, "%") == pytest.approx(35)


@pytest.mark.parametrize("micro", ["\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"])
def test_a_micro_sign_is_read_or_its_refusal_says_what_to_write(micro):
    with pytest.raises(InputError, match="'uM'"):
        parse_quantity(f"1 {micro}M")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "1 __import__('os')", "1 V.__class__", "mV.real",
        "1 mV.real", "1 V[0]", "1 (lambda: V)()", "1 V if V else A", "1 V;", "1 exp(V)", "1 [V]",
        "1 mV**99", "1 mV**9**9", "1 9**9**9", "1 mV**-99", "1 mV**1.5", "1 V**V",
        "nan", "nan V", "inf", "-inf mV", "1e999", "1e999 V", "1e308 GV",
        "1 2", "1 2 mV", "1 mV 2", "1 mV 2 mV", "1,5 mV", "1_000 mV", "0x10 V", "--1 V",
        "", "  ", "mV", "lots", "1 furlong", "1 V/0", "1 2*V", "1 um^2", "1 V\0", "1 True",
        "1 mV**True", "1 mV # comment", "1e100", "9" * 5000 + " V", "1 " + "(" * 5000, "\u0663 mV",
    ],
)  # fmt: skip
def test_text_that_is_no_quantity_is_refused(text):
    with pytest.raises(InputError, match=r"not a quantity|not a unit|not finite|length"):
        parse_quantity(text)


@pytest.mark.parametrize(
    "text",
    ["mV # why", "mV)", "2", "2*V", "V*2", "2/V", "V/2", "V**1.5", "V**10", "V**-10", "2**2"],
)
def test_a_wrong_unit_is_shown_whole_whichever_part_of_it_is_wrong(text):
    with pytest.raises(InputError, match=f"^'{re.escape(text)}' is not a unit; write units as"):
        parse_unit(text)


def test_a_power_of_a_unit_is_at_most_the_ninth():
    assert get_dimensions(parse_unit("m**9")) == get_dimensions(parse_unit("m")) ** 9


def test_a_number_is_a_quantity_without_a_unit():
    assert (split_quantity(3), split_quantity(0.5)) == ((3.0, ""), (0.5, ""))


def test_text_of_two_hundred_characters_is_read_to_its_end():
    assert split_quantity("5 mV".rjust(200)) == (5.0, "mV")
    assert parse_unit("m" + " " * 196 + "**2") == parse_unit("m**2")
    assert is_range("0:2:3 ms".rjust(200))
    assert expand_range("0:2:3 ms".rjust(200)) == ["0 ms", "1 ms", "2 ms"]


@pytest.mark.parametrize("thing", [True, False, None, [1], {"a": 1}, 10**400])
def test_a_thing_that_is_no_quantity_is_refused(thing):
    with pytest.raises(InputError, match=r"not a quantity|not finite"):
        parse_quantity(thing)


@settings(max_examples=400, deadline=None)
@given(st.text("0123456789.eE+-*/()[] _VmMnSsu%degCinfa:,\n\0", max_size=40))
def test_random_text_is_a_finite_quantity_or_an_input_error(text):
    try:
        quantity = parse_quantity(text)
    except InputError:
        return
    assert math.isfinite(float(quantity))


def test_a_unit_name_does_not_stand_for_a_unit_of_another_spelling():
    with pytest.raises(InputError, match="'Nope' is not a unit"):
        parse_unit("Nope")
    assert unit_table()["Ohm"] is unit_table()["ohm"]


def test_a_wrong_unit_is_named_beside_the_wanted_one():
    with pytest.raises(InputError, match="'1 nS' has the wrong unit; a unit like 'mV' is wanted"):
        parse_quantity("1 nS", VOLT)


def test_a_missing_unit_is_named():
    with pytest.raises(InputError, match="'5' has no unit; write one, as in '5 mV'"):
        parse_quantity("5", VOLT)


def test_a_unit_on_a_plain_number_is_an_error():
    with pytest.raises(InputError, match="'5 mV' has a unit where a plain number is wanted"):
        require_dimensions(parse_quantity("5 mV"), DIMENSIONLESS, "5 mV")


@pytest.mark.parametrize("text", ["5 mV", "5 Hz", "5", "5 degC"])
def test_a_duration_needs_a_unit_of_time(text):
    with pytest.raises(InputError, match="unit"):
        seconds(text)


@pytest.mark.parametrize("text", ["5 s", "5", "5 %"])
def test_a_rate_needs_a_unit_of_frequency(text):
    with pytest.raises(InputError, match="unit"):
        hertz(text)


@pytest.mark.parametrize("unit", ["mV", "nA", "nS", "uM", "ms", "nF", "m**2", "V/m", "kg*m"])
def test_a_shown_unit_has_the_dimensions_it_is_shown_for(unit):
    dimensions = get_dimensions(parse_unit(unit))
    assert get_dimensions(parse_unit(display_unit(dimensions))) is dimensions


def test_a_range_is_start_stop_count_with_both_ends():
    assert expand_range("-30:30:4 ms") == ["-30 ms", "-10 ms", "10 ms", "30 ms"]


def test_a_range_of_one_is_its_start():
    assert expand_range("3:9:1 ms") == ["3 ms"]


def test_a_range_with_log_has_even_ratios():
    assert expand_range("1:1000:4 Hz log") == ["1 Hz", "10 Hz", "100 Hz", "1000 Hz"]
    assert expand_range("0.1:10:3 nS log") == ["0.1 nS", "1 nS", "10 nS"]
    assert expand_range("2:32:3 Hz log") == ["2 Hz", "8 Hz", "32 Hz"]
    assert expand_range("-2:-32:3 log") == ["-2", "-8", "-32"]


def test_a_range_through_zero_holds_zero_itself():
    assert expand_range("-0.3:0.6:4 V") == ["-0.3 V", "0 V", "0.3 V", "0.6 V"]


@pytest.mark.parametrize(
    "text", ["0:1:3 Hz log", "1:0:3 Hz log", "-1:1:3 mV log", "10:20:3 degC log"]
)
def test_even_ratios_need_two_ends_of_one_sign_and_no_offset(text):
    with pytest.raises(InputError, match="two ends of one sign"):
        expand_range(text)


@settings(max_examples=100, deadline=None)
@given(st.integers(-9999, 9999), st.integers(-9999, 9999), st.integers(2, 50), st.integers(-18, 6))
@example(1, 3, 3, -15)
def test_a_range_keeps_its_ends_whatever_their_size(start, stop, count, exponent):
    low, high = float(f"{start}e{exponent}"), float(f"{stop}e{exponent}")
    texts = expand_range(f"{low!r}:{high!r}:{count} A")
    ends = [split_quantity(texts[0])[0], split_quantity(texts[-1])[0]]
    assert ends == pytest.approx([low, high], rel=1e-11, abs=0)
    assert len(texts) == count


@pytest.mark.parametrize(
    ("text", "last"), [("0:100:3 %", "100 %"), ("30:36:3 degC", "36 degC"), ("0:1:3", "1")]
)
def test_a_range_takes_every_unit_that_a_quantity_takes(text, last):
    assert expand_range(text)[-1] == last


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0:1:0 s", "0 values"), ("0:1:100001 s", "100001 values"), ("0:1:-3 s", "not a range"),
        ("0:1 s", "not a range"), ("1ms:2ms:3", "'1ms:2ms:3': the unit stands once"),
        ("1ms:2:3 s", "the unit stands once"), ("1:2ms:3 s", "the unit stands once"),
        ("nan:1:3 s", "nan"),
        ("0:1e400:3 s", "not finite"), ("a:b:3 s", "not a quantity"), ("0:1:3 bogus", "bogus"),
        ("1:9:3 log s", "'log' stands last"), ("1:9:3 nSlog", "'nSlog' is not a unit"),
        ("0:1:2.5 s", "not a"), ("-1e308:1e308:3 V", "1e308"),
        ("-1e308:1e308:3 ym**9", "more than a number can hold"),
        ("0:1:" + "9" * 30 + " s", "values"), ("0:1:" + "9" * 5000 + " s", "values|range"),
    ],
)  # fmt: skip
def test_a_wrong_range_is_refused(text, reason):
    with pytest.raises(InputError, match=reason):
        expand_range(text)


def test_a_range_is_told_from_a_quantity():
    assert is_range("0:1:3 s")
    assert not is_range("1 s")
    assert not is_range(3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,5,10 Hz", ["1 Hz", "5 Hz", "10 Hz"]), (" 1 , 2 Hz ", ["1 Hz", "2 Hz"]),
        ("1 ms,5,10 s", ["1 ms", "5 s", "10 s"]), ("1,2", ["1", "2"]), ("1 mM", ["1 mM"]),
        ("0:2:3 ms", ["0 ms", "1 ms", "2 ms"]),
    ],
)  # fmt: skip
def test_a_list_shares_the_unit_of_its_last_entry(text, expected):
    assert expand_list(text) == expected


@pytest.mark.parametrize("text", ["1,,2 Hz", ",", "1,2,", "a,b"])
def test_a_list_with_a_gap_is_refused(text):
    with pytest.raises(InputError, match="not a quantity"):
        expand_list(text)
