/** The blocks of a tree of HTML. */
import { type AnyNode, type Element, isTag, isText, type ParentNode } from "domhandler";
import type { BlockDraft } from "./build_document.ts";

const names = (text: string) => new Set(text.split(" "));

/** What a page shows nobody, and controls. */
const SKIPPED = names(
  "script style template noscript head title svg iframe object embed canvas video audio map input select textarea button " +
    "datalist progress meter frameset noframes noembed annotation annotation-xml",
);
const BLOCKS = names(
  "address article aside body caption center details dialog dd div dl dt fieldset figcaption figure footer form header " +
    "hgroup hr html legend li main nav optgroup option p search section summary table tbody td tfoot th thead tr",
);
const LISTS = names("ul ol menu dir");
const CODE = names("pre listing xmp plaintext");
/** A list or table that holds one of these arranges a page. */
const STRUCTURE = names("h1 h2 h3 h4 h5 h6 table pre");

/** Headings, paragraphs, lists, tables, code and quotes in the order of the page. */
export function htmlBlocks(root: ParentNode | undefined): BlockDraft[] {
  if (root === undefined) return [];
  const walk = new BlockWalk(elementsAround(root, STRUCTURE));
  walk.children(root);
  walk.finishParagraph();
  return walk.blocks;
}

class BlockWalk {
  readonly blocks: BlockDraft[] = [];
  #text: string[] = [];
  #quotes = 0;

  constructor(readonly arranging: ReadonlySet<AnyNode>) {}

  children(parent: ParentNode): void {
    for (const child of parent.children) this.node(child);
  }

  node(node: AnyNode): void {
    if (isText(node)) {
      this.#text.push(node.data.replace(/\s+/g, " "));
    } else if (isTag(node)) {
      this.element(node);
    }
  }

  element(element: Element): void {
    const { name } = element;
    const simple = !this.arranging.has(element);
    if (SKIPPED.has(name)) return;
    if (/^h[1-6]$/.test(name)) {
      this.push({ kind: "heading", level: Number(name[1]), text: flatText(element) });
    } else if (CODE.has(name)) {
      this.push({ kind: "code", text: rawText(element) });
    } else if (LISTS.has(name) && simple) {
      this.push({ kind: "list", text: listLines(element, "").join("\n") });
    } else if (name === "dl" && simple) {
      this.push({ kind: "list", text: definitionLines(element).join("\n") });
    } else if (name === "table" && simple && isTableOfData(element)) {
      const caption = element.children.find((child) => isTag(child) && child.name === "caption");
      if (caption !== undefined) this.push({ kind: "paragraph", text: flatText(caption) });
      this.push({ kind: "table", text: tableLines(element).join("\n") });
    } else if (name === "blockquote") {
      this.finishParagraph();
      this.#quotes++;
      this.children(element);
      this.finishParagraph();
      this.#quotes--;
    } else if (BLOCKS.has(name) || LISTS.has(name)) {
      this.finishParagraph();
      this.children(element);
      this.finishParagraph();
    } else if (name === "br" || name === "math" || name === "sup") {
      this.#text.push(inlineText(element, this.#text.at(-1) ?? ""));
    } else {
      this.children(element);
    }
  }

  push(block: BlockDraft): void {
    this.finishParagraph();
    this.blocks.push(block);
  }

  finishParagraph(): void {
    const text = this.#text.join("");
    this.#text = [];
    if (text.trim() !== "") this.blocks.push({ kind: this.#quotes > 0 ? "quote" : "paragraph", text });
  }
}

/** All elements that have one of these inside, however deep. */
function elementsAround(root: ParentNode, wanted: ReadonlySet<string>): Set<AnyNode> {
  const around = new Set<AnyNode>();
  const visit = (parent: ParentNode) => {
    for (const child of parent.children) {
      if (!isTag(child)) continue;
      if (wanted.has(child.name)) {
        for (let up: ParentNode | null = parent; up !== null && !around.has(up); up = up.parent) around.add(up);
      }
      visit(child);
    }
  };
  visit(root);
  return around;
}

/** The text of an element, with line breaks where a block or `br` ends a line. */
function flatText(node: AnyNode): string {
  if (isText(node)) return node.data.replace(/\s+/g, " ");
  if (!isTag(node) || SKIPPED.has(node.name)) return "";
  if (node.name === "br" || node.name === "math") return inlineText(node, "");
  let text = "";
  for (const child of node.children) {
    text += isTag(child) && child.name === "sup" ? inlineText(child, text) : flatText(child);
  }
  return BLOCKS.has(node.name) || LISTS.has(node.name) || CODE.has(node.name) ? `\n${text}\n` : text;
}

/** Elements whose look has a meaning: a break, a formula, an exponent (`x<sup>2</sup>` is no `x2`). */
function inlineText(element: Element, before: string): string {
  if (element.name === "br") return "\n";
  if (element.name === "math" && element.attribs.alttext) return element.attribs.alttext;
  const text = element.children.map(flatText).join("").trim();
  const exponent = element.name === "sup" && /[\p{L}\p{N})\]]$/u.test(before) &&
    /^[-+−]?[\p{L}\p{N}]{1,6}$/u.test(text) &&
    !/^(?:st|nd|rd|th)$/.test(text);
  return exponent ? `^${text}` : text;
}

function rawText(node: AnyNode): string {
  if (isText(node)) return node.data;
  if (!isTag(node) || SKIPPED.has(node.name)) return "";
  return node.name === "br" ? "\n" : node.children.map(rawText).join("");
}

function oneLine(node: AnyNode): string {
  return flatText(node).replace(/\s+/g, " ").trim();
}

function listLines(list: Element, indent: string): string[] {
  let number = Number.parseInt(list.attribs.start ?? "1", 10) || 1;
  return list.children.flatMap((item): string[] => {
    if (isTag(item) && LISTS.has(item.name)) return listLines(item, deeper(indent));
    if (!isTag(item) || item.name !== "li") return linesOf(flatText(item), indent, indent);
    const mark = list.name === "ol" ? `${number++}. ` : "- ";
    return itemLines(item, indent, mark);
  });
}

/** Ten levels are told apart. */
function deeper(indent: string): string {
  return indent.length < 20 ? `${indent}  ` : indent;
}

function itemLines(item: Element, indent: string, mark: string): string[] {
  const lines: string[] = [];
  let text = "";
  const finish = () => {
    lines.push(...linesOf(text, lines.length === 0 ? indent + mark : deeper(indent), deeper(indent)));
    text = "";
  };
  for (const child of item.children) {
    if (isTag(child) && LISTS.has(child.name)) {
      finish();
      lines.push(...listLines(child, deeper(indent)));
    } else {
      text += isTag(child) && child.name === "sup" ? inlineText(child, text) : flatText(child);
    }
  }
  finish();
  return lines;
}

function linesOf(text: string, first: string, others: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "")
    .map((line, index) => (index === 0 ? first : others) + line);
}

function definitionLines(list: Element): string[] {
  return list.children.filter(isTag).flatMap((part) =>
    part.name === "div" ? definitionLines(part) : linesOf(flatText(part), ...indentOf(part.name))
  );
}

function indentOf(name: string): [string, string] {
  return name === "dd" ? ["  ", "  "] : ["", ""];
}

/** Tables of one column, and those that say so, arrange a page. */
function isTableOfData(table: Element): boolean {
  const { role } = table.attribs;
  return role !== "presentation" && role !== "none" && rowsOf(table).some((row) => cellsOf(row).length > 1);
}

function tableLines(table: Element): string[] {
  return rowsOf(table).map((row) => cellsOf(row).map(oneLine).join(" | ")).filter((line) => /[^\s|]/.test(line));
}

function rowsOf(table: Element): Element[] {
  return table.children.filter(isTag).flatMap((part) => part.name === "tr" ? [part] : rowsOf(part));
}

function cellsOf(row: Element): Element[] {
  return row.children.filter(isTag).filter(({ name }) => name === "td" || name === "th");
}
