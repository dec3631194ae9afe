/**
 * How the page makes elements: one function, text only as text.
 * It refuses markup from data: nothing here or elsewhere sets innerHTML.
 */

/**
 * `h("p.note", {title: "…", onclick}, "text", child)`; the tag may carry classes. Properties whose names begin with
 * `on` are listeners, `data`/`aria-…`/`role` become attributes, the rest are set as properties. null children are left out.
 * @param {string} spec
 * @param {Object<string, any>} [props]
 * @param {...(Node|string|number|null|undefined|false|Array)} children
 * @returns {HTMLElement}
 */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name.includes("-") || name === "role" || name === "for" || name === "list")
      made.setAttribute(name, value === true ? "" : value);
    else made[name] = value;
  }
  made.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== ""));
  return made;
}

/** Everything inside `host` gives way to `children`. */
export function fill(host, ...children) {
  host.replaceChildren(
    ...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== ""),
  );
  return host;
}

/** The same, but elements that already stand there in this order are not touched: what is typed in them stays. */
export function arrange(host, children) {
  const same = children.length === host.children.length && children.every((c, i) => c === host.children[i]);
  if (!same) host.replaceChildren(...children);
}

/** The element with this id of index.html. */
export const at = (id) => document.getElementById(id);

/** A plain button. `label` is what a screen reader says when the text is only a sign. */
export function button(text, onclick, { kind = "", label, ...rest } = {}) {
  return h(
    `button${kind ? `.${kind}` : ""}`,
    { type: "button", onclick, "aria-label": label, title: label, ...rest },
    text,
  );
}

const HELD = new Map();

/** Calls `act` once, `ms` after the last call under the same `name`. */
export function soon(name, ms, act) {
  clearTimeout(HELD.get(name));
  HELD.set(name, setTimeout(act, ms));
}

/** What this browser remembers for the page; a browser that refuses storage only forgets. */
export const memory = {
  get(name, fallback = "") {
    try {
      return localStorage.getItem(`mdfsync.${name}`) ?? fallback;
    } catch {
      return fallback;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`mdfsync.${name}`, value);
    } catch {
      /* private windows: nothing is kept, nothing breaks */
    }
  },
};
