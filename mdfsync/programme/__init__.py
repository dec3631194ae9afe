"""MDF programmes as data: what is eligible, for how much, and why, judged from a rule file and the facts of a case.

    programme file ─rulebook─> Programme ┐
    cases ────────────────────────────── ┴ batch ─> Verdict, Verdict, …

Nothing in here knows a base, a clock or a network; `docs/programmes.md` is the language for those who write programmes.
"""

from mdfsync.programme.batch import judge_cases, judge_versions
from mdfsync.programme.cases import read_cases
from mdfsync.programme.compiled import Programme
from mdfsync.programme.errors import CaseError, ProgrammeError
from mdfsync.programme.judging import required
from mdfsync.programme.parts import Proof
from mdfsync.programme.rulebook import load_programme
from mdfsync.programme.verdict import Reason, Verdict

__all__ = [
    "CaseError",
    "Programme",
    "ProgrammeError",
    "Proof",
    "Reason",
    "Verdict",
    "judge_cases",
    "judge_versions",
    "load_programme",
    "read_cases",
    "required",
]
