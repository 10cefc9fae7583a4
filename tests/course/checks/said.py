"""What a check must have printed when it fails: one line that names the exercise and holds the hint."""

# Checks whose exercise is named as one of another notebook.
EXERCISES = {"check_token_labels": "labels"}


def exercise(check):
    """The name of the exercise that a check is for."""
    return EXERCISES.get(check.__name__, check.__name__.removeprefix("check_"))


def told(capsys, name, hint):
    out = capsys.readouterr().out
    assert out.startswith(f"✗ {name}: ")
    assert hint.lower() in out.lower()
    assert out.count("\n") == 1


def fails(check, wrong, hint, capsys):
    assert not check(wrong)
    told(capsys, exercise(check), hint)
