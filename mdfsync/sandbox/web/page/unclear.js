/**
 * A decision that the worker did not count, as a card of the exceptions: the row it holds back, what was decided, and
 * one thing to do: take it back, so that somebody may decide who can.
 */
import { CHOICES, undo } from "./decide.js";
import { button, fill, h } from "./dom.js";
import { change } from "./edits.js";
import { subject } from "./refs.js";
import { rowHref } from "./routes.js";
import { field, find } from "./tables.js";
import { refused } from "./toast.js";
import { head } from "./words.js";

/** @typedef {import("./queues.js").Item} Item */

export const isUnclear = (item) => item.kind === "decision_unclear";

/** The row that the decision concerns: the held one, not the hold. */
export const place = ({ judged, about, record }) =>
  judged?.about ? { table: judged.about, id: judged.record } : { table: about, id: record };

/** The column a decision on a row stands in; "" when it is the disposition of an item. */
const columnOf = (item) => (item.judged ? "" : (item.evidence.match(/^field: (\w+)$/m)?.[1] ?? ""));

export function subjectOf(item) {
  const { table, id } = place(item);
  const column = columnOf(item);
  return h("p.about", {}, subject(table, id), column && h("span.column", {}, head(column)));
}

/** The buttons under such a card. */
export function foot(item) {
  const { table, id } = place(item);
  const open = h("a.button", { href: rowHref(table, id) }, "Open the row");
  if (!stands(item)) return [h("p.hint", {}, "Taken back: this goes with the next run."), h("div.actions", {}, open)];
  const host = h("div.actions");
  const take = async () => {
    if (await takeBack(item)) fill(host, h("p.hint", {}, "Taken back: this goes with the next run."), open);
  };
  fill(host, button("Take it back", take, { kind: "main", title: "Take it back (z)" }), open);
  return host;
}

function stands(item) {
  if (item.judged) return Boolean(item.judged.decision);
  const value = find(item.about, item.record)?.cells[columnOf(item)];
  return value !== undefined && value !== null && value !== "";
}

/** Empty what was decided. Resolves to whether it was written. */
export async function takeBack(item) {
  if (!stands(item)) return false;
  if (!item.judged) {
    const row = find(item.about, item.record);
    return change(item.about, row.id, field(item.about, columnOf(item)), null);
  }
  try {
    await undo(item.judged);
    return true;
  } catch (error) {
    refused(error);
    return false;
  }
}

/** What the decision was made on, in its own queue's words. */
export const JUDGED = { holds: "The hold", exceptions: "The exception", proposals: "The change", actions: "The set" };

/** "Upheld by Lee Marsh", "Waived by Lee Marsh: agreed by phone". */
export function decided({ queue, row, decision }) {
  const { disposition_by: by, waive_reason: waived, review_note: noted } = row.cells;
  const done = CHOICES[queue].find((c) => c.disposition === decision)?.done ?? decision;
  const said = by?.name ? `${done} by ${by.name}` : done;
  return [said, waived ?? noted].filter(Boolean).join(": ");
}
