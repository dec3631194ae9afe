/**
 * Changes to cells by the acting person: written at once, the last ones can be taken back. What the server refuses is
 * said in its words and nothing changes; what somebody else changed meanwhile is not written over without asking.
 */
import { api } from "./api.js";
import { button, fill, h } from "./dom.js";
import { open } from "./drawer.js";
import { text } from "./show.js";
import { keep, refresh, row, stableId, tableById } from "./tables.js";
import { refused, say } from "./toast.js";
import { head } from "./words.js";

/** @typedef {{table: string, id: string, spec: any, before: any, after: string}} Edit `after` is a `state` */
/** @type {Edit[][]} newest last; what was done with one key is taken back with one */
const done = [];
const REMEMBERED = 50;
/** @type {Set<Promise<boolean>>} writes on their way */
const going = new Set();
/** @type {Set<import("./inputs.js").Control>} editors whose value is on its way: a second Enter saves nothing twice */
const saving = new Set();

/**
 * Write one cell. `value` is the API's (links as record ids), null empties.
 * @param {string} [began]  `state` of the cell when its editor opened: with it, others' changes since then are asked about
 * @returns {Promise<boolean>} false when the person has to go on with the edit: it was refused, or put off
 */
export function change(table, id, spec, value, began) {
  const attempt = written(table, id, spec, value, began);
  going.add(attempt);
  return attempt.finally(() => going.delete(attempt));
}

/** Resolves when no write is on its way any more. */
export const settled = () => Promise.all(going);

/** What a cell holds now, to be compared later. */
export const state = (table, id, spec) => JSON.stringify(forApi(spec, row(table, id)?.cells[spec.name]));

/**
 * Save what stands in an editor's control: nothing when it is as it was.
 * @param {import("./inputs.js").Control} typed
 * @param {{read: string, state: string}} began  as `opened` gave it
 */
export async function submit(table, id, spec, typed, began) {
  const fault = typed.fault?.();
  if (fault) return (say(`${head(spec.name)}: ${fault}`, { kind: "refused" }), false);
  if (JSON.stringify(typed.read()) === began.read) return true;
  if (saving.has(typed)) return false;
  saving.add(typed);
  return change(table, id, spec, typed.read(), began.state).finally(() => saving.delete(typed));
}

/** What an editor begins with. */
export const opened = (table, id, spec, typed) => ({
  read: JSON.stringify(typed.read()),
  state: state(table, id, spec),
});

async function written(table, id, spec, value, began) {
  try {
    const choice = began === undefined ? "mine" : await whose(table, id, spec, value, began);
    if (choice === "mine") remember([await write(table, id, spec, value)]);
    return choice !== "";
  } catch (error) {
    say(`${head(spec.name)}: ${error.message}`, { kind: "refused" });
    return false;
  }
}

async function write(table, id, spec, value) {
  const before = forApi(spec, row(table, id)?.cells[spec.name]);
  keep(table, (await api.edit(table, id, { [spec.name]: value })).row);
  return { table, id, spec, before, after: state(table, id, spec) };
}

function remember(edits) {
  if (edits.length) done.push(edits);
  if (done.length > REMEMBERED) done.shift();
}

/** Empty cells, as one step of undo. */
export async function clear(table, cells) {
  const edits = [];
  try {
    const filled = cells.filter(({ id, spec }) => state(table, id, spec) !== "null");
    for (const { id, spec } of filled) edits.push(await write(table, id, spec, null));
  } catch (error) {
    refused(error);
  }
  remember(edits);
  if (!edits.length) return;
  const what = edits.length === 1 ? `Emptied: ${head(edits[0].spec.name)}.` : `Emptied ${edits.length} cells.`;
  say(what, { act: { label: "Undo", run: () => undo(edits) } });
}

/** Whose value the cell shall have, "mine" or "theirs"; "" goes on with the edit. Asks when it moved meanwhile. */
async function whose(table, id, spec, value, began) {
  await refresh(table, [id]);
  if (!row(table, id)) throw new Error("The row was deleted meanwhile.");
  const now = state(table, id, spec);
  if (now === began) return "mine";
  return now === JSON.stringify(value) ? "theirs" : ask(table, id, spec, value);
}

function ask(table, id, spec, value) {
  const here = row(table, id);
  const by = h("span", {}, "Somebody else");
  api.history(table, id, spec.name).then(
    (changes) => fill(by, changes[0]?.by?.name ?? "Somebody else"),
    () => {},
  );
  return new Promise((answer) => {
    let choice = "";
    open({ title: "Changed meanwhile", kind: "box", closed: () => answer(choice) }, (body, close) => {
      const take = (which) => () => ((choice = which), close());
      const asked = ` changed ${head(spec.name)} of ${stableId(table, here)} while you were typing.`;
      fill(
        body,
        h("p", {}, by, asked),
        h("p", {}, "Now: ", h("b", {}, words(spec, forApi(spec, here.cells[spec.name])))),
        h("p", {}, "Yours: ", h("b", {}, words(spec, value))),
        h(
          "div.actions",
          {},
          button("Take theirs", take("theirs"), { autofocus: true }),
          button("Keep mine", take("mine"), { kind: "main" }),
        ),
      );
    });
  });
}

/** A value of the API in words. */
function words(spec, value) {
  if (spec.type === "multipleRecordLinks") {
    const target = tableById(spec.options?.linkedTableId)?.name ?? "";
    const name = (id) => stableId(target, row(target, id) ?? { id, cells: {} });
    return (value ?? []).map(name).join(", ") || "empty";
  }
  return text(spec, value) || "empty";
}

/** Take the last edit of this page back. */
export const undoLast = () => (done.length ? undo(done.at(-1)) : say("Nothing to undo."));

/** Take edits back that were made together; a cell that somebody changed since keeps what he wrote. */
async function undo(edits) {
  if (done.includes(edits)) done.splice(done.indexOf(edits), 1);
  const [{ table, id, spec }] = edits;
  const where = row(table, id);
  const one = `${head(spec.name)} of ${where ? stableId(table, where) : id}`;
  const mine = edits.filter((e) => state(e.table, e.id, e.spec) === e.after);
  if (!mine.length) return say(`Not undone: ${one} was changed since.`, { kind: "refused" });
  try {
    for (const e of mine) keep(e.table, (await api.edit(e.table, e.id, { [e.spec.name]: e.before })).row);
    say(`Undone: ${edits.length === 1 ? one : `${mine.length} of ${edits.length} cells`}.`);
  } catch (error) {
    refused(error);
  }
  return undefined;
}

/** A cell as shown, in the shape the API takes. */
export function forApi(spec, value) {
  if (value === undefined || value === null) return null;
  if (spec.type === "multipleRecordLinks") return value.map((l) => l.id);
  if (spec.type === "multipleAttachments") return value.map((a) => ({ id: a.id }));
  if (spec.type.endsWith("Collaborator")) return { id: value.id };
  return value;
}
