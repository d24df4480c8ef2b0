// @ts-check
/// <reference lib="dom" />
/**
 * A model's words as elements: paragraphs, lists, `**strong**`, `` `code` `` and citations such as [1]. Nothing else of
 * Markdown is read, and no HTML: a link, an image or a tag that a model or a passage writes stays the text it is.
 */
import { element } from "./dom.js";

/** @typedef {{ kind: "p" | "ul" | "ol", lines: string[] }} Block */
/** @typedef {(number: number) => Node | string} Cite makes the node of a citation */

/**
 * A text taken apart into paragraphs and lists.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  let isNew = true;
  for (const line of text.split(/\r?\n/)) {
    const item = /^\s*(?:([-*•])|\d{1,3}[.)])\s+(\S.*)$/.exec(line);
    const kind = !item ? "p" : item[1] ? "ul" : "ol";
    const last = blocks.at(-1);
    if (line.trim() === "") isNew = true;
    else if (last && last.kind === kind && (kind !== "p" || !isNew)) last.lines.push(item ? item[2] : line);
    else blocks.push({ kind, lines: [item ? item[2] : line] });
    if (line.trim() !== "") isNew = false;
  }
  return blocks;
}

/** Shows a text that grows. Blocks that stay the same keep their elements, so that focus and selection in them stay. */
export class RichText {
  #shown = /** @type {string[]} */ ([]);

  /**
   * @param {HTMLElement} place
   * @param {Cite} cite
   */
  constructor(place, cite) {
    this.place = place;
    this.cite = cite;
  }

  /**
   * @param {string} text the whole of it
   * @param {{ isNew?: boolean }} [options] isNew: blocks that stay the same are made anew too, as their citations may lead elsewhere
   */
  show(text, { isNew = false } = {}) {
    if (isNew) this.#shown = [];
    const blocks = blocksOf(text);
    blocks.forEach((block, i) => {
      const written = JSON.stringify(block);
      if (written === this.#shown[i]) return;
      const made = blockElement(block, this.cite);
      if (i < this.place.children.length) this.place.children[i].replaceWith(made);
      else this.place.append(made);
      this.#shown[i] = written;
    });
    while (this.place.children.length > blocks.length) this.place.lastElementChild?.remove();
    this.#shown.length = blocks.length;
  }
}

/**
 * @param {Block} block
 * @param {Cite} cite
 */
function blockElement({ kind, lines }, cite) {
  if (kind === "p") return element("p", { dir: "auto" }, ...inline(lines.join("\n"), cite));
  return element(kind, { dir: "auto" }, ...lines.map((line) => element("li", {}, ...inline(line, cite))));
}

const INLINE = /\*\*([^*\n]+)\*\*|`([^`\n]+)`|\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g;

/**
 * @param {string} text
 * @param {Cite} cite
 * @returns {(Node | string)[]}
 */
function inline(text, cite) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, strong, code, numbers] = found;
    nodes.push(text.slice(at, found.index));
    if (strong !== undefined) nodes.push(element("strong", {}, ...inline(strong, cite)));
    else if (code !== undefined) nodes.push(element("code", {}, code));
    else nodes.push(...numbers.split(/\s*[,;]\s*/).map((number) => cite(Number(number))));
    at = found.index + whole.length;
  }
  nodes.push(text.slice(at));
  return nodes;
}
