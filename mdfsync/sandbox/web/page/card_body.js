/**
 * What a card says between its head and its buttons, by queue: a finding with its evidence, a change with prior and
 * proposed side by side, a set with all its changes. Read only.
 */
import { clamped } from "./clamp.js";
import { currency, numeric } from "./columns.js";
import { h } from "./dom.js";
import { deciders } from "./people.js";
import { proofs } from "./proofs.js";
import { members } from "./queues.js";
import { linked } from "./refs.js";
import { rowHref } from "./routes.js";
import { canonicalWords } from "./show.js";
import * as unclear from "./unclear.js";
import { field, find, stableId, tableById } from "./tables.js";
import { count, head, moment, number, readable, sentence, who } from "./words.js";

/** @typedef {import("./queues.js").Item} Item */

/**
 * The middle of a card.
 * @param {Item} item
 */
export const body = (item) => BODY[item.queue](item);

const BODY = { holds: finding, exceptions: finding, proposals: change, actions: set };

/** One labelled line. */
const fact = (label, words) => h("div.required", {}, h("span.label", {}, label), h("div", {}, words));

function finding(item) {
  const { blocks, blocked_by: root } = item.row.cells;
  return [
    clamped("p.message", linked(sentence(item.message))),
    item.judged?.decision && fact("Decision", clamped("p", sentence(unclear.decided(item.judged)))),
    item.judged && fact(unclear.JUDGED[item.judged.queue], clamped("p", linked(sentence(item.judged.message)))),
    item.evidence && evidence(item),
    item.required && fact("To do", item.required),
    proofs(item),
    blocks && fact("Keeps back", linked(blocks.split("\n").join(", "))),
    root && fact("Follows from", linked(root)),
  ];
}

function evidence(item) {
  const lines = item.evidence.split("\n").filter(Boolean);
  const cells = find(item.about, item.record)?.cells ?? {};
  const pairs = lines.map((line) => line.match(/^([^:]{1,100}): (.*)$/s) ?? [line, "", line]);
  const list = h(
    "dl.evidence",
    {},
    pairs.map(([, key, value]) =>
      h(
        "div",
        {},
        key && h("dt", {}, key.replaceAll("_", " ")),
        h("dd", {}, linked(factWords(item.about, key, value, cells))),
      ),
    ),
  );
  return h("details", { open: lines.length <= 3 }, h("summary", {}, `Evidence · ${count(lines.length, "fact")}`), list);
}

/** A deciding value as its column shows it: an amount with its currency, an instant as a date. */
function factWords(table, key, value, cells) {
  const spec = field(table, key);
  const typed = spec && (numeric(spec) || spec.type === "date" || spec.type === "dateTime");
  return typed ? canonicalWords(spec, value, table, cells) : readable(value);
}

function sides(item) {
  const spec = field(item.about, item.row.cells.field);
  const cells = rowOf(item)?.cells ?? {};
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

const rowOf = (item) => find(item.about, item.row.cells.airtable_record_id ?? item.record);

function change(item) {
  const [prior, proposed] = sides(item);
  const drift = item.kind === "drift";
  const { source_ids: sources, captured_at: at, money_at_stake: money } = item.row.cells;
  const unit = currency(item.about, item.row.cells.field, rowOf(item)?.cells ?? {});
  const stake = money && `money at stake ${number(money, 2)} ${unit}`.trim();
  const facts = [sources, at && `captured ${moment(at)} UTC`, stake];
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
    clamped("p.message.small", linked(sentence(item.message))),
    fact("Source", facts.filter(Boolean).join(" · ")),
    fact("May decide", deciders(item.roles, item.owner).join(", ") || who(item.owner)),
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
    clamped("p.message", sentence(item.message)),
    lines.length ? h("ul.members", {}, lines) : h("pre.what", {}, what),
    fact("May decide", deciders(item.roles, item.owner).join(", ")),
  ];
}
