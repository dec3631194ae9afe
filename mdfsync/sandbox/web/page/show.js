/**
 * Cells as people read them: one value of a column as an element, and as plain text for sorting and searching.
 * Read only. A value it does not know the shape of is shown as its JSON, never dropped.
 */
import { currency, numeric } from "./columns.js";
import { h } from "./dom.js";
import { rowHref } from "./routes.js";
import { tableById } from "./tables.js";
import { MIDNIGHT, bytes, day, moment, number, plain, who } from "./words.js";

/** @typedef {import("./tables.js").Field} Field */

/** Choices whose colour says something, wherever they stand. Everything else is neutral. */
const TONES = {
  good: [
    "approved",
    "accepted",
    "eligible",
    "applied",
    "complete",
    "matched",
    "fresh",
    "pass",
    "paid",
    "granted",
    "cleared",
    "in_force",
    "signed",
    "done",
    "live",
    "high",
  ],
  warn: [
    "needs-review",
    "pending",
    "open",
    "medium",
    "warning",
    "due_soon",
    "incomplete",
    "review",
    "returned",
    "stale",
    "expected",
    "unsigned",
    "edited",
    "waived",
  ],
  bad: [
    "held",
    "hold",
    "rejected",
    "ineligible",
    "refused",
    "blocked",
    "late",
    "fail",
    "critical",
    "upheld",
    "disputed",
    "conflict",
    "excluded",
    "absent",
    "expired",
  ],
};
const toneOf = (name) => Object.keys(TONES).find((tone) => TONES[tone].includes(name)) ?? "";

/** A choice as a small label. In columns of grades (severity, confidence) only the words matter. */
export function pill(name, column = "") {
  const tone = column === "severity" ? { critical: "bad", high: "bad", medium: "warn", low: "" }[name] : toneOf(name);
  const graded = column === "confidence" ? { high: "good", medium: "warn", low: "bad" }[name] : tone;
  return h(`span.pill${graded ? `.${graded}` : ""}`, {}, plain(name));
}

/**
 * The element of a cell.
 * @param {string} tableName
 * @param {Field} spec
 * @param {Object<string, any>} cells  the whole row: amounts need their currency
 * @param {any} [value]  another value than the row's own
 * @returns {Node}
 */
export function show(tableName, spec, cells, value = cells[spec.name]) {
  if (value === undefined || value === null || value === "") return document.createTextNode("");
  const special = SPECIAL[spec.type]?.(value, spec);
  if (special) return special;
  if (!numeric(spec)) return document.createTextNode(text(spec, value));
  const unit = currency(tableName, spec.name, cells);
  return h("span.number", {}, text(spec, value), unit && h("span.unit", {}, ` ${unit}`));
}

const SPECIAL = {
  singleSelect: (value, spec) => pill(value, spec.name),
  multipleSelects: (value, spec) =>
    h(
      "span.pills",
      {},
      value.map((v) => pill(v, spec.name)),
    ),
  checkbox: () => h("span.tick", { "aria-label": "yes" }, "✓"),
  multipleRecordLinks: (value, spec) => {
    const target = tableById(spec.options?.linkedTableId)?.name ?? "";
    const link = (l) => h("a.link", { href: rowHref(target, l.id), tabIndex: -1 }, l.name || "unnamed");
    return h("span.links", {}, value.map(link));
  },
  multipleAttachments: (value) =>
    h(
      "span.links",
      {},
      value.map((a) => file(a, -1)),
    ),
  email: (value) => h("span", { title: value }, who(value)),
  url: (value) =>
    /^https?:/i.test(value) ? h("a", { href: value, target: "_blank", rel: "noreferrer", tabIndex: -1 }, value) : null,
};

/** An attachment to open or to save. */
export function file(attachment, tabIndex = 0) {
  return h(
    "a.file",
    { href: attachment.url, target: "_blank", tabIndex, title: bytes(attachment.size) },
    attachment.filename,
  );
}

/** A value in plain words. */
export function text(spec, value) {
  if (value === undefined || value === null) return "";
  if (spec.type === "date" || spec.options?.result?.type === "date") return day(String(value));
  if (spec.type === "dateTime" || spec.type.endsWith("Time")) return instant(spec, String(value));
  if (spec.type === "email") return who(String(value));
  if (spec.type === "percent") return `${Number((value * 100).toFixed(precision(spec)))} %`;
  if (numeric(spec) && typeof value === "number") return number(value, precision(spec));
  if (spec.type === "checkbox") return value ? "yes" : "";
  if (spec.type === "singleSelect") return plain(value);
  if (Array.isArray(value)) return value.map((v) => v?.name ?? v?.filename ?? plain(v)).join(", ");
  if (typeof value === "object") return value.name ?? value.email ?? JSON.stringify(value);
  return String(value);
}

/** A close date is a day that a column of instants keeps: its midnight says nothing. */
const instant = (spec, value) => (/_date$/.test(spec.name) && MIDNIGHT.test(value) ? day(value) : moment(value));

const precision = (spec) => spec.options?.precision ?? spec.options?.result?.options?.precision ?? 0;

/** What a column sorts by: numbers as numbers, dates as they are written, the rest as lower-case words. */
export function sortKey(spec, value) {
  if (value === undefined || value === null || value === "") return null;
  if (typeof value === "number") return value;
  if (spec.type === "date" || spec.type === "dateTime") return value;
  return text(spec, value).toLowerCase();
}

/**
 * The canonical text of Change History (`"78000"`, `"2026-11-23T00:00:00.000Z"`, `'["rec…"]'`) in the words of the
 * column it is about. Text that does not read as such is shown as it is.
 * @param {Field|undefined} spec
 */
export function canonicalWords(spec, written, tableName = "", cells = {}) {
  if (!written) return "";
  if (!spec) return written;
  if (numeric(spec) && spec.type !== "percent" && !Number.isNaN(Number(written))) {
    return `${number(written, precision(spec))} ${currency(tableName, spec.name, cells)}`.trim();
  }
  if (spec.type === "percent" && !Number.isNaN(Number(written))) return text(spec, Number(written));
  if (spec.type === "date" || spec.type === "dateTime" || spec.type === "email") return text(spec, written);
  if (spec.type === "singleSelect") return plain(written);
  if (spec.type === "checkbox") return written === "true" ? "yes" : "no";
  const list = written.startsWith("[") && listed(written);
  return list ? list.map(plain).join(", ") : written;
}

function listed(written) {
  try {
    return JSON.parse(written);
  } catch {
    return null;
  }
}
