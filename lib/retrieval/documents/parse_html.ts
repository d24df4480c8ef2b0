/** HTML to a tree, whatever is wrong with it, in time that grows with its length. */
import { type CheerioAPI, load } from "cheerio/slim";
import { getEncoding } from "encoding-sniffer";
import { Parser, type Token, Tokenizer } from "parse5";
import { adapter, type Htmlparser2TreeAdapterMap } from "parse5-htmlparser2-tree-adapter";
import { textEncoding } from "./decode_text.ts";
import { ReadingError } from "./reading.ts";

/**
 * The text of a page: the byte order mark, the HTTP header's charset, and the page's own `meta` are asked in this order; a
 * page that names none is UTF-8 if it is valid as that, else windows-1252.
 */
export function decodeHtml(bytes: Uint8Array, charset?: string): string {
  const head = bytes.subarray(0, 1024);
  const options = { transportLayerEncodingLabel: charset, defaultEncoding: textEncoding(bytes) };
  return new TextDecoder(getEncoding(head, options)).decode(bytes);
}

/** What a selection is made from, and how many elements there are. */
export interface ParsedHtml {
  $: CheerioAPI;
  elements: number;
}

/**
 * Parses a page as browsers do, up to three bounds: elements deeper than 512 (where Chromium stops too) are not opened, their
 * text stays; more than a million elements, or 2,000 attributes of one of them, are an error. Tags that only change how letters look are left out: their
 * text stays, and pages that never close them would make the tree grow with the square of its length.
 *
 * @param mostElements default a million
 * @throws {ReadingError} "too large"
 */
export function parseHtml(html: string, mostElements: number = MOST_ELEMENTS): ParsedHtml {
  const parser = new BoundedParser({ treeAdapter: adapter, scriptingEnabled: false });
  parser.mostElements = mostElements;
  parser.tokenizer = new BoundedTokenizer(parser.options, parser);
  parser.tokenizer.write(html, true);
  return { $: load(parser.document), elements: parser.elements };
}

const DEEPEST = 512;
const MOST_ELEMENTS = 1_000_000;
/** parse5 compares each with all those before it. */
const MOST_ATTRIBUTES = 2000;
const LOOKS = new Set("b big code em font i nobr s small strike strong tt u".split(" "));
/** The tokenizer reads their inside as text, and needs them opened to find their end. */
const RAW_TEXT = new Set("script style textarea title xmp iframe noembed noframes plaintext".split(" "));

class BoundedParser extends Parser<Htmlparser2TreeAdapterMap> {
  elements = 0;
  mostElements = MOST_ELEMENTS;

  override onStartTag(token: Token.TagToken): void {
    if (LOOKS.has(token.tagName)) return;
    if (this.openElements.stackTop >= DEEPEST && !RAW_TEXT.has(token.tagName)) return;
    if (++this.elements > this.mostElements) {
      throw new ReadingError(
        "too large",
        `More than ${this.mostElements.toLocaleString("en")} HTML elements. Split the page into smaller files.`,
      );
    }
    super.onStartTag(token);
  }
}

class BoundedTokenizer extends Tokenizer {
  override _leaveAttrName(): void {
    const token = this.currentToken;
    if (token !== null && "attrs" in token && token.attrs.length >= MOST_ATTRIBUTES) {
      throw new ReadingError(
        "too large",
        `The tag <${token.tagName}> has more than ${MOST_ATTRIBUTES.toLocaleString("en")} attributes. Mend the page.`,
      );
    }
    super._leaveAttrName();
  }
}
