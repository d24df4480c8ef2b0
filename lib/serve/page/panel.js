// @ts-check
/// <reference lib="dom" />
/** The place beside the conversation that shows either evidence or memory. */
import { byId, fill } from "./dom.js";
import { Sheet } from "./sheet.js";

/** @import { Child } from "./dom.js" */

/** One thing at a time. */
export class Panel {
  #title = byId("panel-title", HTMLElement);
  #body = byId("panel-body", HTMLElement);
  #sheet;
  #shown = "";

  /** @param {(shown: string) => void} onchange told the name of what is shown; empty for nothing */
  constructor(onchange) {
    this.#sheet = new Sheet({
      content: byId("panel", HTMLElement),
      column: byId("panel-side", HTMLElement),
      dialog: byId("panel-sheet", HTMLDialogElement),
      wide: matchMedia("(min-width: 72rem)"),
    });
    this.#sheet.onchange = () => {
      if (!this.#sheet.isOpen) this.#shown = "";
      onchange(this.#shown);
    };
    byId("panel-close", HTMLButtonElement).addEventListener("click", () => this.close());
  }

  /** Which of them is shown; empty for none. */
  get shown() {
    return this.#shown;
  }

  /**
   * @param {string} name
   * @param {string} title
   * @param {...Child} children
   */
  open(name, title, ...children) {
    this.#shown = name;
    this.#title.textContent = title;
    fill(this.#body, ...children);
    this.#sheet.open();
    this.#title.focus();
  }

  /**
   * Changes what is shown, where it is this, and leaves the focus alone.
   *
   * @param {string} name
   * @param {...Child} children
   */
  update(name, ...children) {
    if (this.#shown === name) fill(this.#body, ...children);
  }

  close() {
    this.#sheet.close();
  }
}
