/**
 * A table of the base: its grid, and above it what is searched, filtered and shown of it.
 */
import { api } from "./api.js";
import { WRITERS } from "./columns.js";
import { button, fill, h } from "./dom.js";
import { undoLast } from "./edits.js";
import { columnMenu, filterWords, passes } from "./filters.js";
import { makeGrid } from "./grid.js";
import { begun } from "./record.js";
import { go, here, rowHref } from "./routes.js";
import { shownColumns } from "./shown_columns.js";
import { find, keep, rows, table } from "./tables.js";
import { refused } from "./toast.js";
import { count, head } from "./words.js";

/** Tables whose rows only the worker makes. */
const WORKERS = new Set(["Change History", "Sources", "Sync Runs", "Holds", "Exceptions", "Actions"]);
/** Tables that are read from their newest row on, with the column that says when. */
const NEWEST_FIRST = { "Change History": "captured_at" };

/**
 * Show a table whose rows were loaded.
 * @param {HTMLElement} host
 * @param {string} name
 */
export async function tableView(host, name) {
  const { fields } = table(name);
  let sought = "";
  /** @type {Map<string, import("./filters.js").Filter>} by column */
  const filters = new Map();
  const shown = shownColumns(name, (f, on) => (grid.setVisible(f, on), drawBar()));

  const summary = h("p.summary", { role: "status" });
  const chips = h("div.chips");
  const holder = h("div.grid", { "aria-label": name });
  const hidden = h("span.count");
  const columns = h("button", { type: "button", onclick: () => shown.menu(columns) }, "Columns ", hidden);
  const undo = button("Undo", () => undoLast(), { title: "Take the last edit back (Ctrl Z)" });
  const acts = h("div.filters", {}, columns, undo, !WORKERS.has(name) && button("Add row", add, { kind: "main" }));
  const top = h("header.view-head", {}, h("div", {}, h("h1", {}, name), legend()), acts);
  fill(host, h("section.table", {}, top, h("div.bar", {}, summary, chips), holder));

  const grid = makeGrid(holder, name, { visible: shown.visible, menu, fits, counted });
  await grid.built;
  const when = fields.find((f) => f.name === NEWEST_FIRST[name]);
  if (when) grid.sort(when, "desc");
  const asked = here().record && find(name, here().record);
  if (asked) void grid.reveal(asked.id);
  else scrollTo(0, 0);
  drawBar();

  function fits({ cells }) {
    const has = { kind: "has", words: sought };
    if (sought && !fields.some((f) => passes(has, f, cells[f.name]))) return false;
    return fields.every((f) => !filters.has(f.name) || passes(filters.get(f.name), f, cells[f.name]));
  }

  function counted(many) {
    const all = rows(name).length;
    fill(summary, many === all ? count(all, "row") : `${many} of ${count(all, "row")}`);
  }

  function menu(anchor, f) {
    columnMenu(anchor, f, filters.get(f.name), {
      sort: (dir) => grid.sort(f, dir),
      hide: f.primary ? null : () => shown.toggle(f, false),
      filter: (filter) => narrow(f.name, filter),
    });
  }

  function narrow(column, filter) {
    if (filter) filters.set(column, filter);
    else filters.delete(column);
    grid.refilter();
    drawBar();
  }

  function drawBar() {
    const chip = ([column, filter]) => {
      const words = `${head(column)} ${filterWords(filter)}`;
      return button(`${words} ×`, () => narrow(column, null), { kind: "chip", label: `Remove the filter: ${words}` });
    };
    fill(chips, [...filters].map(chip));
    hidden.textContent = shown.hidden() ? `${shown.hidden()} hidden` : "";
  }

  async function add() {
    try {
      const { row } = await api.add(name, {});
      keep(name, row);
      begun(row.id);
      go(rowHref(name, row.id));
    } catch (error) {
      refused(error);
    }
  }

  function keyed(event) {
    const opens = event.key === " " && grid.current() && holder.contains(document.activeElement);
    if (opens) go(rowHref(name, grid.current()));
    return Boolean(opens);
  }

  function chord(event) {
    if (event.key !== "z" || event.shiftKey || event.target.closest("input, textarea, select, dialog")) return;
    event.preventDefault();
    void undoLast();
  }

  return {
    search(words) {
      sought = words.trim();
      grid.refilter();
    },
    key: keyed,
    chord,
    close() {
      shown.close();
      grid.close();
    },
  };
}

const SHORT = { people: "people", asked: "worker asks", worker: "worker", base: "computed" };

/** What the signs in the column heads mean. */
function legend() {
  const one = ([key, { sign, words }]) => h("span", { title: words }, sign, " ", SHORT[key]);
  return h("p.legend", {}, Object.entries(WRITERS).map(one));
}
