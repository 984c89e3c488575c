"""The base of every error that a user can fix."""


class UserError(Exception):
    """Something is wrong with the data, the settings or the machine, and the message says what.

    A command ends with the message of such an error in one line.  Any other exception is a bug of
    the toolbox and shows its traceback.
    """
