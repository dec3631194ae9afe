/**
 * What a card says between its head and its buttons, by queue: a finding with its evidence, a change with prior and
 * proposed side by side, a set with all its changes. Read only.
 */
import { h } from "./dom.js";
import { roleWords } from "./people.js";
import { members } from "./queues.js";
import { linked } from "./refs.js";
import { rowHref } from "./routes.js";
import { canonicalWords } from "./show.js";
import { field, find, stableId, tableById } from "./tables.js";
import { count, head, moment, number, sentence, who } from "./words.js";

/** @typedef {import("./queues.js").Item} Item */

/**
 * The middle of a card.
 * @param {Item} item
 */
export const body = (item) => BODY[item.queue](item);

const BODY = { holds: finding, exceptions: finding, proposals: change, actions: set };

/** One labelled line. */
const fact = (label, words) => h("p.required", {}, h("span.label", {}, label), h("span", {}, words));

function finding(item) {
  const { blocks, blocked_by: root } = item.row.cells;
  return [
    h("p.message", {}, linked(sentence(item.message))),
    item.evidence && evidence(item.evidence),
    item.required && fact("To do", item.required),
    blocks && fact("Keeps back", linked(blocks.split("\n").join(", "))),
    root && fact("Follows from", linked(root)),
  ];
}

function evidence(written) {
  const lines = written.split("\n").filter(Boolean);
  const pairs = lines.map((line) => line.match(/^([^:]{1,100}): (.*)$/s) ?? [line, "", line]);
  const list = h(
    "dl.evidence",
    {},
    pairs.map(([, key, value]) =>
      h("div", {}, key && h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, linked(value))),
    ),
  );
  return h("details", { open: lines.length <= 3 }, h("summary", {}, `Evidence · ${count(lines.length, "fact")}`), list);
}

function sides(item) {
  const spec = field(item.about, item.row.cells.field);
  const cells = find(item.about, item.row.cells.airtable_record_id ?? item.record)?.cells ?? {};
  const say = (written) =>
    (spec?.type === "multipleRecordLinks"
      ? linkNames(spec, written)
      : canonicalWords(spec, written ?? "", item.about, cells)) || "blank";
  return [say(item.row.cells.prior_value), say(item.row.cells.proposed_value)];
}

function linkNames(spec, written) {
  const target = tableById(spec.options?.linkedTableId)?.name ?? "";
  const name = (id) => (find(target, id) ? stableId(target, find(target, id)) : id);
  return (written ? JSON.parse(written) : []).map(name).join(", ");
}

function change(item) {
  const [prior, proposed] = sides(item);
  const drift = item.kind === "drift";
  const { source_ids: sources, captured_at: at, money_at_stake: money } = item.row.cells;
  const facts = [sources, at && `captured ${moment(at)} UTC`, money && `money at stake ${number(money, 2)}`];
  return [
    h(
      "div.sides",
      {},
      h("div.prior", {}, h("span.label", {}, drift ? "The worker’s" : "Prior"), h("span.value", {}, prior)),
      h("span.arrow", { "aria-hidden": "true" }, "→"),
      h(
        "div.proposed",
        {},
        h("span.label", {}, drift ? "The person’s (stands now)" : "Proposed"),
        h("span.value", {}, proposed),
      ),
    ),
    h("p.message.small", {}, linked(sentence(item.message))),
    fact("Source", facts.filter(Boolean).join(" · ")),
    fact("May decide", item.roles.map(roleWords).join(", ") || who(item.owner)),
  ];
}

function set(item) {
  const lines = members(item).map((m) => {
    const [prior, proposed] = sides(m);
    const own = m.decision ? h("span.pill", {}, `${m.decision} by itself`) : null;
    return h(
      "li",
      {},
      h("a.id", { href: rowHref(m.about, m.record) }, m.record),
      ` ${head(m.row.cells.field)}: `,
      h("s", {}, prior),
      " → ",
      h("b", {}, proposed),
      own,
    );
  });
  const what = String(item.row.cells.what ?? "");
  return [
    h("p.message", {}, sentence(item.message)),
    lines.length ? h("ul.members", {}, lines) : h("pre.what", {}, what),
    fact("May decide", item.roles.map(roleWords).join(", ")),
  ];
}
