"""Proposed rule changes as a diff of the policy files, in the form that `git apply` takes.

    policy files + rule changes ─policy_diff─> unified diff

Each change moves one value; comments, order and everything else of the file stay. What cannot be carried out in the
files as they are (the value is no longer what it was, or stands in another file) is left out and told. Nothing is
written: people read the cases, decide, and apply it themselves.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from mdfsync.postmortem import RuleChange


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDiff:
    """`text` = the diff, `""` when there is none; `left_out` = the changes that are not in it, and why."""

    text: str
    left_out: tuple[tuple[RuleChange, str], ...]


def policy_diff(files: Mapping[str, bytes], changes: Iterable[RuleChange]) -> PolicyDiff:
    """The diff of all changes, file by file. `files` = bytes by path below the policy's root."""
    by_file: dict[str, list[RuleChange]] = {}
    for change in changes:
        by_file.setdefault(change.file, []).append(change)
    text, left_out = "", []
    for name, of_file in sorted(by_file.items()):
        before = files.get(name, b"").decode("utf-8", "replace")
        try:
            document = tomlkit.parse(before)
        except TOMLKitError:
            left_out += [(change, f"{name} cannot be read") for change in of_file]
            continue
        for change in of_file:
            if name not in files:
                left_out.append((change, f"there is no file {name}"))
            elif why := _make(document, change):
                left_out.append((change, why))
        text += _diff(name, before, tomlkit.dumps(document))
    return PolicyDiff(text=text, left_out=tuple(left_out))


def _make(document: Any, change: RuleChange) -> str:
    """Carry one change out in a parsed file; why not, `""` when it is done."""
    *way, last = change.path
    part = document
    for step in way:
        part = _into(part, step)
    value = part.get(last) if isinstance(part, Mapping) else None
    if value is None:
        return f"{'.'.join(change.path)} is not there"
    if isinstance(change.proposed, tuple):
        return _of_list(value, change)
    if value != change.prior:
        return f"{'.'.join(change.path)} says {value}, not {change.prior}"
    part[last] = change.proposed
    return ""


def _into(part: Any, step: str) -> Any:
    """A table by its name; in a list of tables the one of that id."""
    if isinstance(part, list):
        return next((one for one in part if one.get("id") == step), None)
    return part.get(step) if isinstance(part, Mapping) else None


def _of_list(value: Any, change: RuleChange) -> str:
    """A list that gains or loses entries. An entry may be a table, which goes by its `type`."""
    said = tuple(str(one.get("type")) if isinstance(one, Mapping) else str(one) for one in value)
    if said != change.prior:
        return f"{'.'.join(change.path)} lists other entries now"
    proposed = tuple(change.proposed) if isinstance(change.proposed, tuple) else ()
    for place in reversed(range(len(said))):
        if said[place] not in proposed:
            del value[place]
    for entry in proposed:
        if entry not in said:
            value.append(entry)
    return ""


def _diff(name: str, before: str, after: str) -> str:
    """A unified diff of one file; lines end where a newline ends them, nowhere else."""
    if before == after:
        return ""
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    whole = text.split("\n")
    return [f"{line}\n" for line in whole[:-1]] + ([whole[-1]] if whole[-1] else [])
