/**
 * Short messages at the foot of the page: what the server refused, what was done and can be undone.
 * Read aloud by screen readers (`role=status`, refusals `role=alert`); each can be closed and goes by itself.
 */
import { at, button, h } from "./dom.js";

const MOST = 3;
const STAYS = { done: 6000, refused: 14000 };

/**
 * @param {string} text
 * @param {{kind?: "done"|"refused", act?: {label: string, run: () => void}}} [how] `act` adds one button
 */
export function say(text, { kind = "done", act } = {}) {
  const gone = () => note.remove();
  const note = h(
    `div.toast.${kind}`,
    { role: kind === "refused" ? "alert" : "status" },
    h("p", {}, text),
    act && button(act.label, () => (gone(), act.run()), { kind: "quiet" }),
    button("×", gone, { kind: "quiet", label: "Close message" }),
  );
  // One thing that was done is news, the one before it no longer; refusals stay until they are read or go.
  if (kind === "done") for (const old of document.querySelectorAll(".toast.done")) old.remove();
  // The same words again take the place of the first ones.
  for (const old of document.querySelectorAll(".toast")) if (old.dataset.words === text) old.remove();
  note.dataset.words = text;
  const all = [...document.querySelectorAll(".toast")];
  for (const old of all.slice(0, Math.max(0, all.length - MOST + 1))) old.remove();
  host().append(note);
  setTimeout(gone, STAYS[kind]);
}

/** An error in its own words; for `promise.catch(refused)`. */
export const refused = (error) => say(error.message, { kind: "refused" });

/** Messages go where they can be read: into a drawer that has opened, back to the page from one that has closed. */
export function rehouse() {
  const notes = [...document.querySelectorAll(".toast")];
  if (notes.length) host().append(...notes);
}

/** Inside an open drawer when there is one: what lies under a modal dialog can be neither read aloud nor clicked. */
function host() {
  const open = [...document.querySelectorAll("dialog[open]")].at(-1);
  if (!open) return at("toasts");
  const inside = open.querySelector(":scope > .toasts") ?? h("div.toasts");
  if (!inside.isConnected) open.append(inside);
  return inside;
}
