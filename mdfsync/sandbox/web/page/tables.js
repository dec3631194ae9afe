/**
 * What the page knows of the base: its tables and, of the tables somebody looked at, their rows.
 * Rows are fetched once and then kept fresh by `refresh`; whoever shows them listens. It writes nothing.
 */
import { api } from "./api.js";

/**
 * @typedef {{id: string, name: string, type: string, options?: any, description?: string, computed: boolean, primary: boolean}} Field
 * @typedef {{id: string, name: string, count: number, fields: Field[]}} Table
 * @typedef {{id: string, created: string, cells: Object<string, any>}} Row   cells by field name, empty ones left out
 * @typedef {{table: string, changed: Map<string, string[]>, removed: string[]}} News   record id → names of its changed fields
 */

/** More ids than this in one address are asked for by reading the table again. */
const LONGEST = 60;

/** @type {Map<string, Table>} */
let tables = new Map();
/** @type {Map<string, Map<string, Row>>} */
const kept = new Map();
/** @type {Map<string, Promise<Map<string, Row>>>} */
const coming = new Map();
/** @type {Set<(news: News) => void>} */
const listeners = new Set();

export const all = () => [...tables.values()];
export const table = (name) => tables.get(name);
export const tableById = (id) => all().find((t) => t.id === id);
export const field = (tableName, name) => tables.get(tableName)?.fields.find((f) => f.name === name);
export const primary = (tableName) => tables.get(tableName)?.fields.find((f) => f.primary);
export const loaded = (name) => kept.has(name);

/** Rows known of a table, in the base's order; empty until it was loaded. */
export const rows = (name) => [...(kept.get(name)?.values() ?? [])];
export const row = (name, id) => kept.get(name)?.get(id);

/** Call `listener` with every news of rows; returns a function that ends it. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Read the list of tables (again). */
export async function learn() {
  tables = new Map((await api.tables()).map((t) => [t.name, t]));
}

/** All rows of a table, fetched on first use. */
export async function load(name) {
  if (kept.has(name)) return kept.get(name);
  if (!coming.has(name))
    coming.set(
      name,
      fetchAll(name).finally(() => coming.delete(name)),
    );
  return coming.get(name);
}

async function fetchAll(name) {
  const read = (await api.rows(name)).rows;
  kept.set(name, new Map(read.map((r) => [r.id, r])));
  return kept.get(name);
}

/** Fetch rows that changed and tell the listeners what is different. Tables nobody looked at are left alone. */
export async function refresh(name, ids) {
  const known = kept.get(name);
  if (!known) return;
  const many = ids.length > LONGEST;
  const fresh = new Map((await api.rows(name, many ? undefined : ids)).rows.map((r) => [r.id, r]));
  const looked = many ? new Set([...known.keys(), ...fresh.keys()]) : ids;
  const news = { table: name, changed: new Map(), removed: [] };
  for (const id of looked) {
    const [old, now] = [known.get(id), fresh.get(id)];
    if (!now) {
      if (known.delete(id)) news.removed.push(id);
      continue;
    }
    known.set(id, now);
    const names = different(old?.cells ?? {}, now.cells);
    if (names.length || !old) news.changed.set(id, names);
  }
  tell(news);
}

/** A row as the server gave it back after a write of this page. */
export function keep(name, fresh) {
  const known = kept.get(name);
  if (!known) return;
  const names = different(known.get(fresh.id)?.cells ?? {}, fresh.cells);
  known.set(fresh.id, fresh);
  tell({ table: name, changed: new Map([[fresh.id, names]]), removed: [] });
}

export function forget(name, id) {
  if (kept.get(name)?.delete(id)) tell({ table: name, changed: new Map(), removed: [id] });
}

/** Everything is stale (another world, another schema): forget all rows. */
export function forgetAll() {
  kept.clear();
}

function tell(news) {
  const spec = tables.get(news.table);
  if (spec) spec.count = kept.get(news.table).size;
  if (news.changed.size || news.removed.length) for (const listener of listeners) listener(news);
}

function different(old, now) {
  const names = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...names].filter((n) => JSON.stringify(old[n]) !== JSON.stringify(now[n]));
}

/** The row with this record id or stable id, among the loaded ones. */
export function find(tableName, key) {
  const known = kept.get(tableName);
  if (!known) return undefined;
  if (known.has(key)) return known.get(key);
  const id = primary(tableName)?.name;
  return [...known.values()].find((r) => r.cells[id] === key);
}

/** Stable id of a row: its primary cell, else its record id. */
export const stableId = (tableName, r) => String(r.cells[primary(tableName)?.name] ?? r.id);

const NAMING = [
  /^(?!job_)\w+_title$/,
  /^(campaign|partner|account|deal|fund|claim)_name$/,
  /^title$/,
  /^company$/,
  /_name$/,
  /^question$/,
];

/** What people call the row (title, name, company), "" when it has no such column filled. */
export function called(tableName, r) {
  const names = tables.get(tableName)?.fields.map((f) => f.name) ?? [];
  for (const like of NAMING) {
    const found = names.find((n) => like.test(n) && typeof r.cells[n] === "string");
    if (found) return r.cells[found];
  }
  return "";
}
