"""The one exception that is a message to the person: what was wrong, where, and what to do."""


class UserError(Exception):
    """Something the person can put right. The command line prints it as one line and exits with 2."""


def first_line(error: Exception) -> str:
    """What another library's error says, in a line."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
