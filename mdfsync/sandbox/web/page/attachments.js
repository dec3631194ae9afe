/**
 * The files of one attachment cell: open, add, take out. Bytes go to the sandbox and nowhere else.
 */
import { api } from "./api.js";
import { button, fill, h } from "./dom.js";
import { change, forApi } from "./edits.js";
import { file } from "./show.js";
import { keep, row } from "./tables.js";
import { refused } from "./toast.js";
import { bytes, head } from "./words.js";

/** @returns {HTMLElement} a list that keeps itself up to date with what is done in it */
export function attachments(table, id, spec) {
  const host = h("div.attachments");
  const choose = h("input", {
    type: "file",
    multiple: true,
    "aria-label": `Add files to ${head(spec.name)}`,
    onchange: () => add(),
  });

  async function add() {
    for (const one of choose.files) {
      try {
        keep(table, (await api.attach(table, id, spec.name, one)).row);
      } catch (error) {
        refused(error);
      }
    }
    choose.value = "";
    draw();
  }

  async function remove(attachment) {
    const left = row(table, id).cells[spec.name].filter((a) => a.id !== attachment.id);
    await change(table, id, spec, left.length ? forApi(spec, left) : null);
    draw();
  }

  function draw() {
    const there = row(table, id)?.cells[spec.name] ?? [];
    const line = (a) =>
      h(
        "li",
        {},
        file(a),
        h("span.hint", {}, bytes(a.size)),
        button("×", () => remove(a), { kind: "quiet", label: `Take out ${a.filename}` }),
      );
    fill(
      host,
      there.length ? h("ul", {}, there.map(line)) : h("p.none", {}, "No file yet"),
      h("label.field", {}, h("span.label", {}, "Add files"), choose),
    );
  }

  draw();
  return host;
}
