/**
 * Long texts of people and of the worker: four lines, and a button for the rest where there is more.
 */
import { button, h } from "./dom.js";

/** Looks at a text whenever its place changes: the window, the fold it stands in. */
const watching = new ResizeObserver((seen) => seen.forEach(({ target }) => target.dispatchEvent(new Event("measure"))));

/**
 * @param {string} spec  tag and classes of the text, as `h` takes them
 * @param {...(Node|string|Array)} words
 * @returns {HTMLElement}
 */
export function clamped(spec, ...words) {
  const text = h(spec, {}, words);
  text.classList.add("clamp");
  const more = button("more", turn, { kind: "more", "aria-expanded": "false", hidden: true });
  function turn() {
    const open = !text.classList.toggle("clamp");
    more.textContent = open ? "less" : "more";
    more.setAttribute("aria-expanded", String(open));
  }
  const measure = () => {
    if (text.classList.contains("clamp")) more.hidden = text.scrollHeight <= text.clientHeight + 1;
  };
  text.addEventListener("measure", measure);
  watching.observe(text);
  return h("div.long", {}, text, more);
}
