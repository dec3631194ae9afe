/**
 * Which columns of a table are shown: those with something in them, less the text ids that a link repeats, and what
 * people switched by hand, which this browser remembers. And the menu to switch them.
 */
import { mirrored } from "./columns.js";
import { button, h, memory } from "./dom.js";
import { popUp } from "./popover.js";
import { listen, rows, table } from "./tables.js";
import { head } from "./words.js";

/**
 * @param {string} name  table
 * @param {(spec: import("./tables.js").Field, on: boolean) => void} turn  shows or hides one column
 */
export function shownColumns(name, turn) {
  const { fields } = table(name);
  /** @type {Map<string, boolean>} name → shown */
  const switched = new Map(JSON.parse(memory.get(`columns.${name}`, "[]")));
  const filled = new Set(rows(name).flatMap((row) => Object.keys(row.cells)));
  const twice = mirrored(fields);
  const visible = (f) => f.primary || (switched.get(f.name) ?? (filled.has(f.name) && !twice.has(f.name)));

  function toggle(f, on) {
    switched.set(f.name, on);
    memory.set(`columns.${name}`, JSON.stringify([...switched]));
    turn(f, on);
  }

  /** A column in which something appears for the first time is shown. */
  const quiet = listen((news) => {
    if (news.table !== name) return;
    const names = new Set([...news.changed.values()].flat());
    for (const f of fields.filter((f) => names.has(f.name) && !filled.has(f.name))) {
      filled.add(f.name);
      if (visible(f)) turn(f, true);
    }
  });

  function menu(anchor) {
    const others = fields.filter((f) => !f.primary);
    const told = (f) => (filled.has(f.name) ? (twice.has(f.name) ? "also a link" : "") : "empty");
    const box = (f) => {
      const tick = h("input", { type: "checkbox", checked: visible(f), onchange: () => toggle(f, tick.checked) });
      return h("label", {}, tick, h("span", {}, head(f.name)), h("span.hint", {}, told(f)));
    };
    const all = (on) => () => {
      for (const f of others) if (visible(f) !== on(f)) toggle(f, on(f));
      pop.hidePopover();
      anchor.focus();
    };
    const pop = h(
      "div.popover.chooser",
      { popover: "auto", role: "dialog", "aria-label": "Columns" },
      h(
        "div.actions",
        {},
        button(
          "Show all",
          all(() => true),
        ),
        button(
          "Hide empty",
          all((f) => filled.has(f.name)),
        ),
      ),
      others.map(box),
    );
    popUp(pop, anchor);
  }

  return { visible, toggle, menu, hidden: () => fields.filter((f) => !visible(f)).length, close: quiet };
}
