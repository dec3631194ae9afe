/**
 * The four work queues: which rows wait for people, and what each of them says. Pure reading of Holds, Exceptions,
 * Change History and Actions; how an item looks is `card.js`, what can be done about it `decide.js`.
 */
import { acting, peopleOf } from "./people.js";
import { called, find, rows } from "./tables.js";
import { readable } from "./words.js";

/** @typedef {import("./tables.js").Row} Row */

/**
 * @typedef {Object} Item
 * @property {string} queue      key of QUEUES
 * @property {Row} row           its own row in the queue's table
 * @property {string} id         stable id of that row
 * @property {string} kind       rule, exception type or kind of change
 * @property {string} severity   "" where the queue has none
 * @property {string} about      table of the row it is about, "" when it is about none
 * @property {string} record     stable id of that row
 * @property {string} message    what it is, one sentence
 * @property {string} evidence   deciding values, `key: value` lines
 * @property {string} required   what frees it
 * @property {string} owner      e-mail
 * @property {string} role       role in which the owner has to act, ""
 * @property {string[]} roles    roles that may decide, as far as the row says so
 * @property {string} due        day, or ""
 * @property {string} decision   disposition set and not carried out yet
 * @property {string} objection  why the worker did not count a decision, ""
 * @property {Item|null} judged  of a decision that was not counted: the item it was made on
 */

const says = (row, name) => String(row.cells[name] ?? "");
const refusedOnly = (row) => says(row, "state").startsWith("refused") && !row.cells.decided_by;

export const QUEUES = {
  holds: {
    title: "Open holds",
    table: "Holds",
    idField: "hold_id",
    kindField: "rule_id",
    lead: "Rows that go nowhere until somebody acts: no packet, no outgoing list, no count.",
    open: (row) => says(row, "status") === "open",
  },
  proposals: {
    title: "Proposals",
    table: "Change History",
    idField: "change_id",
    kindField: "kind",
    lead: "Changes the worker does not make without a person: prior and proposed value, source and reason.",
    open: (row) => says(row, "state") === "pending" || refusedOnly(row),
  },
  exceptions: {
    title: "Exceptions",
    table: "Exceptions",
    idField: "exception_id",
    kindField: "exception_type",
    lead: "Everything else that needs a person: sources that disagree or are late, ids that are missing.",
    open: (row) => says(row, "status") === "open",
  },
  actions: {
    title: "Action sets",
    table: "Actions",
    idField: "action_id",
    kindField: "kind",
    lead: "Like proposals put together by owner and campaign: one decision for all. A proposal decided by itself keeps its own.",
    open: (row) => says(row, "state") === "open",
  },
};

const GRADES = ["critical", "high", "medium", "low", ""];

/**
 * The items of a queue that wait for people.
 * @param {string} queue
 * @param {{mine?: boolean, by?: "due"|"severity", search?: string}} [wanted]
 * @returns {Item[]}
 */
export function items(queue, { mine = false, by = "severity", search = "" } = {}) {
  const { table, open } = QUEUES[queue];
  const needle = search.trim().toLowerCase();
  const chosen = rows(table)
    .filter(open)
    .map((row) => item(queue, row))
    .filter((i) => !mine || i.owner === acting()?.email)
    .filter((i) => !needle || wordsOf(i).includes(needle));
  const grade = (i) => GRADES.indexOf(i.severity);
  const late = (i) => i.due || says(i.row, "captured_at") || "9";
  const order = by === "due" ? [late, grade] : [grade, late];
  return chosen.sort(
    (a, b) => before(order[0](a), order[0](b)) || before(order[1](a), order[1](b)) || before(a.id, b.id),
  );
}

/** Everything a card may show of an item, in lower case, as stored and as people read it. */
function wordsOf(i) {
  const about = i.about && i.record && find(i.about, i.record);
  const stored = JSON.stringify(i.row.cells);
  const named = [about && called(i.about, about), i.roles.flatMap(peopleOf).join(" "), i.judged && wordsOf(i.judged)];
  return [stored, readable(stored), ...named].filter(Boolean).join(" ").toLowerCase();
}

const before = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** How many items wait in a queue. */
export const waiting = (queue) => rows(QUEUES[queue].table).filter(QUEUES[queue].open).length;

/** @returns {Item} */
function item(queue, row) {
  const { idField, kindField } = QUEUES[queue];
  const id = says(row, idField);
  return {
    queue,
    row,
    id,
    kind: says(row, kindField),
    severity: says(row, "severity"),
    about: says(row, "table"),
    record: says(row, "record"),
    message: says(row, "message") || says(row, "reason") || says(row, "title"),
    evidence: unsaid(row),
    required: says(row, "required_action"),
    owner: says(row, "owner"),
    role: says(row, "owner_role"),
    roles: queue === "actions" ? rolesOfAll(row) : rolesOf(row),
    due: says(row, "due"),
    decision: says(row, "disposition"),
    objection: objection(queue, row, id),
    judged: judged(row),
  };
}

/** The deciding values, without a reason that the message gives already. */
function unsaid(row) {
  const said = (line) => line.startsWith("reason: ") && says(row, "message").includes(line.slice("reason: ".length));
  return says(row, "evidence")
    .split("\n")
    .filter((line) => !said(line))
    .join("\n");
}

/** What a `decision_unclear` exception is about, where that is an item of a queue itself. */
function judged(row) {
  if (says(row, "exception_type") !== "decision_unclear") return null;
  const queue = Object.keys(QUEUES).find((key) => QUEUES[key].table === says(row, "table"));
  const own = queue && find(says(row, "table"), says(row, "record"));
  return own ? item(queue, own) : null;
}

/** A change says `waits for: role, role`; holds and exceptions do not say who may waive them. */
function rolesOf(row) {
  return (
    says(row, "authority")
      .match(/^waits for: (.+)$/)?.[1]
      .split(", ") ?? []
  );
}

/** Roles that may decide every change of a set. */
function rolesOfAll(row) {
  const each = changes(row).map(rolesOf);
  return (each[0] ?? []).filter((role) => each.every((roles) => roles.includes(role)));
}

/** Rows of Change History that a set decides. */
function changes(row) {
  return JSON.parse(says(row, "change_ids") || "[]")
    .map((id) => find("Change History", id))
    .filter(Boolean);
}

/** Why a decision was not counted: in the row's own state or feedback, or as a `decision_unclear` exception. */
function objection(queue, row, id) {
  if (queue === "proposals" && refusedOnly(row)) return says(row, "state").replace(/^refused:\s*/, "");
  const unclear = rows("Exceptions").find(
    (e) =>
      says(e, "exception_type") === "decision_unclear" &&
      says(e, "status") === "open" &&
      says(e, "table") === QUEUES[queue].table &&
      says(e, "record") === id,
  );
  return unclear ? `${says(unclear, "message")} ${unsaid(unclear)}`.trim() : "";
}

/** The changes of an action set, as items of the queue of proposals. */
export const members = (action) => changes(action.row).map((row) => item("proposals", row));

/** Tables that the queues read. */
export const QUEUE_TABLES = ["Holds", "Change History", "Exceptions", "Actions"];
