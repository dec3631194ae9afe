/**
 * Fault switches: let Airtable, HubSpot or Crossbeam misbehave for the worker, and see what it does. The page itself
 * is never harmed by them.
 */
import { api } from "./api.js";
import { at, button, fill, h } from "./dom.js";
import { open } from "./drawer.js";
import { refused } from "./toast.js";

/** Show at the button how many are on. */
export async function wireFaults() {
  mark(await api.faults().catch(() => ({ presets: [], rules: [] })));
}

function mark(state) {
  const on = state.presets.filter((p) => p.on).length;
  fill(at("faults"), on ? `Faults: ${on} on` : "Faults");
  at("faults").classList.toggle("alarm", on > 0);
}

export function showFaults() {
  open({ title: "Faults of the vendors" }, async (body) => {
    const draw = (state) => {
      mark(state);
      const one = (preset) =>
        h(
          "li",
          {},
          h(
            "label.switch",
            {},
            h("input", {
              type: "checkbox",
              role: "switch",
              checked: preset.on,
              onchange: (event) => turn(preset.name, event.target.checked),
            }),
            h("span", {}, h("b", {}, preset.title), h("span.hint", {}, preset.meaning)),
          ),
        );
      fill(
        body,
        h("p", {}, "Switch one on, then run: the worker meets it on the wire, as it would live."),
        h("ul.switches", {}, state.presets.map(one)),
        h(
          "div.actions",
          {},
          button("All off", () => turn(null), {
            disabled: !state.rules.length && !state.presets.some((p) => p.on),
          }),
        ),
      );
    };
    const turn = async (name, on) => {
      try {
        await (name === null ? api.noFaults() : api.fault(name, on));
      } catch (error) {
        refused(error);
      }
      const focused = document.activeElement?.closest("li");
      const index = [...body.querySelectorAll("li")].indexOf(focused);
      draw(await api.faults());
      body.querySelectorAll("li input")[index]?.focus();
    };
    fill(body, h("p", {}, "Reading…"));
    try {
      draw(await api.faults());
    } catch (error) {
      fill(body, h("p.problem", {}, error.message));
    }
  });
}
