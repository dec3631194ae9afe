/**
 * Filters of single columns, and the menu of a column head: sort, filter, hide.
 */
import { button, fill, h, soon } from "./dom.js";
import { popUp } from "./popover.js";
import { text } from "./show.js";
import { head, plain } from "./words.js";

/** @typedef {{kind: "has"|"filled"|"blank", words?: string}} Filter */

/** Whether a cell passes; words are looked for in what is shown and in what is stored. */
export function passes(filter, spec, value) {
  const blank = value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);
  if (filter.kind !== "has") return blank === (filter.kind === "blank");
  const needle = filter.words.toLowerCase();
  return !blank && (text(spec, value).toLowerCase().includes(needle) || String(value).toLowerCase().includes(needle));
}

export const filterWords = (filter) =>
  ({ has: `has “${plain(filter.words)}”`, filled: "is filled", blank: "is blank" })[filter.kind];

/**
 * @param {HTMLElement} anchor
 * @param {import("./tables.js").Field} spec
 * @param {Filter|undefined} now
 * @param {{sort: (dir: "asc"|"desc") => void, hide: (() => void)|null, filter: (filter: Filter|null) => void}} acts
 */
export function columnMenu(anchor, spec, now, acts) {
  const done = (act) => () => (act(), pop.hidePopover(), anchor.focus());
  const options = (spec.options?.choices ?? []).map((c) => c.name);
  const words = h("input", {
    type: "search",
    value: now?.words ?? "",
    placeholder: "contains…",
    "aria-label": `Filter ${head(spec.name)}`,
    list: options.length ? "filter-choices" : undefined,
    oninput: () => soon("filter", 150, () => acts.filter(words.value ? { kind: "has", words: words.value } : null)),
    onkeydown: (event) => event.key === "Enter" && done(() => {})(),
  });
  const pop = h("div.popover.menu", { popover: "auto", role: "dialog", "aria-label": `Column ${head(spec.name)}` });
  const item = (label, act) => button(label, done(act), { kind: "item" });
  fill(
    pop,
    words,
    options.length
      ? h(
          "datalist",
          { id: "filter-choices" },
          options.map((o) => h("option", { value: o })),
        )
      : null,
    item("Only filled", () => acts.filter({ kind: "filled" })),
    item("Only blank", () => acts.filter({ kind: "blank" })),
    now && item("No filter", () => acts.filter(null)),
    h("hr"),
    item("Sort ascending", () => acts.sort("asc")),
    item("Sort descending", () => acts.sort("desc")),
    acts.hide && [h("hr"), item("Hide column", acts.hide)],
  );
  popUp(pop, anchor);
}
