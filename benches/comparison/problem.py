"""What a person has to mend before anything can be measured."""


class Problem(Exception):
    """A sentence that says what is wrong and what to do about it."""
