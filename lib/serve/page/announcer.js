// @ts-check
/// <reference lib="dom" />
/** What a screen reader is told. One polite region, and whole sentences: read token by token, an answer is noise. */
import { byId, element } from "./dom.js";

/**
 * The whole sentences of a text that may go on, and what is left over.
 *
 * @param {string} text
 * @returns {{ sentences: string[], rest: string }}
 */
export function wholeSentences(text) {
  const parts = [...new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text)].map((part) =>
    part.segment
  );
  const rest = parts.pop() ?? "";
  return { sentences: parts.map((part) => part.trim()).filter((part) => part !== ""), rest };
}

/** Puts sentences into the live region. */
export class Announcer {
  #region = byId("announcer", HTMLElement);
  #rest = "";

  /** @param {string} sentence */
  say(sentence) {
    this.#region.append(element("p", {}, sentence));
    // Read ones are of no use; a region that grows without end is slow.
    while (this.#region.children.length > 12) this.#region.firstElementChild?.remove();
  }

  /** @param {string} text the next piece of an answer */
  write(text) {
    const { sentences, rest } = wholeSentences(this.#rest + text);
    if (sentences.length > 0) this.say(sentences.map(spoken).join(" "));
    this.#rest = rest;
  }

  /** Says what is left of an answer. */
  end() {
    if (this.#rest.trim() !== "") this.say(spoken(this.#rest.trim()));
    this.#rest = "";
  }

  /** Forgets what is left of an answer. */
  drop() {
    this.#rest = "";
  }
}

/**
 * Without the numbers of citations and the marks of emphasis.
 *
 * @param {string} text
 */
function spoken(text) {
  return text.replace(/\s*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]/g, "").replaceAll("**", "");
}
