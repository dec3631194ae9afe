/**
 * The comments of a row, oldest first, and a field to add one as the acting person.
 */
import { api } from "./api.js";
import { clamped } from "./clamp.js";
import { fill, h } from "./dom.js";
import { acting } from "./people.js";
import { refused } from "./toast.js";
import { moment } from "./words.js";

export function comments(table, id) {
  const list = h("ol.comments", {}, h("li.none", {}, "Reading…"));
  const words = h("textarea", {
    rows: 3,
    required: true,
    "aria-label": "Comment",
    placeholder: `Comment as ${acting()?.name ?? ""}`,
  });

  async function draw() {
    try {
      const all = [...(await api.comments(table, id))].sort((a, b) => (a.created < b.created ? -1 : 1));
      const line = (c) =>
        h("li", {}, h("p.hint", {}, h("b", {}, c.author.name), ` · ${moment(c.created)}`), clamped("p", c.text));
      fill(list, all.length ? all.map(line) : h("li.none", {}, "No comment yet."));
    } catch (error) {
      fill(list, h("li.problem", {}, error.message));
    }
  }

  async function send(event) {
    event.preventDefault();
    try {
      await api.comment(table, id, words.value.trim());
      words.value = "";
      await draw();
    } catch (error) {
      refused(error);
    }
  }

  void draw();
  return h(
    "div",
    {},
    list,
    h("form.comment", { onsubmit: send }, words, h("div.actions", {}, h("button.main", { type: "submit" }, "Comment"))),
  );
}
