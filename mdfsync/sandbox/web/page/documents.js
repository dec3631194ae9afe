/**
 * Run reports and documents of this home, newest first. They open in their own tab, where they can run nothing.
 */
import { api } from "./api.js";
import { fill, h } from "./dom.js";
import { open } from "./drawer.js";
import { bytes, count, moment } from "./words.js";

/** Runs whose files are shown open. */
const OPEN = 1;

export function showDocuments() {
  open({ title: "Reports and documents" }, async (body) => {
    fill(body, h("p", {}, "Reading…"));
    try {
      const documents = await api.documents();
      fill(
        body,
        documents.length ? folders(documents).map(folder) : h("p.empty", {}, "No run has written a report yet."),
      );
    } catch (error) {
      fill(body, h("p.problem", {}, error.message));
    }
  });
}

/** Documents by the folder they lie in (one per run), in the order they come. */
function folders(documents) {
  const by = new Map();
  for (const document of documents) {
    const name = document.path.split("/").slice(0, -1).join("/") || "Documents";
    by.set(name, [...(by.get(name) ?? []), document]);
  }
  return [...by];
}

function folder([name, documents], index) {
  const line = (d) =>
    h(
      "li",
      {},
      h("a", { href: api.documentUrl(d.path), target: "_blank" }, d.path.split("/").at(-1)),
      h("span.hint", {}, `${moment(d.modified)} · ${bytes(d.size)}`),
    );
  return h(
    "details.folder",
    { open: index < OPEN },
    h("summary", {}, name.split("/").at(-1), h("span.hint", {}, ` ${count(documents.length, "file")}`)),
    h("ul", {}, documents.map(line)),
  );
}
