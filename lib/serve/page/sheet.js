// @ts-check
/// <reference lib="dom" />
/** Something beside the conversation: a column where the window is wide, a modal sheet above it where it is narrow. */

/** A column or a sheet with the same content. */
export class Sheet {
  /** @type {HTMLElement | null} */
  #opener = null;
  #isOpen = false;

  /**
   * @param {{ content: HTMLElement, column: HTMLElement, dialog: HTMLDialogElement, wide: MediaQueryList, stays?: boolean }} parts
   *   stays: the column is always there; only the sheet is opened and closed
   */
  constructor(parts) {
    this.parts = parts;
    this.onchange = () => {};
    parts.wide.addEventListener("change", () => this.#place());
    parts.dialog.addEventListener("close", () => {
      if (!parts.wide.matches) this.close();
    });
    // A click beside the sheet is one on its backdrop.
    parts.dialog.addEventListener("click", (event) => {
      if (event.target === parts.dialog) this.close();
    });
    this.#place();
  }

  get isOpen() {
    return this.#isOpen;
  }

  open() {
    if (!this.#isOpen) this.#opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.#isOpen = true;
    this.#place();
    this.onchange();
  }

  /** Closes, and gives the focus back to what opened it. */
  close() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#place();
    if (this.#opener?.isConnected) this.#opener.focus();
    this.onchange();
  }

  #place() {
    const { content, column, dialog, wide, stays } = this.parts;
    const home = wide.matches ? column : dialog;
    if (content.parentElement !== home) home.append(content);
    column.hidden = !wide.matches || !(stays || this.#isOpen);
    if (!wide.matches && this.#isOpen) { if (!dialog.open) dialog.showModal(); }
    else if (dialog.open) dialog.close();
  }
}
