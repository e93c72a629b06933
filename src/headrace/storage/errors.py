"""What an operator must put right before the storage can be used."""


class Unusable(Exception):
    """The database, or a file beside it, cannot be used. The text names the file and says why."""
