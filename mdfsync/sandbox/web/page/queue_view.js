/**
 * The start page: one work queue as a list of cards, with all/mine, the order, and the keys to work through it.
 * Redrawn when rows change, without taking the focus or an open form away.
 */
import { card } from "./card.js";
import { objectionTo } from "./decide.js";
import { arrange, button, fill, h, memory } from "./dom.js";
import { acting } from "./people.js";
import { QUEUES, QUEUE_TABLES, items } from "./queues.js";
import { go } from "./routes.js";
import { listen } from "./tables.js";
import { count } from "./words.js";
import { runNow, whenEnded } from "./worker.js";

/**
 * Show a queue in `host`.
 * @param {HTMLElement} host
 * @param {string} name  key of QUEUES
 * @returns {{search: (text: string) => void, key: (event: KeyboardEvent) => boolean, close: () => void}}
 */
export function queueView(host, name) {
  const queue = QUEUES[name] ?? QUEUES.holds;
  const key = name in QUEUES ? name : "holds";
  let sought = "";
  const list = h("ol.cards", { "aria-label": queue.title });
  const summary = h("p.summary", { role: "status" });
  const mine = h(
    "select",
    { "aria-label": "Whose items", onchange: () => (memory.set("mine", mine.value), draw()) },
    h("option", { value: "all" }, "Everybody’s"),
    h("option", { value: "mine" }, "Mine"),
  );
  const order = h(
    "select",
    { "aria-label": "Order", onchange: () => (memory.set("order", order.value), draw()) },
    h("option", { value: "severity" }, "Gravest first"),
    h("option", { value: "due" }, "Due first"),
  );
  mine.value = memory.get("mine", "all");
  order.value = memory.get("order", "severity");
  fill(
    host,
    h(
      "section.queue",
      {},
      h(
        "header.view-head",
        {},
        h("div", {}, h("h1", {}, queue.title), h("p.lead", {}, queue.lead)),
        h("div.filters", {}, mine, order),
      ),
      summary,
      list,
    ),
  );

  /** @type {Map<string, {made: HTMLElement, as: string}>} */
  let cards = new Map();

  /** `anew` builds every card again: rows they speak of have become known. */
  function draw(anew = false) {
    const shown = items(key, { mine: mine.value === "mine", by: order.value, search: sought });
    const next = new Map();
    for (const item of shown) {
      const as = JSON.stringify([item, objectionTo(item), acting()?.email]);
      const old = cards.get(item.row.id);
      const typing = old?.made.querySelector("form") && !item.decision;
      next.set(item.row.id, old && ((old.as === as && !anew) || typing) ? old : { made: card(item), as });
    }
    place(
      [...next.values()].map((c) => c.made),
      shown.length,
    );
    cards = next;
  }

  function place(made, many) {
    const focused = document.activeElement;
    const inside = list.contains(focused);
    const held = inside ? focused.closest(".card")?.dataset.key : "";
    const index = [...list.children].findIndex((c) => c.dataset?.key === held);
    arrange(list, made.length ? made : [h("li.empty", {}, empty())]);
    if (inside && document.activeElement !== focused) {
      const again = focused.isConnected
        ? focused
        : (made.find((m) => m.dataset.key === held) ?? made[Math.min(index, made.length - 1)]);
      again?.focus({ preventScroll: true });
    }
    if (made.length && !made.some((m) => m.tabIndex === 0)) made[0].tabIndex = 0;
    fill(summary, words(many));
  }

  function words(many) {
    const decided = items(key).filter((item) => item.decision && !objectionTo(item)).length;
    const shown = mine.value === "mine" || sought ? `${count(many, "item")} shown` : `${count(many, "item")} open`;
    if (!decided) return [h("span", {}, shown), h("span.hint.keys", {}, "j k move · ? all keys")];
    return [
      h("span", {}, `${shown}, ${decided} decided and waiting for the next run`),
      button("Run now", () => runNow()),
    ];
  }

  function empty() {
    if (sought) return "Nothing fits the search.";
    return mine.value === "mine"
      ? "Nothing here waits for you. Choose “Everybody’s” to see the rest."
      : "Nothing waits here.";
  }

  const focusedCard = () => document.activeElement?.closest?.(".card") ?? null;

  function step(by) {
    const all = [...list.querySelectorAll(".card")];
    const now = all.indexOf(focusedCard());
    const next = all[now < 0 ? 0 : Math.max(0, Math.min(all.length - 1, now + by))];
    for (const c of all) c.tabIndex = c === next ? 0 : -1;
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  function keyed(event) {
    const current = focusedCard();
    if (event.key === "j" || event.key === "k") return (step(event.key === "j" ? 1 : -1), true);
    if (!current) return false;
    if (event.key === "Enter" && document.activeElement === current) return (go(current.href), true);
    if (event.key === "z") return (current.undo(), true);
    if ("aeruw".includes(event.key)) return (current.act(event.key), true);
    return false;
  }

  // A proof that was added or accepted shows on the hold that asked for it.
  const anew = (news) => key === "holds" && news.table === "Evidence";
  const quiet = listen((news) => (QUEUE_TABLES.includes(news.table) || anew(news)) && draw(anew(news)));
  const quieter = whenEnded(() => draw());
  draw();
  return {
    search: (text) => ((sought = text), draw()),
    key: keyed,
    close: () => (quiet(), quieter()),
    known: () => draw(true),
  };
}
