"""The one error of the tables: a file or table that can't be used, in one sentence."""


class TableError(ValueError):
    """A file or table that can't be used; the message is one sentence naming the file and, where known, the column."""
