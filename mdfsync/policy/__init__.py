"""Policy: every rule that people set, loaded once and checked as a whole before anything else happens.

`load_policy` reads the field dictionary, the source register, the jobs, the rulebook, the approval matrix, the terms
of a charter, what has to stand in HubSpot, the column mappings and the MDF programmes, checks each file and all of
them against each other, and gives every reason at once. It refuses to return half a policy. First in the flow;
everything after takes the `Policy` as a value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mdfsync.errors import PolicyError
from mdfsync.policy.approvals import ApprovalMatrix, load_approvals
from mdfsync.policy.charter import CharterTerms, check_charter, load_charter
from mdfsync.policy.crosscheck import (
    DICTIONARY,
    check_approvals,
    check_coverage,
    check_jobs,
    check_mappings,
    check_roles,
    check_rules,
    check_sources,
)
from mdfsync.policy.dictionary import Dictionary, load_dictionary
from mdfsync.policy.jobs import JobSpec, load_jobs
from mdfsync.policy.mappings import MappingSpec, load_mappings
from mdfsync.policy.programmes import Programmes, load_programmes
from mdfsync.policy.register import Register, load_register
from mdfsync.policy.rulebook import RuleSetting, load_rules
from mdfsync.policy.tracking import Tracking, load_tracking
from mdfsync.values import digest

_FILES = ("field-dictionary.json", "source-register.csv", "jobs/*.toml", "schema/*.toml", "schema/*/*.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A checked policy release. `version` = the dictionary's `vYYYY.MM`; `digest` = SHA-256 over the names
    and bytes of every policy file, programmes included."""

    root: Path
    version: str
    dictionary: Dictionary
    register: Register
    jobs: Mapping[str, JobSpec]
    rules: Mapping[str, RuleSetting]
    approvals: ApprovalMatrix
    mappings: Mapping[str, MappingSpec]
    programmes: Programmes
    charter: CharterTerms
    tracking: Tracking
    digest: str


def load_policy(root: Path) -> Policy:
    """The policy below `root`. `PolicyError` with every reason, each `file: key: what, what to do`."""
    reasons: list[str] = []
    dictionary, faults = load_dictionary(root / DICTIONARY)
    reasons += faults
    register = load_register(root, reasons)
    jobs = load_jobs(root, reasons)
    rules = load_rules(root, reasons)
    approvals = load_approvals(root, reasons)
    mappings = load_mappings(root, reasons)
    programmes = load_programmes(root, reasons)
    charter = load_charter(root, approvals, reasons)
    tracking = load_tracking(root, reasons)
    if register and not any(reason.startswith("jobs") for reason in reasons):
        reasons += check_coverage(register, jobs)
    reasons += _together(dictionary, register, jobs, rules, approvals, mappings)
    if dictionary:
        reasons += check_charter(dictionary, charter)
    if reasons or dictionary is None or register is None or approvals is None:
        raise PolicyError(reasons)
    return Policy(
        root=root,
        version=dictionary.version,
        dictionary=dictionary,
        register=register,
        jobs=jobs,
        rules=rules,
        approvals=approvals,
        mappings=mappings,
        programmes=programmes,
        charter=charter,
        tracking=tracking,
        digest=policy_digest(root),
    )


def _together(
    dictionary: Dictionary | None,
    register: Register | None,
    jobs: Mapping[str, JobSpec],
    rules: Mapping[str, RuleSetting],
    approvals: ApprovalMatrix | None,
    mappings: Mapping[str, MappingSpec],
) -> Iterator[str]:
    """Reasons between files, as far as the files that could be read allow."""
    if dictionary and register:
        yield from check_sources(dictionary, register)
        yield from check_mappings(dictionary, register, mappings)
    if dictionary:
        yield from check_rules(dictionary)
    if approvals:
        yield from check_roles(dictionary, register, rules, approvals)
    if dictionary and approvals:
        yield from check_approvals(dictionary, approvals)
    yield from check_jobs(dictionary, register, jobs)


def policy_files(root: Path) -> dict[str, bytes]:
    """Every policy file below `root`: its bytes by its relative name, in order."""
    found = sorted({path for pattern in _FILES for path in root.glob(pattern)})
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def policy_digest(root: Path) -> str:
    """SHA-256 over the relative names and bytes of all policy files below `root`."""
    return digest_of_files({name: hashlib.sha256(data).hexdigest() for name, data in policy_files(root).items()})


def digest_of_files(hashes: Mapping[str, str]) -> str:
    """The digest of a policy whose files have these SHA-256, by relative name in the order of their paths."""
    return digest([[name, said] for name, said in hashes.items()])
