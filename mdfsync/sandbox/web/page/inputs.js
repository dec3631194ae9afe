/**
 * Controls to type a value of a column, by its type: one for grid cells, forms and drawers alike.
 * A control knows the value in Airtable's JSON (`read`); what the server thinks of it is the server's to say.
 */
import { h } from "./dom.js";
import { linkPicker } from "./links.js";
import { head, plain } from "./words.js";

/**
 * @typedef {Object} Control
 * @property {HTMLElement} element
 * @property {() => any} read      the value for the API, null for an empty cell
 * @property {() => void} focus
 * @property {() => string} [fault]  why what stands there cannot be read, "" when it can
 */

/** Types that need more room than a cell; they are edited in a dialog. */
export const ROOMY = new Set([
  "multilineText",
  "richText",
  "multipleSelects",
  "multipleRecordLinks",
  "multipleAttachments",
]);

/** Whether people can type in a column at all. */
export const editable = (spec) => !spec.computed && spec.type !== "button" && spec.type !== "multipleCollaborators";

/**
 * @param {import("./tables.js").Field} spec
 * @param {any} value  the cell as the API gives it
 * @returns {Control}
 */
export function control(spec, value) {
  return (BUILD[spec.type] ?? line("text"))(spec, value);
}

/**
 * One-line inputs. `shape` turns the cell into the input's text, `unshape` back. Blanks around a value are nobody's
 * intention. What stands there is selected at first, so that typing replaces it.
 */
function line(type, { shape = (v) => v, unshape = (t) => t, ...rest } = {}) {
  return (spec, value) => {
    const element = h("input", {
      type,
      value: value === undefined || value === null ? "" : shape(value),
      "aria-label": head(spec.name),
      ...rest,
    });
    const read = () => (element.value.trim() === "" ? null : unshape(element.value.trim()));
    const fault = () => (element.validity.badInput ? `This does not read as a ${SORTS[type] ?? "value"}.` : "");
    return { element, read, fault, focus: () => (element.focus(), element.select()) };
  };
}

const SORTS = { number: "number", date: "date", "datetime-local": "time" };
const asNumber = (written) => Number(written);
const percent = {
  shape: (v) => Number((v * 100).toPrecision(12)),
  unshape: (t) => Number((Number(t) / 100).toPrecision(12)),
};

const BUILD = {
  singleLineText: line("text"),
  email: line("email", { autocomplete: "off", list: "known-people" }),
  url: line("url"),
  phoneNumber: line("tel"),
  number: line("number", { step: "any", unshape: asNumber }),
  currency: line("number", { step: "any", unshape: asNumber }),
  percent: line("number", { step: "any", ...percent }),
  date: line("date"),
  dateTime: line("datetime-local", {
    step: 1,
    shape: (v) => v.slice(0, 19),
    unshape: (t) => `${t.length === 16 ? `${t}:00` : t}.000Z`,
  }),
  checkbox: (spec, value) => {
    const element = h("input", { type: "checkbox", checked: Boolean(value), "aria-label": head(spec.name) });
    return { element, read: () => element.checked, focus: () => element.focus() };
  },
  singleSelect: (spec, value) => {
    const options = ["", ...choices(spec)].map((c) =>
      h("option", { value: c, selected: c === (value ?? "") }, c ? plain(c) : "–"),
    );
    const element = h("select", { "aria-label": head(spec.name) }, options);
    return { element, read: () => element.value || null, focus: () => element.focus() };
  },
  multipleSelects: (spec, value) => {
    const boxes = choices(spec).map((c) =>
      h("input", { type: "checkbox", value: c, checked: (value ?? []).includes(c) }),
    );
    const element = h(
      "fieldset.choices",
      { "aria-label": head(spec.name) },
      boxes.map((b) => h("label", {}, b, ` ${plain(b.value)}`)),
    );
    return { element, read: () => boxes.filter((b) => b.checked).map((b) => b.value), focus: () => boxes[0]?.focus() };
  },
  multilineText: paragraph,
  richText: paragraph,
  multipleRecordLinks: linkPicker,
};

function paragraph(spec, value) {
  const element = h("textarea", { value: value ?? "", rows: 6, "aria-label": head(spec.name) });
  return { element, read: () => element.value.trim() || null, focus: () => element.focus() };
}

const choices = (spec) => (spec.options?.choices ?? []).map((c) => c.name);

/**
 * The canonical text of a control's value, as `edited_value` of a change takes it: "" blank, numbers without grouping,
 * instants in UTC with milliseconds, lists as JSON.
 */
export function canonical(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.length ? JSON.stringify([...value].sort()) : "";
  return String(value);
}

/** The other way: what a control needs to begin with a canonical text. */
export function fromCanonical(spec, written) {
  if (!written) return undefined;
  if (["number", "currency", "percent"].includes(spec.type)) return Number(written);
  if (spec.type === "checkbox") return written === "true";
  if (spec.type === "multipleSelects") return JSON.parse(written);
  if (spec.type === "multipleRecordLinks") return JSON.parse(written).map((id) => ({ id, name: id }));
  return written;
}
