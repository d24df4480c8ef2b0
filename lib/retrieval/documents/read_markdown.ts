/** Markdown, as GitHub writes it, with front matter and formulas. */
import { Lexer, Marked, type Token, type TokenizerAndRendererExtension, type Tokens } from "marked";
import { BoundedTokenizer } from "./bounded_markdown.ts";
import type { BlockDraft } from "./build_document.ts";
import { decodeText } from "./decode_text.ts";
import { splitFrontMatter } from "./front_matter.ts";
import { htmlBlocks } from "./html_blocks.ts";
import { inlineText, listText, tableText } from "./markdown_text.ts";
import { parseHtml } from "./parse_html.ts";
import { type FoundDocument, nameOf, type ReadingInput, widestHeading } from "./reading.ts";
import { paragraphs } from "./read_text.ts";

/** The title is the front matter's, else the first widest heading; other fields of the front matter are metadata. */
export function readMarkdown(input: ReadingInput): FoundDocument {
  const { fields: { title, ...metadata }, body } = splitFrontMatter(decodeText(input.bytes, input.charset));
  const blocks = markdownBlocks(body);
  return { title: title || widestHeading(blocks) || nameOf(input.source), blocks, metadata };
}

/** Longer paragraphs are taken with their signs: marked's time grows with the square of a paragraph's length. */
const LONGEST_INLINE = 10_000;

/** The blocks of a Markdown text. What nests too deeply for the parser is read as plain text. */
export function markdownBlocks(markdown: string): BlockDraft[] {
  try {
    const lexer = new Lexer({ ...withFormulas.defaults, tokenizer: new BoundedTokenizer() });
    const tokens = lexer.blockTokens(markdown, []);
    for (const { src, tokens } of lexer.inlineQueue) {
      if (src.length <= LONGEST_INLINE) lexer.inlineTokens(src, tokens);
      else tokens.push({ type: "text", raw: src, text: src, escaped: false });
    }
    return tokens.flatMap((token) => blocksOf(token));
  } catch (error) {
    if (error instanceof RangeError) return paragraphs(markdown);
    throw error;
  }
}

function blocksOf(token: Token): BlockDraft[] {
  switch (token.type) {
    case "heading":
      return [{ kind: "heading", level: token.depth, text: inlineText(token.tokens ?? []) }];
    case "list":
      return [{ kind: "list", text: listText(token as Tokens.List) }];
    case "table":
      return [{ kind: "table", text: tableText(token as Tokens.Table) }];
    case "code":
      return [{ kind: "code", text: token.text }];
    case "blockquote":
      return (token.tokens ?? []).flatMap(blocksOf).map((block) =>
        block.kind === "paragraph" || block.kind === "heading" ? { kind: "quote", text: block.text } : block
      );
    case "html":
      return htmlBlocks(parseHtml(token.text).$("body").get(0));
    case "space":
    case "hr":
    case "def":
      return [];
    default:
      return [{ kind: "paragraph", text: inlineText([token]) }];
  }
}

/**
 * Formulas between `$`, `$$`, `\(` and `\[`, whose `*`, `_` and `\` are no signs of Markdown. As in Pandoc a single dollar
 * opens before a character and closes after one, and no digit follows: prices are no formulas.
 */
const inlineFormula: TokenizerAndRendererExtension = {
  name: "math",
  level: "inline",
  start: (text) => {
    const place = text.search(/\$|\\[([]/);
    return place < 0 ? undefined : place;
  },
  tokenizer: (text) => {
    const found = /^(?:\$\$[^]+?\$\$|\$(?![\s$])(?:[^$\\]|\\[^])*?[^\s\\$]\$(?!\d)|\\\([^]+?\\\)|\\\[[^]+?\\\])/.exec(
      text,
    );
    return found === null ? undefined : { type: "math", raw: found[0], text: found[0] };
  },
};

const blockFormula: TokenizerAndRendererExtension = {
  name: "mathBlock",
  level: "block",
  tokenizer: (text) => {
    const found = /^(?:\$\$\n[^]{1,4000}?\n\$\$|\\\[\n[^]{1,4000}?\n\\\])[^\S\n]*(?:\n|$)/.exec(text);
    return found === null ? undefined : { type: "mathBlock", raw: found[0], text: found[0].trim() };
  },
};

const withFormulas = new Marked({ extensions: [inlineFormula, blockFormula] });
