"""What a check must have printed when it fails: one line that names the exercise and holds the hint."""


def told(capsys, name, hint):
    out = capsys.readouterr().out
    assert out.startswith(f"✗ {name}: ")
    assert hint.lower() in out.lower()
    assert out.count("\n") == 1


def fails(check, wrong, hint, capsys):
    assert not check(wrong)
    told(capsys, check.__name__.removeprefix("check_"), hint)
