/**
 * Drawers and small dialogs: the browser's own modal `<dialog>`, which keeps the focus inside, closes with Escape and
 * gives the focus back. Nothing here knows what is shown in it.
 */
import { button, fill, h } from "./dom.js";
import { rehouse } from "./toast.js";

/**
 * Open a dialog and fill it.
 * @param {{title: string|Node, kind?: "drawer"|"box", closed?: () => void, label?: string}} about
 * @param {(body: HTMLElement, close: () => void) => void} build
 * @returns {HTMLDialogElement}
 */
export function open({ title, kind = "drawer", closed, label }, build) {
  const body = h("div.body", { tabIndex: 0 });
  const close = () => dialog.close();
  const dialog = h(
    `dialog.${kind}`,
    { "aria-label": label ?? (typeof title === "string" ? title : undefined) },
    h("header", {}, h("h2", {}, title), button("×", close, { kind: "quiet", label: "Close" })),
    body,
  );
  dialog.addEventListener("close", () => (rehouse(), dialog.remove(), closed?.()));
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  document.body.append(dialog);
  build(body, close);
  dialog.showModal();
  rehouse();
  return dialog;
}

/**
 * Ask before something that cannot be undone.
 * @returns {Promise<boolean>}
 */
export function confirm(question, doIt) {
  return new Promise((answer) => {
    let yes = false;
    open({ title: "Please confirm", kind: "box", closed: () => answer(yes) }, (body, close) => {
      const act = button(doIt, () => ((yes = true), close()), { kind: "danger" });
      fill(body, h("p", {}, question), h("div.actions", {}, button("Cancel", close, { autofocus: true }), act));
    });
  });
}
