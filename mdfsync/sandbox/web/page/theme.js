/**
 * Light, dark, or as the system has it. The choice is kept in this browser.
 */
import { at, memory } from "./dom.js";

const NEXT = { system: "light", light: "dark", dark: "system" };
const SIGNS = { system: "◐", light: "☀", dark: "☾" };

/** Wire the switch of the header. */
export function wireTheme() {
  const control = at("theme");
  const wear = (theme) => {
    document.documentElement.dataset.theme = theme;
    memory.set("theme", theme);
    control.textContent = SIGNS[theme];
    control.title = `Colours: ${theme}`;
    control.setAttribute("aria-label", `Colours: ${theme}. Change to ${NEXT[theme]}`);
  };
  wear(memory.get("theme", "system"));
  control.onclick = () => wear(NEXT[document.documentElement.dataset.theme]);
}
