import { parseHTML } from "linkedom";

/** A whole SVG document as text: well-formed XML, ready for a file, a notebook cell or {@link toPng}. */
export type SvgString = string;

/** The document that Plot draws into; there is no browser here. */
export const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
  document: object;
};

/** The part of a DOM node that {@link serialize} reads. */
export interface SvgNode {
  readonly nodeType: number;
  readonly localName?: string;
  readonly attributes?: Iterable<{ readonly name: string; readonly value: string }>;
  readonly childNodes: Iterable<SvgNode>;
  readonly textContent: string | null;
}

const ELEMENT = 1;
const TEXT = 3;
const GEOMETRY = /^(?:[xy][12]?|[rc][xy]|r|d|width|height|points|transform)$/;
/** Plot's style sheet speaks to browsers only, and marks everything with a class that nothing else needs. */
const DROPPED_ATTRIBUTES = new Set(["class", "aria-hidden", "font-variant"]);

/** Text made safe inside an element or an attribute; characters that XML forbids are left out. */
export function escapeXml(text: string): string {
  return text.toWellFormed()
    // deno-lint-ignore no-control-regex -- these are exactly the characters XML 1.0 has no way to write
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** Attributes as text with a leading space; undefined and empty values are left out, numbers rounded to 0.1 pixel. */
export function attributes(values: Record<string, string | number | undefined>): string {
  let text = "";
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === "") continue;
    text += ` ${name}="${escapeXml(typeof value === "number" ? rounded(value) : value)}"`;
  }
  return text;
}

/** One element; `children` is markup already, so text in it must have been through {@link escapeXml}. */
export function element(
  name: string,
  values: Record<string, string | number | undefined>,
  children = "",
): string {
  return children === "" ? `<${name}${attributes(values)}/>` : `<${name}${attributes(values)}>${children}</${name}>`;
}

/**
 * Markup of the children of a node. Coordinates are rounded to 0.1 pixel, which halves the size and makes the text
 * equal on machines whose last digits differ, and ids are numbered from 1 in each drawing instead of since the process
 * began.
 */
export function serializeChildren(node: SvgNode): string {
  const ids = new Map<string, string>();
  collectIds(node, ids);
  return [...node.childNodes].map((child) => serialize(child, ids)).join("");
}

/** Puts `prefix` before every id and every reference to one, so that drawings can share a document. */
export function prefixIds(svg: SvgString, prefix: string): SvgString {
  return svg
    .replace(/( id=")([^"]*)"/g, `$1${prefix}$2"`)
    .replace(/(="url\(#)([^)"]*)\)"/g, `$1${prefix}$2)"`)
    .replace(/( (?:xlink:)?href="#)([^"]*)"/g, `$1${prefix}$2"`);
}

/** Width and height in pixels that the outermost element of a drawing states. */
export function svgSize(svg: SvgString): { width: number; height: number } {
  const root = /<svg\b[^>]*>/.exec(svg)?.[0] ?? "";
  const width = Number(/ width="([\d.]+)"/.exec(root)?.[1]);
  const height = Number(/ height="([\d.]+)"/.exec(root)?.[1]);
  if (!(width > 0 && height > 0)) {
    throw new TypeError(
      `Expected an SVG whose outermost element has width and height in pixels, as renderPlot makes it; got "${
        svg.slice(0, 60)
      }".`,
    );
  }
  return { width, height };
}

function collectIds(node: SvgNode, ids: Map<string, string>): void {
  for (const { name, value } of node.attributes ?? []) {
    if (name === "id" && !ids.has(value)) ids.set(value, `id${ids.size + 1}`);
  }
  for (const child of node.childNodes) collectIds(child, ids);
}

function serialize(node: SvgNode, ids: Map<string, string>): string {
  if (node.nodeType === TEXT) return escapeXml(node.textContent ?? "");
  if (node.nodeType !== ELEMENT || node.localName === "style") return "";
  let values = "";
  for (const { name, value } of node.attributes ?? []) {
    if (DROPPED_ATTRIBUTES.has(name) || (name.startsWith("aria-") && node.localName === "g")) continue;
    values += ` ${name}="${escapeXml(attributeValue(name, value, ids))}"`;
  }
  const children = [...node.childNodes].map((child) => serialize(child, ids)).join("");
  if (node.localName === "g" && children === "") return "";
  return children === ""
    ? `<${node.localName}${values}/>`
    : `<${node.localName}${values}>${children}</${node.localName}>`;
}

function attributeValue(name: string, value: string, ids: Map<string, string>): string {
  if (name === "id") return ids.get(value) ?? value;
  if (value.startsWith("url(#")) return `url(#${ids.get(value.slice(5, -1)) ?? value.slice(5, -1)})`;
  if ((name === "href" || name === "xlink:href") && value.startsWith("#")) {
    return `#${ids.get(value.slice(1)) ?? value.slice(1)}`;
  }
  if (!GEOMETRY.test(name)) return value;
  return value.replace(/-?\d*\.\d+(?:e[-+]?\d+)?(?!\d*em)/gi, (digits) => rounded(Number(digits)));
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10 + 0);
}
