"""The one exception that is a message to the person: what was wrong, where, and what to do."""


class UserError(Exception):
    """Something the person can put right. The command line prints it as one line and exits with 2."""

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.splitlines()))  # a name that it quotes may hold line breaks


def first_line(error: Exception) -> str:
    """What another library's error says, in a line."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
