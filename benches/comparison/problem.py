"""Problems that a person must solve before anything can be measured."""


class Problem(Exception):
    """A sentence that states the problem and what to do about it."""
