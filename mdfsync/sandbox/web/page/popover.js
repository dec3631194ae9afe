/**
 * Small menus under a button: the browser's own popover, which goes with Escape or a click beside it.
 */

/** With less room than this below its button a menu stands at the foot of the window. */
const LEAST = 260;

/** Show `pop` (an element with `popover: "auto"`) under `anchor`, inside the window. */
export function popUp(pop, anchor) {
  pop.addEventListener("toggle", (event) => event.newState === "closed" && pop.remove());
  document.body.append(pop);
  pop.showPopover();
  const box = anchor.getBoundingClientRect();
  const below = innerHeight - box.bottom - 12;
  pop.style.left = `${Math.max(8, Math.min(box.left, innerWidth - pop.offsetWidth - 8))}px`;
  if (below >= Math.min(pop.offsetHeight, LEAST)) {
    pop.style.top = `${box.bottom + 4}px`;
    pop.style.maxHeight = `${below}px`;
  } else pop.style.bottom = "8px";
  pop.querySelector("input, button, select")?.focus();
}
