"""featviz.text: nothing hidden, nothing that changes how its neighbours are shown."""

import pytest

from featviz.text import first_line, shown, visible


@pytest.mark.parametrize(
    "text",
    ["person", "naïve-é", "猫 and 🦊", "a\\b", "{{7*7}}", "</script>", "👩\u200d🚀", "❤\ufe0f\u200d🔥", "श्री", "1️⃣", ""],
)
def test_what_can_be_seen_is_left_alone(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\0b", r"a\x00b"),
        ("run\nname", r"run\x0aname"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x9b31m", r"\x9b31m"),
        ("safe\u202etxt.exe", r"safe\u202etxt.exe"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),  # a tag character
        ("\ue000", r"\ue000"),  # private use
        ("\u3164", r"\u3164"),  # a letter that is drawn as nothing
        ("a\u034fb", r"a\u034fb"),
        ("\u2800", r"\u2800"),
        ("a\u200db", r"a\u200db"),  # joins nothing here
        ("🦊\u200d\u200d🦊", r"🦊\u200d\u200d🦊"),
        ("🦊\u200d\u202e", r"🦊\u200d\u202e"),
        ("\u200d", r"\u200d"),
        ("🦊\u200d", r"🦊\u200d"),
        ("\ufe0fa", r"\ufe0fa"),
        ("a\ufe0f\ufe0f\U000e0100", "a\ufe0f\\ufe0f\\U000e0100"),  # a string of selectors can carry a message
    ],
)
def test_what_is_hidden_is_written_out(text, shown):
    assert visible(text) == shown


def test_a_long_text_is_cut_and_its_length_said():
    assert visible("x" * 1_000_000, 5) == "xxxxx… (1000000 characters)"
    assert visible("xxxxx", 5) == "xxxxx"
    assert visible("🦊\u200d🦊", 2) == "🦊\\u200d… (3 characters)"


def test_what_is_no_string_is_turned_into_one():
    assert visible(None) == "None"
    assert visible(3.5) == "3.5"
    assert visible(FileNotFoundError("no\x07 file")) == r"no\x07 file"


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (ValueError(), "ValueError"),
        (ValueError("  \n "), "ValueError"),
        (ValueError("\n\nafter blank lines"), "ValueError: after blank lines"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (ValueError("\x1b[31mred"), r"ValueError: \x1b[31mred"),
        (ValueError("a\rb"), r"ValueError: a\x0db"),
        (Mute(), "Mute: <the exception could not be shown>"),
        (type("E\x1b", (Exception,), {})("x"), r"E\x1b: x"),
    ],
)
def test_first_line(error, line):
    assert first_line(error) == line


def test_first_line_is_cut():
    assert first_line(ValueError("x" * 1000), 10) == "ValueError: xxxxxxxxxx… (1000 characters)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3 (int)"),
        (None, "None (NoneType)"),
        ("a\u202e", r"'a\u202e' (str)"),
        (Mute(), "Mute() (Mute)"),
        (10**5000, "an object of type int"),  # Python refuses to write it out
        ("x" * 100, "'" + "x" * 59 + "… (102 characters) (str)"),
    ],
    ids=["int", "None", "hidden", "mute", "huge", "long"],
)
def test_shown(value, text):
    assert shown(value) == text
