"""The base of every error that a user can fix, and text that can be shown."""


class UserError(Exception):
    """Something is wrong with the data, the settings or the machine, and the message says what.

    A command ends with the message of such an error in one line.  Any other exception is a bug of
    the toolbox and shows its traceback.
    """


def printable(text: str) -> str:
    """Text as any terminal, log or UTF-8 file takes it.

    The bytes of a file's name that are not UTF-8, which Python holds as lone surrogates, become
    escapes such as ``\\udce9``.
    """
    return text.encode('utf-8', 'backslashreplace').decode('utf-8')
