/**
 * Stable ids in running text as links to their rows: "not accepted yet (ev-1041-dublin)".
 * It knows the ids of loaded tables only; everything else stays text.
 */
import { h } from "./dom.js";
import { rowHref } from "./routes.js";
import { all, called, find, listen, loaded, primary, rows } from "./tables.js";

/** @type {Map<string, string>|null} stable id → table */
let places = null;
listen((news) => {
  if ([...news.changed.values()].some((names) => names.includes(primary(news.table)?.name)) || news.removed.length)
    places = null;
});

/** Ids are known anew after a table was loaded. */
export function relearn() {
  places = null;
}

function index() {
  if (places) return places;
  places = new Map();
  for (const { name } of all().filter((t) => loaded(t.name))) {
    const key = primary(name)?.name;
    for (const row of rows(name)) if (row.cells[key]) places.set(String(row.cells[key]), name);
  }
  return places;
}

const ID = /(?:([A-Z][A-Za-z ]+)\/)?([A-Za-z][A-Za-z0-9]*-[A-Za-z0-9][A-Za-z0-9-]*)/g;

/**
 * Text with its ids made links.
 * @returns {Node[]}
 */
export function linked(written) {
  const parts = [];
  let from = 0;
  for (const found of written.matchAll(ID)) {
    const [whole, , id] = found;
    const table = index().get(id);
    if (!table) continue;
    parts.push(document.createTextNode(written.slice(from, found.index)), idLink(table, id, whole));
    from = found.index + whole.length;
  }
  parts.push(document.createTextNode(written.slice(from)));
  return parts;
}

function idLink(table, id, words) {
  const row = find(table, id);
  return h("a.id", { href: rowHref(table, id), title: `${table}: ${(row && called(table, row)) || id}` }, words);
}

/** The row that something is about: its name, then its id, as one link. */
export function subject(table, id) {
  const row = find(table, id);
  const name = row ? called(table, row) : "";
  const words = [h("span.table-name", {}, table), name && h("b", {}, name), h("span.code", {}, id)];
  return row || !loaded(table) ? h("a.subject", { href: rowHref(table, id) }, words) : h("span.subject", {}, words);
}
