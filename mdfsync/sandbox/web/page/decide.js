/**
 * Decisions on queue items: what can be decided, the forms for it, and the writing. It sets `disposition` and what
 * belongs to it as the acting person, nothing else; whether the decision counts is for the worker's next run to say.
 */
import { api } from "./api.js";
import { button, fill, h } from "./dom.js";
import { confirm } from "./drawer.js";
import { canonical, control, fromCanonical } from "./inputs.js";
import { QUEUES } from "./queues.js";
import { canonicalWords } from "./show.js";
import { field, find, keep, load, row } from "./tables.js";
import { refused, say } from "./toast.js";

/** @typedef {import("./queues.js").Item} Item */

const JUDGE = { note: "waive_reason", until: "waive_until" };
const REVIEW = { note: "review_note", value: "edited_value" };
const EXTRAS = { holds: JUDGE, exceptions: JUDGE, proposals: REVIEW, actions: { note: "review_note" } };

/**
 * What a person can do with an item. `now` needs no form; `key` is its shortcut.
 * @type {Object<string, {disposition: string, label: string, done: string, key: string, now?: boolean, main?: boolean}[]>}
 */
export const CHOICES = {
  holds: [
    { disposition: "uphold", label: "Uphold…", done: "Upheld", key: "u" },
    { disposition: "waive", label: "Waive…", done: "Waived", key: "w" },
  ],
  proposals: [
    { disposition: "approved", label: "Approve", done: "Approved", key: "a", now: true, main: true },
    { disposition: "edited", label: "Edit…", done: "Edited", key: "e" },
    { disposition: "rejected", label: "Reject", done: "Rejected", key: "r", now: true },
  ],
  actions: [
    { disposition: "approved", label: "Approve all", done: "Approved", key: "a", now: true, main: true },
    { disposition: "rejected", label: "Reject all", done: "Rejected", key: "r", now: true },
  ],
};
CHOICES.exceptions = CHOICES.holds;

/** Rows decided since the last run: what the worker said of an earlier decision does not concern these. */
export const newly = new Set();

/** Why the decision on an item was not counted, "" when there is none or nothing was said of it yet. */
export const objectionTo = (item) => (newly.has(item.row.id) ? "" : item.objection);

/** Why a choice cannot be taken, "" when it can. */
export function barred(item, disposition) {
  const rule = item.queue === "holds" && disposition === "waive" && !item.row.cells.waivable;
  return rule ? "This rule allows no waiver" : "";
}

/**
 * Write a decision: what belongs to it first, the disposition last, because the disposition is what counts.
 * @param {Item} item
 * @param {string} disposition
 * @param {{note?: string, until?: string|null, value?: string}} [extras]
 */
async function decide(item, disposition, extras = {}) {
  const names = EXTRAS[item.queue];
  const cells = {};
  for (const [key, column] of Object.entries(names)) if (extras[key]) cells[column] = extras[key];
  if (Object.keys(cells).length) await write(item, cells);
  newly.add(item.row.id);
  await write(item, { disposition });
}

/** Take a decision back; until the next run nothing has happened. */
export async function undo(item) {
  const now = row(QUEUES[item.queue].table, item.row.id)?.cells ?? {};
  const cleared = ["disposition", ...Object.values(EXTRAS[item.queue])].filter((name) => now[name] !== undefined);
  await write(item, Object.fromEntries(cleared.map((name) => [name, null])));
}

async function write(item, cells) {
  const { table } = QUEUES[item.queue];
  keep(table, (await api.edit(table, item.row.id, cells)).row);
}

/** Decide and say so; a refusal is shown in the server's words. Resolves to whether it was written. */
export async function tryDecide(item, choice, extras) {
  try {
    await decide(item, choice.disposition, extras);
    say(`${choice.done}: ${item.record || item.message}. It waits for the next run.`, {
      act: { label: "Undo", run: () => undo(item).catch(refused) },
    });
    return true;
  } catch (error) {
    refused(error);
    return false;
  }
}

const AMOUNTS = new Set(["number", "currency", "percent"]);
const FAR = 10;

/** Ask back when an amount is another order of magnitude than the one before it. */
async function meant(item, spec, written) {
  const { prior_value: prior, proposed_value: proposed } = item.row.cells;
  const before = Number(prior) ? prior : proposed;
  if (!AMOUNTS.has(spec.type) || !Number(before)) return true;
  const times = Number(written) / Number(before);
  if (times >= 1 / FAR && times <= FAR) return true;
  await load(item.about).catch(() => {});
  const about = find(item.about, item.record)?.cells ?? {};
  const said = (amount) => canonicalWords(spec, amount, item.about, about);
  const far = times > FAR ? "more than ten times" : times > 0 ? "less than a tenth of" : "far from";
  return confirm(`${said(written)} is ${far} the ${said(before)} before it. Is it meant?`, "Write it");
}

/**
 * The form of a choice that needs more than a click.
 * @param {Item} item
 * @param {{disposition: string, label: string, done: string}} choice
 * @param {() => void} close  called when it is done or given up
 */
export function form(item, choice, close) {
  const waiving = choice.disposition === "waive";
  const editing = choice.disposition === "edited";
  const spec = editing
    ? (field(item.about, item.row.cells.field) ?? { name: "value", type: "multilineText" })
    : undefined;
  const value = editing ? control(spec, fromCanonical(spec, item.row.cells.proposed_value)) : undefined;
  const until = waiving ? h("input", { type: "date" }) : undefined;
  const note = h("textarea", { rows: 2, "aria-required": String(waiving) });
  const problem = h("p.problem", { role: "alert" });
  const send = async () => {
    const extras = { note: note.value.trim(), until: until?.value, value: value && canonical(value.read()) };
    const lacking =
      (waiving && !extras.note && "A waiver needs its reason.") ||
      (editing && value.fault?.()) ||
      (editing && !extras.value && "A decision never empties a cell: type the value to write.");
    if (lacking) return fill(problem, lacking);
    if (editing && !(await meant(item, spec, extras.value))) return value.focus();
    return (await tryDecide(item, choice, extras)) && close();
  };
  const made = h(
    "form.decision",
    {
      noValidate: true,
      onsubmit: (event) => (event.preventDefault(), send()),
      onkeydown: (event) => event.key === "Escape" && (event.stopPropagation(), close()),
    },
    value && h("div.field", {}, h("span.label", {}, "Write this instead"), value.element),
    h(
      "label.field",
      {},
      h("span.label", {}, editing ? "Note (optional)" : waiving ? "Why it may pass" : "Why (optional)"),
      note,
    ),
    until && h("label.field", {}, h("span.label", {}, "Until (optional)"), until),
    problem,
    h(
      "div.actions",
      {},
      h("button.main", { type: "submit" }, editing ? "Decide: write this" : waiving ? "Waive" : "Uphold"),
      button("Cancel", close),
    ),
  );
  return { element: made, focus: () => (value ?? { focus: () => note.focus() }).focus() };
}
