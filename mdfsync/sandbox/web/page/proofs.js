/**
 * What a hold for missing proof asks for, proof by proof, and the way to add one: a new row of Evidence that is already
 * filled in as far as the held row says it. Whether a proof counts is for the worker's next run to say.
 */
import { api } from "./api.js";
import { button, h } from "./dom.js";
import { begun } from "./record.js";
import { linked } from "./refs.js";
import { go, rowHref } from "./routes.js";
import { find, keep, load, rows } from "./tables.js";
import { refused } from "./toast.js";
import { plain, sentence } from "./words.js";

/** @typedef {import("./queues.js").Item} Item */

const TABLE = "Evidence";
/** Words of the message → `evidence_type`. */
const TYPES = { "proof of payment": "payment", "proof of performance": "performance", invoice: "invoice" };
const FINANCIAL = ["invoice", "payment"];
/** Table of the held row → the column of Evidence that names its rows. */
const NAMED_IN = { Expenses: "expense_ids", Deliverables: "deliverable_ids" };

/**
 * Which proofs a message says are wanting: "Proof of payment is missing; invoice is not accepted yet (ev-1)." in the
 * house's words, "Missing: attendee list; agenda (with the speakers)." in those of a programme, whose piece is also the
 * requirement that the new row is to meet.
 * @returns {{words: string, type: string, lack: string, requirement?: string}[]}
 */
function wanting(message) {
  const [, pieces] = /^Missing: (.*?)\.(?: |$)/.exec(message) ?? [];
  if (pieces) {
    return pieces.split("; ").map((words) => {
      const requirement = words.replace(/ \(.*$/, "");
      const type = FINANCIAL.includes(requirement) ? requirement : "performance";
      return { words, type, lack: "is missing", requirement: type === "performance" ? requirement : "" };
    });
  }
  const parts = message.replace(/\.$/, "").split("; ");
  return parts.flatMap((part) => {
    const words = Object.keys(TYPES).find((name) => part.toLowerCase().startsWith(`${name} `));
    return words ? [{ words, type: TYPES[words], lack: part.slice(words.length + 1) }] : [];
  });
}

/**
 * The list of an item's missing proofs, null when it is about none.
 * @param {Item} item
 */
export function proofs(item) {
  const column = NAMED_IN[item.about];
  const lacking = item.kind === "missing_proof" && column ? wanting(item.message) : [];
  if (!lacking.length) return null;
  return h(
    "div.proofs",
    {},
    h(
      "p",
      {},
      "Each proof is a row of Evidence that names ",
      h("b", {}, item.record),
      ", with the file or the day it was received, and with the decision ",
      h("b", {}, "accepted"),
      " by a reviewer.",
    ),
    h(
      "ul",
      {},
      lacking.map((proof) => line(item, proof, column)),
    ),
  );
}

function line(item, proof, column) {
  const made = started(item, proof, column);
  const there = made && h("a.button", { href: rowHref(TABLE, made.id) }, "Open the proof");
  const add = button("Add the proof", () => begin(item, proof, column, add), {
    "aria-label": `Add the proof: ${proof.words} for ${item.record}`,
    title: `A new row of Evidence for ${item.record}`,
  });
  const what = made ? `is there and ${lackOf(made)}` : proof.lack;
  return h(
    "li",
    {},
    h("span", {}, h("b", {}, sentence(proof.words)), " ", linked(what)),
    h("span.hint", {}, `Evidence type: ${plain(proof.type)}`),
    there ?? add,
  );
}

/** A row for this proof that nobody turned down: it is finished, not made twice. */
function started(item, proof, column) {
  const named = ({ cells }) => String(cells[column] ?? "").split(/,\s*/).includes(item.record);
  const refusal = ({ cells }) => ["returned", "rejected"].includes(cells.evidence_decision) || cells.readable === "no";
  const meant = ({ cells }) => cells.evidence_type === proof.type && (cells.requirement_id ?? "").endsWith(proof.requirement ?? "");
  return rows(TABLE).find((row) => meant(row) && named(row) && !refusal(row));
}

const lackOf = (row) =>
  row.cells.evidence_decision === "accepted" ? "accepted; the next run looks at it" : "waits for a reviewer’s decision";

async function begin(item, proof, column, pressed) {
  pressed.disabled = true;
  try {
    await Promise.all([load(TABLE), load(item.about)]);
    const held = find(item.about, item.record)?.cells ?? {};
    const cells = { evidence_type: proof.type, [column]: item.record };
    if (proof.requirement) cells.requirement_id = proof.requirement;
    for (const name of ["joint_campaign_id", "partner_id"]) if (held[name]) cells[name] = held[name];
    const { row } = await api.add(TABLE, cells);
    keep(TABLE, row);
    begun(row.id);
    go(rowHref(TABLE, row.id));
  } catch (error) {
    pressed.disabled = false;
    refused(error);
  }
}
