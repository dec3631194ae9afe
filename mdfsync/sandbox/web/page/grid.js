/**
 * One table as a virtual grid (Tabulator): columns from the base's own fields, cells edited in place (by typing over
 * them too), rows patched where they stand when they change elsewhere. It keeps no data of its own: `tables.js` does.
 */
import { TabulatorFull as Tabulator } from "./vendor/tabulator/tabulator_esm.min.js";
import { WRITERS, meaning, numeric, writer } from "./columns.js";
import { clear } from "./edits.js";
import { button, h } from "./dom.js";
import { cellEditor } from "./cells.js";
import { shown } from "./field_line.js";
import { editable } from "./inputs.js";
import { rowHref } from "./routes.js";
import { show, sortKey, text } from "./show.js";
import { listen, row, rows, table as tableOf } from "./tables.js";
import { head } from "./words.js";

const WIDTHS = {
  multilineText: 260,
  richText: 260,
  number: 150,
  currency: 150,
  percent: 100,
  date: 120,
  dateTime: 168,
  checkbox: 90,
  singleSelect: 140,
  multipleSelects: 190,
  multipleRecordLinks: 170,
  multipleAttachments: 170,
  email: 190,
  url: 190,
};
/** Columns that say in words what a row is. */
const NAMES = /(_name|_title|^title|^question|^message|^company)$/;
/** Characters that mean something else everywhere, and columns in which no character can be typed. */
const KEPT = new Set([" ", "/", "?"]);
const UNTYPED = new Set(["checkbox", "multipleAttachments", "multipleSelects"]);
const FLASH_MS = 2500;
const narrow = () => matchMedia("(max-width: 640px)").matches;

/**
 * @param {HTMLElement} host
 * @param {string} name  table
 * @param {{visible: (spec: import("./tables.js").Field) => boolean, menu: (anchor: HTMLElement, spec: any) => void,
 *          fits: (row: import("./tables.js").Row) => boolean, counted: (shown: number) => void}} wiring
 */
export function makeGrid(host, name, wiring) {
  const spec = tableOf(name);
  const fields = spec.fields;
  const first = fields.find((f) => f.primary);
  /** Rows that changed while one of their cells was being edited. */
  const later = new Set();
  let editing = null;

  /** A row for Tabulator: every column present, so that emptied cells empty. */
  const data = (r) => Object.fromEntries([["_id", r.id], ...fields.map((f) => [f.name, r.cells[f.name] ?? null])]);

  const grid = new Tabulator(host, {
    data: rows(name).map(data),
    index: "_id",
    height: "100%",
    layout: "fitData",
    nestedFieldSeparator: false,
    columnHeaderSortMulti: true,
    rowHeight: 36,
    selectableRange: 1,
    selectableRangeColumns: false,
    selectableRangeRows: true,
    selectableRangeClearCells: false,
    editTriggerEvent: "dblclick",
    clipboard: "copy",
    clipboardCopyStyled: false,
    clipboardCopyConfig: { columnHeaders: false, rowHeaders: false },
    clipboardCopyRowRange: "range",
    rowHeader: {
      ...column(first),
      width: narrow() ? 150 : 220,
      frozen: true,
      formatter: opener,
      editor: false,
      headerSort: false,
    },
    columns: fields.filter((f) => f !== first).map(column),
    placeholder: h("p.empty", {}, "No rows"),
    keybindings: { navPrev: false, navNext: false },
  });

  /** The first column is the row's head: its name, which opens it. */
  function opener(cell) {
    const cells = cell.getData();
    const named = cells[first.name] ? show(name, first, cells) : h("i", {}, "no id yet");
    return h("a.open", { href: rowHref(name, cells._id), tabIndex: -1, title: "Open the row (Space)" }, named);
  }

  function column(f) {
    return {
      field: f.name,
      title: head(f.name),
      titleFormatter: () => title(f),
      formatter: (cell) => shown(name, f, cell.getData()),
      visible: wiring.visible(f),
      width: Math.max(
        WIDTHS[f.type] ?? (NAMES.test(f.name) ? 240 : 170),
        Math.min(240, 62 + 8.5 * head(f.name).length),
      ),
      hozAlign: numeric(f) ? "right" : "left",
      headerHozAlign: numeric(f) ? "right" : "left",
      cssClass: `type-${f.type}${f.primary ? " primary" : ""}`,
      sorter: sorter(f),
      accessorClipboard: (value) => (value !== null && typeof value === "object" ? text(f, value) : value),
      editor: editable(f) ? cellEditor(name, f) : false,
    };
  }

  function title(f) {
    const by = writer(name, f);
    const told = [meaning(f), by && WRITERS[by].words, f.name].filter(Boolean).join("\n");
    const menu = button("⋮", (event) => (event.stopPropagation(), wiring.menu(event.currentTarget, f)), {
      kind: "column-menu",
      label: `${head(f.name)}: sort, filter, hide`,
    });
    return h(
      "span.title",
      { title: told },
      by && h(`span.writer.${by}`, { "aria-hidden": "true" }, WRITERS[by].sign),
      h("span.words", {}, head(f.name)),
      menu,
    );
  }

  function patch(news) {
    if (news.table !== name) return;
    for (const id of news.removed) if (grid.getRow(id)) grid.deleteRow(id);
    const fresh = [];
    for (const [id, names] of news.changed) {
      if (editing === id) later.add(id);
      else if (!grid.getRow(id)) fresh.push(id);
      else update(id, names);
    }
    if (fresh.length)
      void grid.addData(fresh.map((id) => data(row(name, id)))).then(() => fresh.forEach((id) => flash(id)));
    wiring.counted(grid.getDataCount("active"));
  }

  function update(id, names) {
    const now = row(name, id);
    if (!now) return;
    const all = data(now);
    const cells = Object.fromEntries((names ?? Object.keys(all)).map((n) => [n, all[n]]));
    void grid
      .getRow(id)
      .update(cells)
      .then(() => flash(id, names));
  }

  /** Mark what has just changed; the style decides whether that moves. */
  function flash(id, names) {
    const component = grid.getRow(id);
    if (!component) return;
    const cells = component.getCells().filter((c) => !names || names.includes(c.getField()));
    for (const cell of cells) {
      const element = cell.getElement();
      element.classList.add("fresh");
      setTimeout(() => element.classList.remove("fresh"), FLASH_MS);
    }
  }

  function settle() {
    editing = null;
    for (const id of later) update(id);
    later.clear();
  }

  grid.on("cellEditing", (cell) => (editing = cell.getData()._id));
  grid.on("cellEditCancelled", settle);
  grid.on("dataFiltered", (_filters, shown) => wiring.counted(shown.length));

  const built = new Promise((ready) => grid.on("tableBuilt", ready)).then(() => amend(host));
  host.addEventListener("keydown", typedOver);

  /** Cells of the range, row by row, that people can type in. */
  const chosen = () =>
    (grid.getRanges()[0]?.getCells().flat() ?? [])
      .map((cell) => ({ cell, id: cell.getData()._id, spec: fields.find((f) => f.name === cell.getField()) }))
      .filter(({ spec }) => spec && spec !== first && editable(spec));

  /** A character on a chosen cell opens its editor and lands there, in place of what it holds; Delete empties. */
  function typedOver(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, button, a")) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      void clear(
        name,
        chosen().filter(({ spec }) => spec.type !== "multipleAttachments"),
      );
    }
    const [one] = chosen();
    if (event.key.length !== 1 || KEPT.has(event.key) || !one || UNTYPED.has(one.spec.type)) return;
    event.stopPropagation();
    one.cell.edit(true);
    if (document.activeElement.tagName === "TEXTAREA") document.activeElement.select();
  }
  const quiet = listen(patch);

  /** The record under the cursor, "" without one. */
  const current = () => grid.getRanges()[0]?.getCells()[0]?.[0]?.getData()._id ?? "";

  return {
    built,
    current,
    refilter: () => grid.setFilter((d) => wiring.fits(row(name, d._id) ?? { id: d._id, cells: d })),
    sort: (f, dir) => grid.setSort(f.name, dir),
    setVisible: (f, on) => (on ? grid.showColumn(f.name) : grid.hideColumn(f.name)),
    reveal: (id) => grid.scrollToRow(id, "center", false).catch(() => {}),
    close: () => (quiet(), grid.destroy()),
  };
}

/** What Tabulator leaves to be wished for by people who use the keyboard or a screen reader. */
function amend(host) {
  const body = host.querySelector(".tabulator-tableholder");
  const heads = host.querySelector(".tabulator-header-contents");
  // A head reached with the keyboard scrolls into view by itself; the cells have to go with it.
  heads.addEventListener("scroll", () => (body.scrollLeft = heads.scrollLeft));
  // The focusable element between the grid and its rows needs a role that may stand there.
  host.removeAttribute("aria-owns");
  body.setAttribute("role", "rowgroup");
  body.querySelector(".tabulator-table").setAttribute("role", "presentation");
}

/** Blank cells stand last whichever way one sorts. */
function sorter(f) {
  return (a, b, _rowA, _rowB, _column, dir) => {
    const [one, two] = [sortKey(f, a), sortKey(f, b)];
    if (one === null || two === null) return one === two ? 0 : (one === null) === (dir === "asc") ? 1 : -1;
    return typeof one === "number" ? one - two : String(one).localeCompare(String(two), "en", { numeric: true });
  };
}
