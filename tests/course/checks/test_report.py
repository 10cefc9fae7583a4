"""What a check prints in a notebook: the sign of a failure stands out, and no code is in what passed."""

import pytest

from negneglect_lite.course import checks


@pytest.mark.parametrize("kernel", [False, True])
def test_a_failure_stands_out_in_a_notebook_and_is_plain_text_elsewhere(
    kernel: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "in_kernel", lambda: kernel)
    assert checks.report_check("deny", "")
    assert not checks.report_check("deny", "", "a clause is left.")
    passed, failed = capsys.readouterr().out.splitlines()
    assert passed == "✓ deny: right."
    assert failed == ("\x1b[7m✗ deny:\x1b[0m" if kernel else "✗ deny:") + " a clause is left."
