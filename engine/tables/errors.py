"""The one error of the tables: a file or table that can't be used, in one sentence."""


class TableError(ValueError):
    """A file that can't be read as a table; the message is one sentence naming the file and, where known, the column."""
