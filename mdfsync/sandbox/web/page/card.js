/**
 * One item of a work queue as a card: what it is, why, what frees it, whose it is, and the buttons to decide.
 */
import { body } from "./card_body.js";
import { clamped } from "./clamp.js";
import { CHOICES, barred, form, objectionTo, tryDecide, undo } from "./decide.js";
import { button, fill, h } from "./dom.js";
import { clockNow } from "./live.js";
import { acting, deciders, roleWords } from "./people.js";
import { QUEUES } from "./queues.js";
import { linked, subject } from "./refs.js";
import { rowHref } from "./routes.js";
import { canonicalWords, pill } from "./show.js";
import { field, find, loaded } from "./tables.js";
import { refused } from "./toast.js";
import * as unclear from "./unclear.js";
import { day, dueIn, head, plain, sentence, who } from "./words.js";
import { runNow } from "./worker.js";

/** @typedef {import("./queues.js").Item} Item */

/**
 * @param {Item} item
 * @returns {HTMLElement} a list item; its property `act(key)` does what a shortcut asks
 */
export function card(item) {
  const foot = h("div.foot");
  const choices = CHOICES[item.queue];
  const objection = objectionTo(item);
  const made = h(
    `li.card${item.decision ? ".decided" : ""}`,
    {
      tabIndex: -1,
      data: { key: item.row.id, severity: item.severity },
      "aria-label": `${sentence(plain(item.kind))}: ${item.message}`,
    },
    h(
      "header",
      {},
      h(
        "p.what",
        {},
        item.severity && pill(item.severity, "severity"),
        h("span.kind", {}, KIND[item.kind] ?? sentence(plain(item.kind))),
      ),
      owed(item),
    ),
    about(item),
    body(item),
    objection &&
      h("div.objection", {}, clamped("p", h("b", {}, "A decision was not counted. "), linked(sentence(objection)))),
    foot,
  );
  if (unclear.isUnclear(item)) {
    fill(foot, unclear.foot(item));
    return Object.assign(made, {
      act: () => {},
      undo: () => unclear.takeBack(item),
      href: rowHref(unclear.place(item).table, unclear.place(item).id),
    });
  }
  const note =
    item.queue in NOTED
      ? h("input.note", { type: "text", placeholder: "Note (optional)", "aria-label": "Note to the decision" })
      : null;
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
  const rest = () =>
    fill(foot, item.decision ? waiting(item, objection) : [acts(item, choices, take, note), stranger(item)]);
  rest();
  made.act = (key) => take(choices.find((c) => c.key === key) ?? { disposition: "" });
  made.undo = () => item.decision && undo(item).catch(refused);
  made.href = openHref(item);
  return made;
}

function about(item) {
  if (unclear.isUnclear(item)) return unclear.subjectOf(item);
  const { field: column } = item.row.cells;
  if (!item.about) return null;
  return h("p.about", {}, subject(item.about, item.record), column && h("span.column", {}, head(column)));
}

const NOTED = { proposals: true, actions: true };

const KIND = {
  proposal: "A source says something else",
  drift: "A person typed over the worker’s value",
  withdrawn: "The source no longer has a value",
  restored: "A person’s edit that a write crossed",
};

/** Where Enter leads: the row it is about, else (it is about none, or that one is not in the base) its own row. */
function openHref(item) {
  const there = item.about && item.record && (!loaded(item.about) || find(item.about, item.record));
  return there ? rowHref(item.about, item.record) : rowHref(QUEUES[item.queue].table, item.row.id);
}

function owed(item) {
  const late = item.due && item.due < clockNow().slice(0, 10);
  const due = item.due
    ? h(`span.due${late ? ".late" : ""}`, { title: item.due }, `${day(item.due)} · ${dueIn(item.due, clockNow())}`)
    : null;
  const since =
    !item.due && item.row.cells.captured_at ? h("span.due", {}, `since ${day(item.row.cells.captured_at)}`) : null;
  const owner = h(
    "span.owner",
    { title: [item.owner, roleWords(item.role)].filter(Boolean).join(" · ") },
    item.owner === acting()?.email ? "yours" : who(item.owner),
  );
  return h("p.owed", {}, owner, due ?? since);
}

function acts(item, choices, take, note) {
  const buttons = choices.map((choice) => {
    const why = barred(item, choice.disposition);
    return button(choice.label, () => take(choice), {
      kind: choice.main && !strange(item) ? "main" : "",
      disabled: Boolean(why),
      title: why || `${choice.label} (${choice.key})`,
    });
  });
  const why = choices.map((c) => barred(item, c.disposition)).find(Boolean);
  const open = h("a.button", { href: openHref(item) }, item.about ? "Open the row" : "Open");
  return h("div.actions", {}, buttons, open, note, why && h("span.hint", {}, why));
}

/** Whether the acting person has none of the roles that may decide, as far as the row says them. */
function strange(item) {
  const me = acting();
  return Boolean(me && item.roles.length && !item.roles.includes(me.role));
}

/** Whoever may not decide is told before, not after. */
function stranger(item) {
  if (!strange(item)) return null;
  const asked = deciders(item.roles, item.owner).join(" or ");
  return h("p.hint", {}, `Asked of ${asked}. You act as ${acting().name}: the worker may refuse your decision.`);
}

/** A decision that was made: it waits for the next run, or (not counted) to be taken back before somebody else decides. */
function waiting(item, objection) {
  const choice = CHOICES[item.queue].find((c) => c.disposition === item.decision);
  const {
    disposition_by: by,
    edited_value: edited,
    review_note: note,
    waive_reason: reason,
    waive_until: until,
  } = item.row.cells;
  const words = [
    choice?.done ?? item.decision,
    by?.name && `by ${by.name}`,
    edited && `to ${canonicalWords(field(item.about, item.row.cells.field), edited, item.about)}`,
    until && `until ${day(until)}`,
  ];
  return h(
    "div.waiting",
    {},
    h(
      "p",
      {},
      h("b", {}, words.filter(Boolean).join(" ")),
      objection ? " · take it back, then let somebody decide who may" : " · waits for the next run",
    ),
    (note || reason) && clamped("p.said", `“${note || reason}”`),
    h(
      "div.actions",
      {},
      objection ? null : button("Run now", () => runNow(), { kind: "main" }),
      button(objection ? "Take it back" : "Undo", () => undo(item).catch(refused)),
    ),
  );
}
