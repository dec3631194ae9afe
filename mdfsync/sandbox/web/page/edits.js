/**
 * Changes to cells by the acting person: written at once, the last ones can be taken back. What the server refuses is
 * said in its words and nothing changes.
 */
import { api } from "./api.js";
import { keep, row, stableId } from "./tables.js";
import { refused, say } from "./toast.js";
import { head } from "./words.js";

/** @type {{table: string, id: string, name: string, before: any}[]} newest last */
const done = [];
const REMEMBERED = 50;

/**
 * Write one cell. `value` is the API's (links as record ids), null empties.
 * @returns {Promise<boolean>} whether it was written
 */
export async function change(table, id, spec, value) {
  const before = forApi(spec, row(table, id)?.cells[spec.name]);
  try {
    keep(table, (await api.edit(table, id, { [spec.name]: value })).row);
  } catch (error) {
    refused(error);
    return false;
  }
  done.push({ table, id, name: spec.name, before });
  if (done.length > REMEMBERED) done.shift();
  return true;
}

/** Take the last edit of this page back. */
export async function undoLast() {
  const last = done.pop();
  if (!last) return say("Nothing to undo.");
  try {
    keep(last.table, (await api.edit(last.table, last.id, { [last.name]: last.before })).row);
    const where = row(last.table, last.id);
    say(`Undone: ${head(last.name)} of ${where ? stableId(last.table, where) : last.id}.`);
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
