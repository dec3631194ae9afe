/**
 * One item of a work queue as a card: what it is, why, what frees it, whose it is, and the buttons to decide.
 */
import { CHOICES, barred, form, tryDecide, undo } from "./decide.js";
import { button, fill, h } from "./dom.js";
import { clockNow } from "./live.js";
import { acting, roleWords } from "./people.js";
import { QUEUES, members } from "./queues.js";
import { linked, subject } from "./refs.js";
import { rowHref } from "./routes.js";
import { canonicalWords, pill } from "./show.js";
import { field, find, tableById } from "./tables.js";
import { refused } from "./toast.js";
import { count, day, dueIn, head, moment, plain, sentence, who } from "./words.js";
import { runNow } from "./worker.js";

/** @typedef {import("./queues.js").Item} Item */

/**
 * @param {Item} item
 * @returns {HTMLElement} a list item; its property `act(key)` does what a shortcut asks
 */
export function card(item) {
  const foot = h("div.foot");
  const choices = CHOICES[item.queue];
  const made = h(
    `li.card${item.decision ? ".decided" : ""}`,
    { tabIndex: -1, data: { key: item.row.id, severity: item.severity }, "aria-label": `${sentence(plain(item.kind))}: ${item.message}` },
    h("header", {}, h("p.what", {}, item.severity && pill(item.severity, "severity"), h("span.kind", {}, KIND[item.kind] ?? sentence(plain(item.kind)))), owed(item)),
    item.about && h("p.about", {}, subject(item.about, item.record), item.row.cells.field && h("span.column", {}, ` ${head(item.row.cells.field)}`)),
    BODY[item.queue](item),
    item.objection && h("p.objection", {}, h("b", {}, "A decision was not counted. "), linked(item.objection)),
    foot,
  );
  const note = item.queue in NOTED ? h("input.note", { type: "text", placeholder: "Note (optional)", "aria-label": "Note to the decision" }) : null;
  const take = (choice) => {
    if (barred(item, choice.disposition) || item.decision) return;
    if (choice.now) void tryDecide(item, choice, { note: note?.value.trim() });
    else openForm(choice);
  };
  const openForm = (choice) => {
    const opened = form(item, choice, () => (rest(), made.focus()));
    fill(foot, opened.element);
    opened.focus();
  };
  const rest = () => fill(foot, item.decision ? waiting(item) : [acts(item, choices, take, note), stranger(item)]);
  rest();
  made.act = (key) => take(choices.find((c) => c.key === key) ?? { disposition: "" });
  made.undo = () => item.decision && undo(item).catch(refused);
  made.href = openHref(item);
  return made;
}

const NOTED = { proposals: true, actions: true };

const KIND = {
  proposal: "A source says something else",
  drift: "A person typed over the worker’s value",
  withdrawn: "The source no longer has a value",
  restored: "A person’s edit that a write crossed",
};

/** Where Enter leads: the row it is about, else its own row. */
const openHref = (item) => (item.about && item.record ? rowHref(item.about, item.record) : rowHref(QUEUES[item.queue].table, item.row.id));

function owed(item) {
  const late = item.due && item.due < clockNow().slice(0, 10);
  const due = item.due ? h(`span.due${late ? ".late" : ""}`, { title: item.due }, `${day(item.due)} · ${dueIn(item.due, clockNow())}`) : null;
  const since = !item.due && item.row.cells.captured_at ? h("span.due", {}, `since ${day(item.row.cells.captured_at)}`) : null;
  const role = item.role ? ` · ${roleWords(item.role)}` : "";
  const owner = h("span.owner", { title: item.owner }, item.owner === acting()?.email ? "yours" : `${who(item.owner)}${role}`);
  return h("p.owed", {}, owner, due ?? since);
}

const BODY = { holds: finding, exceptions: finding, proposals: change, actions: set };

function finding(item) {
  const { blocks, blocked_by: root } = item.row.cells;
  return [
    h("p.message", {}, linked(item.message)),
    item.evidence && evidence(item.evidence),
    item.required && h("p.required", {}, h("span.label", {}, "To do"), h("span", {}, item.required)),
    blocks && h("p.required", {}, h("span.label", {}, "Keeps back"), h("span", {}, linked(blocks.split("\n").join(", ")))),
    root && h("p.required", {}, h("span.label", {}, "Follows from"), h("span", {}, linked(root))),
  ];
}

function evidence(written) {
  const lines = written.split("\n").filter(Boolean);
  const pairs = lines.map((line) => line.match(/^([^:]{1,60}): (.*)$/s) ?? [line, "", line]);
  const list = h("dl.evidence", {}, pairs.map(([, key, value]) => h("div", {}, h("dt", {}, plain(key)), h("dd", {}, linked(value)))));
  return h("details", { open: lines.length <= 3 }, h("summary", {}, `Evidence · ${count(lines.length, "fact")}`), list);
}

function sides(item) {
  const spec = field(item.about, item.row.cells.field);
  const cells = find(item.about, item.row.cells.airtable_record_id ?? item.record)?.cells ?? {};
  const say = (written) => (spec?.type === "multipleRecordLinks" ? linkNames(spec, written) : canonicalWords(spec, written ?? "", item.about, cells)) || "blank";
  return [say(item.row.cells.prior_value), say(item.row.cells.proposed_value)];
}

function linkNames(spec, written) {
  const target = tableById(spec.options?.linkedTableId)?.name ?? "";
  const ids = written ? JSON.parse(written) : [];
  return ids.map((id) => find(target, id)?.cells[tableById(spec.options.linkedTableId).fields[0].name] ?? id).join(", ");
}

function change(item) {
  const [prior, proposed] = sides(item);
  const drift = item.kind === "drift";
  const { source_ids: sources, captured_at: at, money_at_stake: money } = item.row.cells;
  return [
    h("div.sides", {},
      h("div.prior", {}, h("span.label", {}, drift ? "The worker’s" : "Prior"), h("span.value", {}, prior)),
      h("span.arrow", { "aria-hidden": "true" }, "→"),
      h("div.proposed", {}, h("span.label", {}, drift ? "The person’s (stands now)" : "Proposed"), h("span.value", {}, proposed))),
    h("p.message.small", {}, linked(sentence(item.message))),
    h("p.required", {}, h("span.label", {}, "Source"), h("span", {}, [sources, at && `captured ${moment(at)} UTC`, money && `money at stake ${canonicalWords({ name: "", type: "number", options: { precision: 2 } }, String(money))}`].filter(Boolean).join(" · "))),
    h("p.required", {}, h("span.label", {}, "May decide"), h("span", {}, item.roles.map(roleWords).join(", ") || who(item.owner))),
  ];
}

function set(item) {
  const lines = members(item).map((m) => {
    const [prior, proposed] = sides(m);
    const own = m.decision ? h("span.pill", {}, `${m.decision} by itself`) : null;
    return h("li", {}, h("a.id", { href: rowHref(m.about, m.record) }, m.record), ` ${head(m.row.cells.field)}: `, h("s", {}, prior), " → ", h("b", {}, proposed), own);
  });
  const what = String(item.row.cells.what ?? "");
  return [
    h("p.message", {}, item.message),
    lines.length ? h("ul.members", {}, lines) : h("pre.what", {}, what),
    h("p.required", {}, h("span.label", {}, "May decide"), h("span", {}, item.roles.map(roleWords).join(", "))),
  ];
}

function acts(item, choices, take, note) {
  const buttons = choices.map((choice) => {
    const why = barred(item, choice.disposition);
    return button(choice.label, () => take(choice), { kind: choice.main ? "main" : "", disabled: Boolean(why), title: why || `${choice.label} (${choice.key})`, label: undefined });
  });
  const why = choices.map((c) => barred(item, c.disposition)).find(Boolean);
  const open = h("a.button", { href: openHref(item) }, item.about ? "Open the row" : "Open");
  return h("div.actions", {}, buttons, open, note, why && h("span.hint", {}, why));
}

/** Whoever may not decide is told before, not after. */
function stranger(item) {
  const me = acting();
  if (!me || !item.roles.length || item.roles.includes(me.role)) return null;
  return h("p.hint", {}, `Asked of ${item.roles.map(roleWords).join(" or ")}. You act as ${roleWords(me.role)}: the worker may refuse your decision.`);
}

function waiting(item) {
  const choice = CHOICES[item.queue].find((c) => c.disposition === item.decision);
  const { disposition_by: by, edited_value: edited, review_note: note, waive_reason: reason, waive_until: until } = item.row.cells;
  const words = [choice?.done ?? item.decision, by?.name && `by ${by.name}`, edited && `to ${canonicalWords(field(item.about, item.row.cells.field), edited, item.about)}`, until && `until ${day(until)}`];
  return h("div.waiting", {},
    h("p", {}, h("b", {}, words.filter(Boolean).join(" ")), " · waits for the next run", (note || reason) && h("span.said", {}, `“${note || reason}”`)),
    h("div.actions", {}, button("Run now", () => runNow(), { kind: "main", label: undefined }), button("Undo", () => undo(item).catch(refused), { label: undefined })));
}
