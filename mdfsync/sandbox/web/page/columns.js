/**
 * What the field dictionary says about columns and Airtable's schema cannot: who writes them, and which currency an
 * amount is in. `columns.json` is held equal to the dictionary by a test; columns that people made are simply unknown.
 */
/** @type {Object<string, {people: string[], asked: string[], money: Object<string, string[]>}>} */
const told = await (await fetch(new URL("./columns.json", import.meta.url))).json();

const TAG = /\s*\[mdfsync:[^\]]*\]\s*$/;

/** The words of a column's description, without the mark that binds it to the dictionary. */
export const meaning = (spec) => (spec.description ?? "").replace(TAG, "").trim();

export const WRITERS = {
  people: { sign: "●", words: "People type here; the worker only reads it." },
  asked: { sign: "◐", words: "The worker fills it when blank; later differences wait for a person's decision." },
  worker: { sign: "○", words: "The worker writes it. Type over it, and it asks whether to keep yours." },
  base: { sign: "ƒ", words: "Computed by the base; nobody types here." },
};

/** Who writes a column: a key of `WRITERS`, "" for columns that are in no dictionary. */
export function writer(tableName, spec) {
  if (spec.computed) return "base";
  if (!TAG.test(spec.description ?? "") || !told[tableName]) return "";
  if (told[tableName].people.includes(spec.name)) return "people";
  return told[tableName].asked.includes(spec.name) ? "asked" : "worker";
}

/** The ISO code an amount of this row is in, "" when the column is no amount or the row does not say. */
export function currency(tableName, name, cells) {
  const pairs = Object.entries(told[tableName]?.money ?? {});
  const column = pairs.find(([, amounts]) => amounts.includes(name))?.[0];
  return column ? (cells[column] ?? "") : "";
}

const MIRROR = /^The same as `(\w+)`, as a link/;

/** Text columns that a link column repeats (`joint_campaign_id` beside `campaign`), as the descriptions say. */
export const mirrored = (fields) => new Set(fields.map((f) => meaning(f).match(MIRROR)?.[1]).filter(Boolean));

const NUMBERS = new Set(["number", "currency", "percent", "autoNumber", "count", "duration", "rating"]);

/** Whether a column holds numbers, which stand at the right. */
export const numeric = (spec) => NUMBERS.has(spec.type) || NUMBERS.has(spec.options?.result?.type);
