"""The policy files against each other: no name in one that another does not know.

Each file is sound by itself when it gets here. Checked now is what only two files together can get wrong: a
source without a register row, a role without a holder, a money field whose decision nobody may take, a job
for a table that is gone. Every reason comes back, each with the file to correct. It decides nothing about
data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from mdfsync.policy import approvals as matrix_file
from mdfsync.policy import jobs as job_files
from mdfsync.policy import mappings as mapping_files
from mdfsync.policy import register as register_file
from mdfsync.policy import rulebook
from mdfsync.policy.approvals import HISTORY_KINDS, ApprovalMatrix
from mdfsync.policy.dictionary import COMPUTED, OPERATOR, Dictionary, FieldSpec
from mdfsync.policy.jobs import JobSpec
from mdfsync.policy.mappings import ATTENDANCE, ATTENDEE_KINDS, OVERLAP_KEYS, MappingSpec
from mdfsync.policy.register import Register, SourceEntry
from mdfsync.policy.rulebook import RuleSetting

DICTIONARY = "field-dictionary.json"
BASE_SOURCE = "airtable.base"
"""The register's name for what the dictionary calls `operator`: people typing into the base."""


def check_sources(dictionary: Dictionary, register: Register) -> Iterator[str]:
    """Dictionary and register name the same sources for the same tables."""
    fed: dict[str, set[str]] = {source: set() for source in register.sources}
    for field in dictionary.all_fields():
        for source in field.sources:
            known = BASE_SOURCE if source == OPERATOR else source
            if known in fed:
                fed[known] |= {field.table, f"{field.table}.{field.name}"}
            elif known != COMPUTED:
                yield (
                    f"{DICTIONARY}: {field.table}.{field.name}.source_of_truth: {source!r} is not in "
                    f"{register_file.FILE}, add the source there or correct its id"
                )
    for entry in register.sources.values():
        faults = _authority_faults(entry, fed[entry.source_id], dictionary)
        yield from (f"{register_file.FILE}: {entry.source_id}.authoritative_for: {fault}" for fault in faults)


def _authority_faults(entry: SourceEntry, feeds: set[str], dictionary: Dictionary) -> Iterator[str]:
    """`feeds`: tables and `Table.field`s that the dictionary takes from the source."""
    for name in entry.authoritative_for:
        table, _, field = name.partition(".")
        if table not in dictionary.tables:
            yield f"no table {table!r}, correct its name"
        elif field and field not in dictionary.tables[table].fields:
            yield f"{table} has no field {field!r}, correct its name"
        elif name not in feeds:
            yield f"the dictionary takes nothing of {name!r} from it, remove it or name the source there"
    if entry.source_id == BASE_SOURCE:  # people may type in every table; the register names only their own
        return
    claimed = {name.partition(".")[0] for name in entry.authoritative_for}
    for table in sorted({name for name in feeds if "." not in name} - claimed):
        yield f"lacks {table!r}, which the dictionary takes from it; add it"


def check_rules(dictionary: Dictionary) -> Iterator[str]:
    """Every rule that a field names is one of the software's; that each has a setting is the rulebook's check."""
    for field in dictionary.all_fields():
        for rule_id in field.rules:
            if rule_id not in rulebook.KNOWN:
                yield (
                    f"{DICTIONARY}: {field.table}.{field.name}.rules: {rule_id!r} is no rule of "
                    f"{rulebook.FILE}, correct the id"
                )


def check_roles(
    dictionary: Dictionary | None,
    register: Register | None,
    rules: Mapping[str, RuleSetting],
    approvals: ApprovalMatrix,
) -> Iterator[str]:
    """Every role that any file names is in the approval matrix."""
    named: list[tuple[str, str]] = []
    if dictionary:
        named += [(f"{DICTIONARY}: {f.table}.{f.name}.owner_role", f.owner_role) for f in dictionary.all_fields()]
    if register:
        named += [(f"{register_file.FILE}: {e.source_id}.owner_role", e.owner_role) for e in register.sources.values()]
    named += [(f"{rulebook.FILE}: rules.{r.id}.owner_role", r.owner_role) for r in rules.values()]
    for at, role in named:
        if role and role not in approvals.roles:
            yield f"{at}: role {role!r} is not in {matrix_file.FILE}, add it there or correct its spelling"


def check_mappings(dictionary: Dictionary, register: Register, mappings: Mapping[str, MappingSpec]) -> Iterator[str]:
    """Register and mapping files refer to each other, and every mapped column to a field that takes it."""
    used = set()
    for entry in register.sources.values():
        for name in entry.mapping:
            used.add(name)
            if name not in mappings:
                yield (
                    f"{register_file.FILE}: {entry.source_id}.mapping: no sound file "
                    f"{mapping_files.FOLDER}/{name}.toml, add or correct it"
                )
            elif mappings[name].source_id != entry.source_id:
                yield (
                    f"{mapping_files.FOLDER}/{name}.toml: source_id: is {mappings[name].source_id!r}, but "
                    f"the register uses it for {entry.source_id!r}; correct one of them"
                )
    for spec in mappings.values():
        at = f"{mapping_files.FOLDER}/{spec.name}.toml"
        if spec.name not in used:
            yield f"{at}: name: no source of {register_file.FILE} uses it, name it there or remove the file"
        if spec.table not in dictionary.tables:
            yield f"{at}: table: no table {spec.table!r} in the dictionary, correct its name"
            continue
        if spec.layout == "records":
            faults = _record_faults(spec, dictionary)
        else:
            faults = _overlap_faults(spec) if spec.layout == "overlaps" else _attendee_faults(spec)
        yield from (f"{at}: {fault}" for fault in faults)
    yield from _path_faults(dictionary, register, mappings)


def _overlap_faults(spec: MappingSpec) -> Iterator[str]:
    for target in sorted(spec.targets - set(OVERLAP_KEYS)):
        yield f"columns.{target}: is no key of an overlap row, use one of {', '.join(OVERLAP_KEYS)}"


def _attendee_faults(spec: MappingSpec) -> Iterator[str]:
    for target in sorted(spec.targets - set(ATTENDEE_KINDS)):
        yield f"columns.{target}: is no key of an attendee, use one of {', '.join(ATTENDEE_KINDS)}"
    for word in spec.values.get("attendance", {}).values():
        if word not in ATTENDANCE:
            yield f"values.attendance: {word!r} is not allowed there, use one of {', '.join(ATTENDANCE)}"


def _record_faults(spec: MappingSpec, dictionary: Dictionary) -> Iterator[str]:
    fields = dictionary.tables[spec.table].fields
    for target in sorted(spec.targets):
        field = fields.get(target)
        if field is None:
            yield f"columns.{target}: {spec.table} has no such field, correct the name or add the field"
        elif spec.source_id not in field.sources:
            yield (
                f"columns.{target}: the dictionary does not take {spec.table}.{target} from "
                f"{spec.source_id!r}, leave the column out or add the source there"
            )
        elif field.kind == "money" and field.currency_field not in spec.targets:
            yield f"columns.{target}: an amount needs its currency, map {field.currency_field!r} as well"
    for target, words in spec.values.items():
        allowed = fields[target].allowed if target in fields else ()
        for word in words.values():
            if allowed and word not in allowed:
                yield f"values.{target}: {word!r} is not allowed there, use one of {', '.join(allowed)}"


def _path_faults(dictionary: Dictionary, register: Register, mappings: Mapping[str, MappingSpec]) -> Iterator[str]:
    """A field's path into a file row is a target of that source's mapping. Overlap rows are left out: they
    are brought under one set of names after reading, whichever of the outputs they came from."""
    delivered: dict[str, set[str]] = {}
    for spec in mappings.values():
        if spec.layout == "records" and spec.source_id in register.sources:
            delivered.setdefault(spec.source_id, set()).update(spec.targets)
    for field in dictionary.all_fields():
        for source, path in field.paths.items():
            if source in delivered and path.split(".")[0] not in delivered[source]:
                yield (
                    f"{DICTIONARY}: {field.table}.{field.name}.paths: no mapping of {source!r} delivers "
                    f"{path!r}, map the column or correct the path"
                )


def check_jobs(dictionary: Dictionary | None, register: Register | None, jobs: Mapping[str, JobSpec]) -> Iterator[str]:
    """Jobs name real sources and tables."""
    for job in jobs.values():
        at = f"{job_files.FOLDER}/{job.id}.toml"
        for source in job.sources:
            if register and source not in register.sources:
                yield f"{at}: sources: {source!r} is not in {register_file.FILE}, add it or correct its id"
        for table in job.tables:
            if dictionary and table not in dictionary.tables:
                yield f"{at}: tables: no table {table!r} in the dictionary, correct its name"


def check_coverage(register: Register, jobs: Mapping[str, JobSpec]) -> Iterator[str]:
    """The enabled refresh jobs together pull every source, so that a plain `run` leaves none out."""
    pulled = {s for job in jobs.values() if job.enabled and job.kind == "refresh" for s in job.sources}
    for source in register.sources:
        if source not in pulled:
            yield (
                f"{register_file.FILE}: {source}: no enabled refresh job pulls it, name it in a file of "
                f"{job_files.FOLDER}/ or remove it"
            )


def check_approvals(dictionary: Dictionary, approvals: ApprovalMatrix) -> Iterator[str]:
    """The matrix speaks of tables and fields that exist, and leaves no decision on a worker's cell open."""
    yield from (f"{matrix_file.FILE}: {fault}" for fault in _matrix_names(dictionary, approvals))
    yield from (f"{matrix_file.FILE}: {fault}" for fault in _gate_faults(dictionary, approvals))
    for field in dictionary.all_fields():
        if field.worker and (fault := _right_fault(field, approvals)):
            yield f"{matrix_file.FILE}: decisions: {fault}"
    history = dictionary.tables.get("Change History")
    kind = history.fields.get("kind") if history else None
    if kind and set(kind.allowed) != set(HISTORY_KINDS):
        yield f"{DICTIONARY}: Change History.kind.allowed: differs, write {', '.join(HISTORY_KINDS)}"


def _right_fault(field: FieldSpec, approvals: ApprovalMatrix) -> str:
    kind = "proposal" if field.write == "propose" else "drift"
    entry = approvals.right(field.table, field.name, kind)
    if entry is None:
        return f"nobody may decide on {field.table}.{field.name} ({kind}), add an entry that covers it"
    if field.kind == "money" and field.write == "propose" and entry.concerns != "money":
        return f"{field.table}.{field.name} is money, but its entry concerns {entry.concerns!r}; reorder them"
    return ""


def _matrix_names(dictionary: Dictionary, approvals: ApprovalMatrix) -> Iterator[str]:
    every_field = {field.name for field in dictionary.all_fields()}
    for role in approvals.roles.values():
        for name in role.fields:
            if name not in every_field:
                yield f"roles.{role.role}.fields: no table has a field {name!r}, correct its name"
    for n, right in enumerate(approvals.decisions):
        matched = [t for t in dictionary.tables if any(fnmatchcase(t, p) for p in right.tables)]
        for pattern in right.tables:
            if not any(fnmatchcase(table, pattern) for table in dictionary.tables):
                yield f"decisions.{n}.tables: {pattern!r} fits no table, correct or remove it"
        names = {name for table in matched for name in dictionary.tables[table].fields}
        for pattern in right.fields:
            if not any(fnmatchcase(name, pattern) for name in names):
                yield f"decisions.{n}.fields: {pattern!r} fits no field of those tables, correct or remove it"
    for pair in approvals.forbidden_pairs:
        for cell in filter(None, (pair.first_cell, pair.second_cell)):
            if not _has_cell(dictionary, cell):
                yield f"forbidden_pairs.{pair.id}: the dictionary has no {cell!r}, correct its name"
        for gate in pair.gates:
            if gate not in approvals.gates:
                yield f"forbidden_pairs.{pair.id}.gates: there is no gate {gate!r}, correct its name"
    for cell in approvals.witnessed:
        if not _has_cell(dictionary, cell):
            yield f"witnessed: the dictionary has no {cell!r}, correct its name"
    claims = dictionary.tables.get("Reimbursements")
    known = claims.fields["reimbursement_state"].allowed if claims and "reimbursement_state" in claims.fields else ()
    for side, states in approvals.claim_states.items():
        for state in states:
            if state not in known:
                yield f"claim_states.{side}: a claim has no state {state!r}, correct its name"


def _has_cell(dictionary: Dictionary, cell: str) -> bool:
    table, _, name = cell.partition(".")
    return table in dictionary.tables and name in dictionary.tables[table].fields


def _gate_faults(dictionary: Dictionary, approvals: ApprovalMatrix) -> Iterator[str]:
    for gate in approvals.gates.values():
        for cell in gate.material:
            if not _has_cell(dictionary, cell):
                yield f"gates.{gate.gate}.material: the dictionary has no {cell!r}, correct its name"
        for key, cells in (("only", tuple(gate.only)), ("amount", gate.amount)):
            for cell in cells:
                if not _has_cell(dictionary, cell):
                    yield f"gates.{gate.gate}.{key}: the dictionary has no {cell!r}, correct its name"
                elif cell.partition(".")[0] not in gate.tables:
                    yield f"gates.{gate.gate}.{key}: nothing of that table is material, list a field of it there too"
    approvals_table = dictionary.tables.get("Approvals")
    field = approvals_table.fields.get("gate") if approvals_table else None
    if field and field.allowed and set(field.allowed) != set(approvals.gates):
        differ = ", ".join(sorted(set(field.allowed) ^ set(approvals.gates)))
        yield f"gates: differ from the allowed values of Approvals.gate ({differ}), make them the same"
