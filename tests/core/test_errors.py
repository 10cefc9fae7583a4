"""A UserError is one line, whatever it quotes."""

import pytest

from negneglect_lite.core.errors import UserError, first_line


@pytest.mark.parametrize("odd", ["\n", "\r\n", "\u2028", "\x85", "\x0b"])
def test_a_name_with_a_line_break_does_not_break_the_line(odd: str) -> None:
    assert str(UserError(f"a{odd}b.yaml: no such file")) == "a b.yaml: no such file"


def test_another_library_s_error_is_told_in_its_first_line() -> None:
    assert first_line(ValueError("one\ntwo")) == "one" and first_line(KeyError()) == "KeyError"
