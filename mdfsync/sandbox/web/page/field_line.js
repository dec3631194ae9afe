/**
 * One field in the drawer of a row: who writes it, its value, editing it, and why it says what it says.
 */
import { attachments } from "./attachments.js";
import { WRITERS, meaning, writer } from "./columns.js";
import { button, fill, h } from "./dom.js";
import { opened, submit } from "./edits.js";
import { cellHistory } from "./history.js";
import { control, editable } from "./inputs.js";
import { rowHref } from "./routes.js";
import { show } from "./show.js";
import { row as rowOf, table as tableOf } from "./tables.js";
import { head } from "./words.js";

const FLASH_MS = 2500;

/** A cell as `show.js` shows it; the id of the row that a change, hold or exception is about leads there. */
export function shown(table, spec, cells) {
  const { table: about, record } = cells;
  if (spec.name !== "record" || !record || !tableOf(about)) return show(table, spec, cells);
  return h("a.link", { href: rowHref(about, record), tabIndex: -1 }, record);
}

/**
 * @returns {{line: HTMLElement, draw: (flash?: boolean) => void}} `draw` shows the value anew, unless it is being edited
 */
export function fieldLine(table, id, spec) {
  const by = writer(table, spec);
  const value = h("dd");
  const extra = h("dd.extra", { hidden: true });
  const label = h(
    "dt",
    { title: [meaning(spec), by && WRITERS[by].words, spec.name].filter(Boolean).join("\n") },
    by && h(`span.writer.${by}`, { role: "img", "aria-label": WRITERS[by].words }, WRITERS[by].sign),
    head(spec.name),
  );
  const line = h("div.line", { data: { field: spec.name } }, label, value, extra);

  function draw(flash = false) {
    if (line.classList.contains("editing")) return;
    const cells = rowOf(table, id)?.cells ?? {};
    const shownValue = h(
      `span.value.type-${spec.type}`,
      {},
      spec.type === "multipleAttachments" ? attachments(table, id, spec) : shown(table, spec, cells),
    );
    for (const link of shownValue.querySelectorAll("a")) link.tabIndex = 0;
    const can = editable(spec) && spec.type !== "multipleAttachments";
    fill(
      value,
      shownValue,
      h(
        "span.does",
        {},
        can && button("Edit", edit, { kind: "quiet", label: `Edit ${head(spec.name)}` }),
        button("Why", why, {
          kind: "quiet",
          label: `History and explanation of ${head(spec.name)}`,
          "aria-expanded": String(!extra.hidden),
        }),
      ),
    );
    if (flash) {
      value.classList.add("fresh");
      setTimeout(() => value.classList.remove("fresh"), FLASH_MS);
    }
  }

  function edit() {
    const typed = control(spec, rowOf(table, id)?.cells[spec.name]);
    const began = opened(table, id, spec, typed);
    const end = () => {
      line.classList.remove("editing");
      draw();
      value.querySelector("button")?.focus();
    };
    const save = async () => {
      if (await submit(table, id, spec, typed, began)) end();
      else typed.element.focus();
    };
    const keys = (event) => {
      const roomy = event.target.tagName === "TEXTAREA";
      if (event.key === "Escape") (event.preventDefault(), event.stopPropagation(), end());
      else if (event.key === "Enter" && event.target.tagName !== "BUTTON" && (!roomy || event.ctrlKey || event.metaKey))
        (event.preventDefault(), save());
    };
    line.classList.add("editing");
    fill(
      value,
      h(
        "div.edit",
        { onkeydown: keys },
        typed.element,
        h("div.actions", {}, button("Save", save, { kind: "main" }), button("Cancel", end)),
      ),
    );
    typed.focus();
  }

  function why(event) {
    extra.hidden = !extra.hidden;
    event.currentTarget.setAttribute("aria-expanded", String(!extra.hidden));
    if (!extra.hidden) fill(extra, cellHistory(table, id, spec));
  }

  draw();
  return { line, draw };
}
