// @ts-check
/// <reference lib="dom" />
/** The conversations that the server keeps: open one, delete one, begin another. */
import { byId, carefulButton, element, fill } from "./dom.js";
import { Sheet } from "./sheet.js";

/** @import { SessionListing } from "./contract.ts" */

/** The list, a column or a sheet. */
export class HistoryPanel {
  #list = byId("history-list", HTMLElement);
  #sheet = new Sheet({
    content: byId("history", HTMLElement),
    column: byId("history-side", HTMLElement),
    dialog: byId("history-sheet", HTMLDialogElement),
    wide: matchMedia("(min-width: 52rem)"),
    stays: true,
  });

  /** @param {{ begin: () => void, remove: (id: string) => void }} deeds a conversation is opened by its link */
  constructor(deeds) {
    this.deeds = deeds;
    byId("open-history", HTMLElement).addEventListener("click", () => this.#sheet.open());
    byId("history-close", HTMLElement).addEventListener("click", () => this.close());
    byId("new-conversation", HTMLElement).addEventListener("click", () => {
      this.close();
      deeds.begin();
    });
    this.#list.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("a")) this.close();
    });
  }

  /**
   * @param {readonly SessionListing[]} sessions
   * @param {string | null} current
   */
  show(sessions, current) {
    byId("history-empty", HTMLElement).hidden = sessions.length > 0;
    fill(
      this.#list,
      ...sessions.map(({ id, title, updated_at, messages }) => {
        const name = title || "Untitled";
        return element(
          "li",
          {},
          element(
            "a",
            { href: `#/${encodeURIComponent(id)}`, "aria-current": id === current ? "true" : null },
            element("span", { class: "title", dir: "auto" }, name),
            element(
              "span",
              { class: "faint" },
              `${when(updated_at)}, ${messages} ${messages === 1 ? "message" : "messages"}`,
            ),
          ),
          carefulButton("Delete", "Really?", () => this.deeds.remove(id), { "aria-label": `Delete ${name}` }),
        );
      }),
    );
  }

  close() {
    this.#sheet.close();
  }
}

/** @param {string} moment */
function when(moment) {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "";
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}
