"""The one error of the tables: a file or table that can't be used, in one sentence."""


class TableError(ValueError):
    """A file or table that can't be used; the message is one sentence naming the file and, where known, the column.

    Line breaks that come with a file's own words are made spaces.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(" ".join(sentence.split()))


def shortened(value: object, longest: int = 60) -> str:
    """A value from a file, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
