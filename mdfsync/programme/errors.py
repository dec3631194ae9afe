"""What is wrong with a programme or a case, in words for its author. Lowest part of `programme`."""

from __future__ import annotations


class ExpressionError(ValueError):
    """An expression that cannot be read, or whose kinds do not fit together."""


class ProgrammeError(ValueError):
    """A programme file with everything that is wrong in it, one line each: `key: what`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CaseError(ValueError):
    """A file of cases that cannot be used, with the case."""
