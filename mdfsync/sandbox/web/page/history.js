/**
 * Where a cell's value comes from: who wrote it when (the sandbox's own log), the worker's Change History of it with
 * reason and source, and what `mdfsync explain` says. Read only.
 */
import { api } from "./api.js";
import { button, fill, h } from "./dom.js";
import { canonicalWords, text } from "./show.js";
import { load, row, rows, stableId, table as tableOf } from "./tables.js";
import { head, moment, plain } from "./words.js";

/** History and explanation of one cell. */
export function cellHistory(table, id, spec) {
  const host = h("div.history", {}, h("p.none", {}, "Reading…"));
  void draw();
  return host;

  async function draw() {
    try {
      const [entries] = await Promise.all([
        api.history(table, id, spec.name),
        load("Change History").catch(() => null),
      ]);
      const changes = changesOf(table, id, spec.name);
      fill(
        host,
        h("h3", {}, "Written by"),
        writes(entries, () => spec),
        changes.length > 0 && [
          h("h3", {}, "What the worker noted"),
          h(
            "ol",
            {},
            changes.map((c) => noted(c, spec)),
          ),
        ],
        explanation(table, id, spec),
      );
    } catch (error) {
      fill(host, h("p.problem", {}, error.message));
    }
  }
}

/** Everything that was written in a row, newest first. */
export function rowHistory(table, id) {
  const host = h("div.history", {}, h("p.none", {}, "Reading…"));
  api.history(table, id).then(
    (entries) =>
      fill(
        host,
        writes(entries, (e) => tableOf(table).fields.find((f) => f.name === e.field), true),
      ),
    (error) => fill(host, h("p.problem", {}, error.message)),
  );
  return host;
}

function writes(entries, specOf, named = false) {
  if (!entries.length) return h("p.none", {}, "Nothing was written here.");
  const words = (e, value) =>
    value === null || value === undefined
      ? "blank"
      : specOf(e)
        ? text(specOf(e), value) || "blank"
        : JSON.stringify(value);
  const line = (e) =>
    h(
      "li",
      {},
      h("p.hint", {}, h("b", {}, e.by.name ?? e.by.email), ` · ${moment(e.at)}`),
      h(
        "p",
        {},
        named && e.field && h("span.label", {}, head(e.field)),
        h("s", {}, words(e, e.before)),
        " → ",
        h("b", {}, words(e, e.after)),
      ),
    );
  return h("ol", {}, entries.map(line));
}

function changesOf(table, id, field) {
  const key = stableId(table, row(table, id) ?? { id, cells: {} });
  return rows("Change History")
    .filter(
      (r) =>
        r.cells.table === table &&
        r.cells.field === field &&
        (r.cells.record === key || r.cells.airtable_record_id === id),
    )
    .sort((a, b) => (a.cells.captured_at < b.cells.captured_at ? 1 : -1));
}

function noted(change, spec) {
  const c = change.cells;
  const words = (written) => canonicalWords(spec, written ?? "") || "blank";
  const decided = c.decided_by && `decided by ${c.decided_by}${c.decided_at ? `, ${moment(c.decided_at)}` : ""}`;
  return h(
    "li",
    {},
    h("p.hint", {}, h("b", {}, plain(c.kind)), ` · ${moment(c.captured_at ?? "")} · ${c.state ?? ""}`),
    h("p", {}, h("s", {}, words(c.prior_value)), " → ", h("b", {}, words(c.applied_value || c.proposed_value))),
    h(
      "p.small",
      {},
      [c.reason, c.source_ids && `source: ${c.source_ids}`, c.authority, decided].filter(Boolean).join(" · "),
    ),
  );
}

function explanation(table, id, spec) {
  const host = h("div");
  const ask = async () => {
    fill(host, h("p.none", { role: "status" }, "Asking the worker…"));
    try {
      const key = stableId(table, row(table, id) ?? { id, cells: {} });
      fill(
        host,
        h("h3", {}, "Explained by the worker"),
        h("pre.console", { tabIndex: 0 }, (await api.explain(table, key, spec.name)).text.trim()),
      );
    } catch (error) {
      fill(host, h("p.problem", {}, error.message));
    }
  };
  fill(host, button("Explain: from this cell to its source", ask));
  return host;
}
