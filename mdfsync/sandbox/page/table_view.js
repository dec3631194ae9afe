/**
 * A table of the base: its grid, and above it what is searched, filtered and shown of it.
 */
import { api } from "./api.js";
import { WRITERS, mirrored } from "./columns.js";
import { button, fill, h, memory } from "./dom.js";
import { undoLast } from "./edits.js";
import { columnMenu, filterWords, passes } from "./filters.js";
import { makeGrid } from "./grid.js";
import { popUp } from "./popover.js";
import { go, here, rowHref } from "./routes.js";
import { text } from "./show.js";
import { find, keep, load, rows, table } from "./tables.js";
import { refused } from "./toast.js";
import { count, head } from "./words.js";

/**
 * @param {HTMLElement} host
 * @param {string} name
 */
export async function tableView(host, name) {
  const spec = table(name);
  fill(host, h("p.empty", {}, `Reading ${name}…`));
  await load(name);
  let sought = "";
  /** @type {Map<string, import("./filters.js").Filter>} */
  const filters = new Map();
  /** Columns people switched by hand, remembered: name → shown. */
  const switched = new Map(JSON.parse(memory.get(`columns.${name}`, "[]")));
  const filled = new Set(rows(name).flatMap((r) => Object.keys(r.cells)));
  const twice = mirrored(spec.fields);
  const visible = (f) => switched.get(f.name) ?? (filled.has(f.name) && !twice.has(f.name));

  const summary = h("p.summary", { role: "status" });
  const chips = h("div.chips");
  const holder = h("div.grid", { "aria-label": name });
  const hiddenCount = h("span.count");
  const columns = h("button", { type: "button", onclick: () => chooser(columns) }, "Columns ", hiddenCount);
  fill(host, h("section.table", {},
    h("header.view-head", {}, h("div", {}, h("h1", {}, name), h("p.legend", {}, Object.values(WRITERS).map((w) => h("span", { title: w.words }, w.sign, " ", SHORT[w.sign])))),
      h("div.filters", {}, columns, button("Undo", () => undoLast(), { title: "Take the last edit back (Ctrl Z)", label: undefined }), button("Add row", add, { kind: "main", label: undefined }))),
    h("div.bar", {}, summary, chips), holder));

  const grid = makeGrid(holder, name, { visible, menu, fits, counted });
  await grid.built;
  const asked = here().record && find(name, here().record);
  if (asked) void grid.reveal(asked.id);
  else scrollTo(0, 0);
  drawBar();

  function fits(row) {
    if (sought && !spec.fields.some((f) => text(f, row.cells[f.name]).toLowerCase().includes(sought) || String(row.cells[f.name] ?? "").toLowerCase().includes(sought))) return false;
    return [...filters].every(([column, filter]) => passes(filter, spec.fields.find((f) => f.name === column), row.cells[column]));
  }

  function counted(shown) {
    const all = rows(name).length;
    fill(summary, shown === all ? count(all, "row") : `${shown} of ${count(all, "row")}`);
  }

  function menu(anchor, f) {
    columnMenu(anchor, f, filters.get(f.name), {
      sort: (dir) => grid.sort(f, dir),
      hide: f.primary ? null : () => toggle(f, false),
      filter: (filter) => (filter ? filters.set(f.name, filter) : filters.delete(f.name), grid.refilter(), drawBar()),
    });
  }

  function toggle(f, on) {
    switched.set(f.name, on);
    memory.set(`columns.${name}`, JSON.stringify([...switched]));
    grid.setVisible(f, on);
    drawBar();
  }

  function drawBar() {
    const chip = ([column, filter]) => button(`${head(column)} ${filterWords(filter)} ×`, () => (filters.delete(column), grid.refilter(), drawBar()), { kind: "chip", label: `Remove the filter: ${head(column)} ${filterWords(filter)}` });
    fill(chips, [...filters].map(chip));
    const hidden = spec.fields.filter((f) => !f.primary && !visible(f)).length;
    hiddenCount.textContent = hidden ? `${hidden} hidden` : "";
  }

  function chooser(anchor) {
    const box = (f) => h("label", {}, h("input", { type: "checkbox", checked: visible(f), onchange: (event) => toggle(f, event.target.checked) }), h("span", {}, head(f.name)), h("span.hint", {}, !filled.has(f.name) ? "empty" : twice.has(f.name) ? "also a link" : ""));
    const several = (on) => () => (spec.fields.filter((f) => !f.primary && (!on || !visible(f))).forEach((f) => toggle(f, on || filled.has(f.name))), pop.hidePopover(), chooser(anchor));
    const pop = h("div.popover.chooser", { popover: "auto", role: "dialog", "aria-label": "Columns" },
      h("div.actions", {}, button("Show all", several(true), { label: undefined }), button("Hide empty", several(false), { label: undefined })),
      spec.fields.filter((f) => !f.primary).map(box));
    popUp(pop, anchor);
  }

  async function add() {
    try {
      const { row } = await api.add(name, {});
      keep(name, row);
      go(rowHref(name, row.id));
    } catch (error) {
      refused(error);
    }
  }

  function keyed(event) {
    if (event.key === " " && grid.current() && holder.contains(document.activeElement)) return go(rowHref(name, grid.current())), true;
    return false;
  }

  function chord(event) {
    const typing = event.target.closest?.("input, textarea, select") || document.querySelector("dialog[open]");
    if (event.key === "z" && !event.shiftKey && !typing) event.preventDefault(), undoLast();
  }

  return { search: (words) => ((sought = words.trim().toLowerCase()), grid.refilter()), key: keyed, chord, close: grid.close };
}

const SHORT = { "●": "people", "◐": "worker asks", "○": "worker", ƒ: "computed" };
