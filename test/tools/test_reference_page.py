"""What the writers of reference pages share, and how they write help texts."""

from tools import commands_page
from tools.reference_page import code, table


def test_a_table_has_its_head_and_escapes_what_would_end_a_cell():
    lines = table(["key", "meaning"], [["a", "b|c"], ["", "two\nlines"]]).splitlines()
    assert lines == [
        "| key | meaning |",
        "|---|---|",
        "| a | b\\|c |",
        "| | two lines |",
        "",
    ]


def test_code_of_nothing_is_nothing():
    assert [code("a"), code(0), code("")] == ["`a`", "`0`", ""]


def test_examples_in_a_help_text_become_one_block_of_code():
    text = "Do it.\n\nseg-perception a b\n\nseg-perception c \\\n  --d\n\nThen more.\n"
    expected = "Do it.\n\n```sh\nseg-perception a b\nseg-perception c \\\n  --d\n```\n\nThen more."
    assert commands_page._text(text) == expected
