"""Looking back on a campaign that is over: what its record says, and what it leaves to people.

    View + open findings ─record─> Record: against the charter, deviations, lost lines, disputes
    Record ─questions─> what to ask            View ─lessons─> rule changes, each with its cases

Everything here is read off rows and findings; a cause that nobody wrote down is told as not recorded, never guessed.
What to keep, stop and start, and what becomes of the campaign, are people's: nothing here words or decides them. Pure;
`documents.postmortem` makes a paper of it, `expecting` the rows in which people write.
"""

from mdfsync.postmortem.lessons import Case, Lessons, RuleChange, lessons
from mdfsync.postmortem.over import is_over, last_day
from mdfsync.postmortem.questions import questions
from mdfsync.postmortem.record import Record, record
from mdfsync.postmortem.retention import Retention, retention
from mdfsync.postmortem.rows import asked_rows, postmortem_of

__all__ = [
    "Case",
    "Lessons",
    "Record",
    "Retention",
    "RuleChange",
    "asked_rows",
    "is_over",
    "last_day",
    "lessons",
    "postmortem_of",
    "questions",
    "record",
    "retention",
]
