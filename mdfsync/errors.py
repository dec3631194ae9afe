"""Every exception that mdfsync raises on purpose, sorted by what the caller does about it.

    MdfsyncError
    ├── UsageError        bad arguments, settings or policy files        exit 2
    │   └── PolicyError   carries every reason at once
    ├── Refused           the gate, a stale plan or an intake said no    exit 3
    ├── BaseBusy          another run holds the base                     exit 4
    └── Stopped           the run cannot go on                           exit 1
        ├── AuthLost      401/403: nothing may be concluded from it
        ├── QuotaSpent    monthly or daily allowance used up
        └── Unreachable   the service did not answer in time

Messages are one line: what, where, what to do. Nothing here carries a token or a request object.
Anything that *data* can cause is a `Finding` or a `Reject`, never an exception.
"""

from __future__ import annotations

from collections.abc import Sequence


class MdfsyncError(Exception):
    """Root of everything the command line prints as one line without a traceback."""

    exit_code = 1


class UsageError(MdfsyncError):
    """The command, a setting or a policy file is wrong; nothing was done."""

    exit_code = 2


class PolicyError(UsageError):
    """Policy files do not hold together; `reasons` lists every one, each with file and key."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


class Refused(MdfsyncError):
    """A gate limit, a stale plan or an unapproved base: the plan was shown, nothing was written."""

    exit_code = 3


class BaseBusy(MdfsyncError):
    """Another run holds this base."""

    exit_code = 4


class Stopped(MdfsyncError):
    """The run had to end; the journal lets the next one finish it."""


class AuthLost(Stopped):
    """A token was refused. No row may be called missing because of it."""


class QuotaSpent(Stopped):
    """The plan's allowance of calls is used up; waiting seconds or hours does not help."""


class Unreachable(Stopped):
    """The service did not answer within the deadline."""


class OutcomeUnknown(MdfsyncError):
    """A write was sent and its answer lost: the next request about it must be a read."""


class WriteRejected(MdfsyncError):
    """The service certainly did not apply the write; `status` and `kind` say why."""

    def __init__(self, message: str, *, status: int, kind: str) -> None:
        self.status = status
        self.kind = kind
        super().__init__(message)
