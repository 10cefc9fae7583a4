"""The one exception that is a message to the person: what was wrong, where, and what to do."""


class UserError(Exception):
    """Something the person can put right. The command line prints it as one line and exits with 2."""
