// @ts-check
/// <reference lib="dom" />
/** What the agent does, as it does it: the part it is at, then each part with its time. */
import { element, fill } from "./dom.js";

/** @import { SessionMessage, StageCost, StageEvent, StageName } from "./contract.ts" */

/** @type {Record<StageName, string>} */
const DOING = {
  safety: "Looking for signs of an emergency",
  memory: "Noting what you said about yourself",
  tool: "Calculating",
  rewrite: "Choosing words to search for",
  search: "Searching the library",
  draft: "Writing",
  critique: "Auditing the draft",
  refine: "Mending the draft",
  recheck: "Checking the mended answer",
};

/** The line above an answer, which opens to a list of its parts. */
export class Stages {
  #now = element("span", { class: "now" }, "Sending");
  #list = element("ol");
  #details = element("details", { class: "work" }, element("summary", {}, this.#now), this.#list);
  #milliseconds = 0;
  #begun = performance.now();

  get node() {
    return this.#details;
  }

  /**
   * @param {StageEvent} event
   * @returns {string} what is being done, where something else has begun; otherwise nothing
   */
  take({ state, ...cost }) {
    if (state === "done") {
      this.#note(cost);
      return "";
    }
    const name = DOING[cost.stage] ?? cost.stage;
    this.#now.textContent = name;
    this.#list.append(element("li", { "data-stage": cost.stage }, element("span", {}, name)));
    return name;
  }

  /**
   * Shows how an earlier answer was made, where the server has kept that.
   *
   * @param {SessionMessage["extra"]} extra
   */
  restore({ stages = [], query } = {}) {
    this.#details.hidden = stages.length === 0;
    for (const cost of stages) {
      if (cost.stage === "search" && query) this.searchedFor(query);
      this.#note(cost);
    }
    this.end("Answered");
  }

  /** @param {StageCost} cost */
  #note({ stage, milliseconds, promptTokens, completionTokens }) {
    const name = DOING[stage] ?? stage;
    let row = [...this.#list.children].findLast((child) => child.getAttribute("data-stage") === stage);
    if (!row) this.#list.append(row = element("li", { "data-stage": stage }));
    this.#milliseconds += milliseconds ?? 0;
    const tokens = (promptTokens ?? 0) + (completionTokens ?? 0);
    fill(
      row,
      element("span", {}, name),
      tokens > 0 && element("span", { class: "faint" }, `${tokens} tokens`),
      milliseconds !== undefined && element("span", { class: "time" }, duration(milliseconds)),
    );
  }

  /** @param {string} words what was searched for */
  searchedFor(words) {
    this.#list.append(
      element("li", { class: "query" }, element("span", {}, "Searched for"), element("q", { dir: "auto" }, words)),
    );
  }

  /** @param {string} what such as "Answered" */
  end(what) {
    const taken = this.#milliseconds || performance.now() - this.#begun;
    this.#details.classList.add("ended");
    this.#now.textContent = `${what} ${what === "Answered" ? "in" : "after"} ${duration(taken)}`;
  }
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}
