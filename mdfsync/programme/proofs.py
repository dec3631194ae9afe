"""The evidence of a case against what a programme wants to see: which sets are there, what is missing of the others.

A file counts when it is of the type, in no state that says otherwise, of the set's purpose where it names one, and as
`where` says. One of which that cannot be told may count: the set is held like one that is missing, and as long. Sets
with `per` are shown once for all cases that agree there. Between `telling` and `judging` in `programme`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mdfsync.programme.calendars import Calendar
from mdfsync.programme.compiled import Evidence, Programme, Wanted
from mdfsync.programme.decisions import today
from mdfsync.programme.reading import Env, Unknown, attribute
from mdfsync.programme.telling import defect, missing_of, plain, shown
from mdfsync.programme.verdict import Effect, Reason

NOT_USABLE = ("rejected", "returned", "expected")
_NOTHING = Unknown()
_NO_FILES, _NO_LIST = Unknown({"evidence"}), Unknown({"evidence as a list of records"})
_ends = attribute("activity.ends", "date", "")


ByType = dict[str, list[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Files:
    """What cases bring to the sets of evidence that several share, by the set and by what these cases agree in; and
    these files by type, once they were asked for."""

    brought: Mapping[tuple[str, tuple[Any, ...]], list[list[Any]]] = field(default_factory=dict)
    by_type: dict[tuple[str, tuple[Any, ...]], ByType] = field(default_factory=dict)

    def shared(self, proof: Evidence, key: tuple[Any, ...]) -> ByType | None:
        """The files of all who agree; None where a case is alone."""
        place = (proof.said.id, key)
        brought = self.brought.get(place)
        if brought is None:
            return None
        if place not in self.by_type:
            into = self.by_type[place] = {}
            for files in brought:
                _sort(files, into)
        return self.by_type[place]


def files_of(programmes: Iterable[Programme], cases: Iterable[Mapping[str, Any]]) -> Files:
    """What each case brings to the sets that it shares with others."""
    proofs = [(p, proof) for p in programmes for proof in p.proofs if proof.per]
    brought: dict[tuple[str, tuple[Any, ...]], list[list[Any]]] = {}
    for case in cases if proofs else ():
        files = case.get("evidence")
        for programme, proof in proofs:
            env = Env(case, programme.rates)
            key = tuple([part.run(env) for part in proof.per])
            if Unknown not in map(type, key):
                brought.setdefault((proof.said.id, key), []).append(files if isinstance(files, list) else [])
    return Files({place: several for place, several in brought.items() if len(several) > 1})


def _sort(files: list[Any], into: ByType) -> ByType:
    """Those files that are in no state that says otherwise, by their type."""
    for file in files:
        kind = file.get("type") if isinstance(file, dict) else None
        if isinstance(kind, str) and file.get("state") not in NOT_USABLE:
            into.setdefault(kind.strip().casefold(), []).append(file)
    return into


def found(proof: Evidence, env: Env, files: Files) -> Any:
    """True when the set is there, False when it is not, `Unknown` when it may be."""
    return _complete(proof, _answers(proof, _usable(proof, env, files), env), env)


def _answers(proof: Evidence, files: Any, env: Env) -> list[Any]:
    """Of every piece whether it is there."""
    return [_piece(piece, files, proof.said.purpose, env) for piece in proof.all_of or proof.any_of]


def _complete(proof: Evidence, answers: list[Any], env: Env) -> Any:
    answer = _together(answers, bool(proof.any_of))
    if answer is False and type(own := _own(env)) is Unknown:
        return own
    return answer


def judge_proof(proof: Evidence, env: Env, files: Files, calendar: Calendar) -> Reason | None:
    """What is missing, None where nothing is."""
    applies = proof.when.run(env) if proof.when is not None else True
    if applies is False:
        return None
    there = _usable(proof, env, files)
    answers = _answers(proof, there, env)
    complete = _complete(proof, answers, env)
    if complete is True:
        return None
    values = shown(env, proof.shows)
    last = proof.until.run(env) if proof.until is not None else None
    if type(applies) is Unknown:
        return defect(proof.said, "held", values, missing_of(applies), last, env, calendar, ends=False)
    asked = zip(proof.all_of or proof.any_of, answers, strict=True)
    wanted = [w for piece, got in asked if (w := _lacking(piece, got, there, proof.said.purpose, env))]
    missing = (" or ".join(wanted),) if proof.any_of else tuple(wanted)
    own = _own(env)
    missing += tuple(own) if type(own) is Unknown else ()
    missing += _only_now(proof, env, calendar)
    effect: Effect = "held" if type(complete) is Unknown else proof.said.otherwise
    untold = Unknown.among((own, *[count.run(env) for count in proof.counts]))
    return defect(proof.said, effect, values, missing, last, env, calendar, ends=untold is None)


def _only_now(proof: Evidence, env: Env, calendar: Calendar) -> tuple[str, ...]:
    """The warning that belongs to proof that cannot be made afterwards, while it still can be made."""
    ends = _ends(env) if proof.said.once else None
    if ends is None or type(ends) is Unknown or today(env, calendar) > ends:
        return ()
    return (f"it is made by {ends} or never",)


def _usable(proof: Evidence, env: Env, files: Files) -> Any:
    """The files that count, by type; `Unknown` where the case does not say which there are."""
    if proof.per:
        key = tuple([part.run(env) for part in proof.per])
        shared = None if Unknown in map(type, key) else files.shared(proof, key)
        if shared:
            return shared
    return _own(env)


def _own(env: Env) -> Any:
    """The files of the case itself, by type. What is no record may be one that was written down wrongly."""
    if "files()" not in env.known:
        files = env.case.get("evidence")
        sound = isinstance(files, list) and all(isinstance(file, dict) for file in files)
        env.known["files()"] = _NO_FILES if files is None else _sort(files, {}) if sound else _NO_LIST
    return env.known["files()"]


def _together(answers: Iterable[Any], any_will_do: bool) -> Any:
    """`or` and `and` of what may be unknown; after the answer that decides no other is asked for."""
    missing = []
    for answer in answers:
        if answer is any_will_do:
            return any_will_do
        if type(answer) is Unknown:
            missing.append(answer)
    return Unknown.of(missing) if missing else not any_will_do


def _piece(piece: Wanted, files: Any, purpose: str, env: Env) -> Any:
    if not piece.said.type:
        parts = (_piece(part, files, purpose, env) for part in piece.all_of or piece.any_of)
        return _together(parts, bool(piece.any_of))
    wanted = piece.at_least.run(env)
    if type(wanted) is not Unknown and wanted <= 0:
        return True
    if type(files) is Unknown or type(wanted) is Unknown:
        return Unknown.of(answer for answer in (files, wanted) if type(answer) is Unknown)
    count, maybe, missing = 0, 0, _NOTHING
    for file in files.get(piece.kind, ()):
        if file.get("purpose") not in (None, "", purpose):
            continue
        if piece.where is not None:
            env.items["evidence"] = file
            verdict = piece.where.run(env)
        else:
            verdict = True
        if verdict is True:
            count += 1
            if count >= wanted:
                return True
        elif type(verdict) is Unknown:
            maybe, missing = maybe + 1, missing | verdict
    return missing if count + maybe >= wanted else False


def _lacking(piece: Wanted, got: Any, files: Any, purpose: str, env: Env) -> str:
    """What is missing of a piece, in words; empty where nothing is. `got` = whether it is there."""
    if got is True:
        return ""
    if not piece.said.type:
        each = [(part, _piece(part, files, purpose, env)) for part in piece.all_of or piece.any_of]
        parts = [w for part, there in each if (w := _lacking(part, there, files, purpose, env))]
        return f"({' or '.join(parts)})" if piece.any_of else " and ".join(parts)
    what = f"{piece.said.type} ({piece.said.says})" if piece.said.says else piece.said.type
    wanted = piece.at_least.run(env)
    if type(wanted) is not Unknown and wanted > 1:
        what = f"{plain(wanted)} x {what}"
    return (
        f"{what}: {', '.join(asked)}"
        if type(got) is Unknown and (asked := sorted(got - _NO_FILES - _NO_LIST))
        else what
    )
