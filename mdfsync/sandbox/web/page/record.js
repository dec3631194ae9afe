/**
 * One row in a drawer: every field with who writes it, editing, the history and explanation of each cell, the holds
 * and exceptions on it, comments. What the address bar names is open (`app.js`).
 */
import { api } from "./api.js";
import { mirrored, writer } from "./columns.js";
import { arrange, button, fill, h } from "./dom.js";
import { comments } from "./comments.js";
import { confirm, open } from "./drawer.js";
import { settled } from "./edits.js";
import { fieldLine } from "./field_line.js";
import { rowHistory } from "./history.js";
import { editable } from "./inputs.js";
import { QUEUES } from "./queues.js";
import { linked } from "./refs.js";
import { queueHref } from "./routes.js";
import { pill } from "./show.js";
import { called, find, forget, listen, load, row as rowOf, rows, stableId, table as tableOf } from "./tables.js";
import { refused, say } from "./toast.js";
import { count, head } from "./words.js";

/** @type {{dialog: HTMLDialogElement, key: string, going: boolean}|null} */
let shown = null;

/** Rows that were added here and whose drawer was not closed yet. */
const fresh = new Set();

/** A row was just added, with few cells or none: its drawer asks for them; closed without any, the row is taken back. */
export const begun = (id) => fresh.add(id);
const asking = (table, row) => empty(table, row) || fresh.has(row.id);

/** Close the drawer without moving in the address bar. */
export function closeRecord() {
  if (!shown) return;
  shown.going = true;
  shown.dialog.close();
}

/**
 * Open the drawer of a row over whatever is shown.
 * @param {string} table
 * @param {string} key  record id or stable id
 * @param {() => void} leave  called when the person closes it
 */
export async function showRecord(table, key, leave) {
  await load(table);
  const row = find(table, key);
  if (!row) throw new Error(`${table} has no row ${key}. It may have been deleted.`);
  if (shown?.key === `${table}/${row.id}`) return;
  closeRecord();
  const mine = { key: `${table}/${row.id}`, going: false, dialog: null };
  shown = mine;
  let quiet = () => {};
  const closed = () => {
    quiet();
    if (shown === mine) shown = null;
    if (fresh.delete(row.id)) void takeBack(table, row.id);
    if (!mine.going) leave();
  };
  const name = asking(table, row) ? `New ${one(table)}` : called(table, row);
  const id = asking(table, row) ? "" : stableId(table, row);
  const title = h("span", {}, name || id, h("span.code", {}, [table, name && id].filter(Boolean).join(" · ")));
  mine.dialog = open({ title, closed, label: `${table}: ${name || id}` }, (body) => {
    const panel = recordPanel(body, table, row.id);
    quiet = listen((news) => {
      if (news.removed.includes(row.id)) mine.dialog.close();
      else if (news.table === table && news.changed.has(row.id)) panel.update(news.changed.get(row.id));
    });
  });
}

function recordPanel(body, table, id) {
  const fields = tableOf(table).fields;
  const twice = mirrored(fields);
  const list = h("dl.fields");
  const more = h("div");
  /** @type {Map<string, {line: HTMLElement, draw: () => void}>} */
  const lines = new Map(fields.map((f) => [f.name, fieldLine(table, id, f)]));
  let everything = false;
  const begins = rowOf(table, id);
  const asked = asking(table, begins) ? typedByPeople(table) : [];
  const given = asked.length ? fields.filter((f) => begins.cells[f.name] !== undefined) : [];
  const ordered = [...new Set([...given, ...asked, ...fields])];

  function draw() {
    const cells = rowOf(table, id)?.cells ?? {};
    const visible = ordered.filter(
      (f) =>
        everything ||
        asked.includes(f) ||
        given.includes(f) ||
        (cells[f.name] !== undefined && !twice.has(f.name)) ||
        lines.get(f.name).line.classList.contains("editing"),
    );
    arrange(
      list,
      visible.map((f) => lines.get(f.name).line),
    );
    const hidden = fields.length - visible.length;
    fill(
      more,
      everything || !hidden
        ? null
        : button(
            `Show ${count(hidden, "more field")}: empty, or repeated as a link`,
            () => ((everything = true), draw()),
            { kind: "wide" },
          ),
    );
  }

  const parts = {
    Fields: () => [asked.length ? h("p.hint", {}, mayStayEmpty(table)) : onIt(table, id), list, more],
    Comments: () => comments(table, id),
    History: () => rowHistory(table, id),
  };
  const host = h("div.part", { role: "tabpanel" });
  const tabs = h(
    "div.parts",
    { role: "tablist", onkeydown: arrows },
    Object.keys(parts).map((name) =>
      h("button.tab", { type: "button", role: "tab", onclick: () => choose(name) }, name),
    ),
  );

  function choose(name) {
    for (const tab of tabs.children) {
      tab.setAttribute("aria-selected", String(tab.textContent === name));
      tab.tabIndex = tab.textContent === name ? 0 : -1;
    }
    host.setAttribute("aria-label", name);
    fill(host, parts[name]());
  }

  function arrows(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const all = [...tabs.children];
    const next = all[(all.indexOf(document.activeElement) + by + all.length) % all.length];
    next.focus();
    next.click();
  }

  draw();
  choose("Fields");
  const remove = button("Delete row…", () => deleteRow(table, id), { kind: "danger" });
  fill(body, tabs, host, h("footer", {}, remove, h("span.hint", {}, id)));
  return {
    update(names) {
      for (const name of names) lines.get(name)?.draw(true);
      draw();
    },
  };
}

/** Whether nobody filled anything in. */
const empty = (table, row) => !tableOf(table).fields.some((f) => !f.computed && row.cells[f.name] !== undefined);

/** "Evidence" → "evidence", "MDF Budgets" → "MDF budget". */
function one(table) {
  const words = table.split(" ").map((w) => (w === w.toUpperCase() ? w : w.toLowerCase()));
  return words.join(" ").replace(/ies$/, "y").replace(/s$/, "");
}

/** Columns to fill in a new row, in the order of the table: what people type, decisions after what they are about. */
function typedByPeople(table) {
  const { fields } = tableOf(table);
  const theirs = (f) => f.primary || ["people", "asked", ""].includes(writer(table, f));
  const typed = fields.filter((f) => editable(f) && theirs(f));
  const decision = (f) => /_decision(_reason)?$/.test(f.name);
  return [...typed.filter((f) => !decision(f)), ...typed.filter(decision)];
}

function mayStayEmpty(table) {
  const key = tableOf(table).fields.find((f) => f.primary);
  return `Fill in what you know. ${head(key.name)} may stay empty: the worker gives the row one on its next run.`;
}

/** Take back a row that was added and left without anything in it. */
async function takeBack(table, id) {
  try {
    await settled();
    const row = rowOf(table, id);
    if (!row || !empty(table, row) || (await api.comments(table, id)).length) return;
    await api.remove(table, id);
    forget(table, id);
    say("Nothing was filled in: the new row was not kept.");
  } catch (error) {
    refused(error);
  }
}

/** Open holds and exceptions on this row: why it goes nowhere. */
function onIt(table, id) {
  const key = stableId(table, rowOf(table, id) ?? { id, cells: {} });
  const lines = ["holds", "exceptions"].flatMap((queue) =>
    rows(QUEUES[queue].table)
      .filter((r) => QUEUES[queue].open(r) && r.cells.table === table && r.cells.record === key)
      .map((r) =>
        h(
          "li",
          {},
          pill(r.cells.severity ?? "", "severity"),
          h(
            "span",
            {},
            linked(String(r.cells.message ?? "")),
            " ",
            h("a", { href: queueHref(queue) }, queue === "holds" ? "Hold" : "Exception"),
          ),
        ),
      ),
  );
  return lines.length ? h("ul.on-it", { "aria-label": "Open on this row" }, lines) : null;
}

async function deleteRow(table, id) {
  const key = stableId(table, rowOf(table, id) ?? { id, cells: {} });
  const sure = await confirm(
    `Delete ${key} from ${table}? The worker reports a deleted row and does not make it again.`,
    "Delete",
  );
  if (!sure) return;
  try {
    await api.remove(table, id);
    forget(table, id);
  } catch (error) {
    refused(error);
  }
}
