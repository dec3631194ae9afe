/**
 * How a cell of the grid is edited: short values in place (Enter saves, Escape leaves it), the others in a dialog,
 * a checkbox at once. An editor stays open, with what was typed, until its value is written or given up.
 */
import { attachments } from "./attachments.js";
import { change, opened, submit } from "./edits.js";
import { button, fill, h } from "./dom.js";
import { open } from "./drawer.js";
import { meaning } from "./columns.js";
import { ROOMY, control } from "./inputs.js";
import { row, stableId } from "./tables.js";
import { head } from "./words.js";

/** A Tabulator editor for a column. */
export function cellEditor(tableName, spec) {
  return (cell, onRendered, _success, cancel) => {
    const id = cell.getData()._id;
    const back = () => cell.getTable().element.querySelector(".tabulator-tableholder")?.focus({ preventScroll: true });
    if (spec.type !== "checkbox" && !ROOMY.has(spec.type))
      return inPlace({ tableName, id, spec, value: cell.getValue() }, onRendered, cancel, back);
    cancel();
    if (spec.type === "checkbox") void change(tableName, id, spec, !cell.getValue());
    else editInDialog(tableName, id, spec, back);
    return false;
  };
}

function inPlace({ tableName, id, spec, value }, onRendered, cancel, back) {
  const typed = control(spec, value);
  const began = opened(tableName, id, spec, typed);
  /** Being saved, or closed already. */
  let over = false;
  const end = async (save, then) => {
    if (over) return;
    over = true;
    typed.element.readOnly = true;
    const written = !save || (await submit(tableName, id, spec, typed, began));
    if (!typed.element.isConnected) return;
    if (written) {
      cancel();
      then?.();
      return;
    }
    typed.element.readOnly = false;
    typed.element.focus();
    over = false;
  };
  typed.element.classList.add("cell-input");
  typed.element.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" && event.key !== "Escape" && event.key !== "Tab") return;
    event.preventDefault();
    void end(event.key !== "Escape", back);
  });
  typed.element.addEventListener("blur", () => void end(true));
  if (spec.type === "singleSelect") typed.element.addEventListener("change", () => void end(true, back));
  onRendered(() => {
    typed.focus();
    if (spec.type === "singleSelect") openPicker(typed.element);
  });
  return typed.element;
}

/** Only after a gesture of the user, and not in every browser: then the field simply stays closed. */
function openPicker(element) {
  try {
    element.showPicker?.();
  } catch {
    /* it opens with a click */
  }
}

/** Edit one cell in a dialog: long text, several choices, links, files. */
function editInDialog(tableName, id, spec, closed) {
  const cells = row(tableName, id)?.cells ?? {};
  const title = h("span", {}, head(spec.name), h("span.code", {}, stableId(tableName, { id, cells })));
  let begin = () => {};
  open({ title, kind: "box", closed, label: `Edit ${head(spec.name)}` }, (body, close) => {
    if (spec.type === "multipleAttachments") return fill(body, attachments(tableName, id, spec));
    const typed = control(spec, cells[spec.name]);
    const began = opened(tableName, id, spec, typed);
    const save = async () => (await submit(tableName, id, spec, typed, began)) && close();
    const chord = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && save();
    fill(
      body,
      h("p.hint", {}, meaning(spec)),
      h("div", { onkeydown: chord }, typed.element),
      h("div.actions", {}, button("Save", save, { kind: "main", title: "Ctrl Enter" }), button("Cancel", close)),
    );
    begin = typed.focus;
    return body;
  });
  begin();
}
