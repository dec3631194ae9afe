/**
 * The page's keys, told in a small dialog.
 */
import { fill, h } from "./dom.js";
import { open } from "./drawer.js";

const KEYS = {
  Everywhere: { "/": "search", "?": "these keys", Escape: "close what is open" },
  "In a queue": {
    "j  k": "next, previous item",
    Enter: "open the row it is about",
    a: "approve",
    r: "reject",
    e: "edit the proposed value",
    u: "uphold a hold or exception",
    w: "waive it",
    z: "take the decision back",
  },
  "In a table": {
    "← ↑ → ↓": "move",
    Enter: "edit the cell, and save it",
    "a character": "type over the cell",
    Delete: "empty the cell",
    Escape: "leave the cell as it was",
    Space: "open the row",
    "Ctrl Z": "undo the last edit",
    "Ctrl C": "copy",
  },
  "Choosing links": { "↓ ↑": "from the search to what it found", Enter: "link it" },
};

export function showKeys() {
  open({ title: "Keys", kind: "box" }, (body) => {
    const part = ([title, keys]) => [
      h("h3", {}, title),
      h(
        "dl.keys-list",
        {},
        Object.entries(keys).map(([key, words]) =>
          h(
            "div",
            {},
            h(
              "dt",
              {},
              key.split("  ").map((k) => h("kbd", {}, k)),
            ),
            h("dd", {}, words),
          ),
        ),
      ),
    ];
    fill(body, Object.entries(KEYS).map(part));
  });
}
