/** Web pages: the article where there is one, else everything but the frame around it. */
import { isProbablyReaderable, Readability } from "@mozilla/readability";
import type { CheerioAPI } from "cheerio/slim";
import { parseHTML } from "linkedom";
import { htmlBlocks } from "./html_blocks.ts";
import { htmlMetadata, htmlTitle } from "./html_metadata.ts";
import { decodeHtml, parseHtml } from "./parse_html.ts";
import { type FoundDocument, nameOf, type ReadingInput } from "./reading.ts";

/** Readability's time grows faster than a page; larger ones are books and tables rather than articles. */
const MOST_ELEMENTS = 20_000;

/** @throws {ReadingError} when the page has too many elements */
export function readHtml(input: ReadingInput): FoundDocument {
  const { $, elements } = parseHtml(decodeHtml(input.bytes, input.charset));
  const metadata = htmlMetadata($);
  const title = htmlTitle($) || nameOf(input.source);
  $(HIDDEN).remove();
  $(FRAME).remove();
  $("header").not("article header, main header").remove();
  const article = elements <= MOST_ELEMENTS ? findArticle($) : undefined;
  if (article !== undefined && proseLength(article.$) >= SHARE_OF_ARTICLE * proseLength($)) {
    const { author, published, ...more } = metadata;
    return {
      title,
      blocks: htmlBlocks(article.$("body").get(0)),
      metadata: { ...more, author: author ?? article.author, published: published ?? article.published },
    };
  }
  return { title, blocks: htmlBlocks($("body").get(0)), metadata };
}

const HIDDEN = [
  "[hidden]",
  '[aria-hidden="true"]',
  '[style*="display:none" i]',
  '[style*="display: none" i]',
  '[style*="visibility:hidden" i]',
  '[style*="visibility: hidden" i]',
  "template",
  "noscript",
  "style",
  "dialog:not([open])",
].join(",");

const FRAME = 'nav, footer, [role="navigation"], [role="banner"], [role="contentinfo"], [role="search"]';

/** An article with less of the page's running text than this is only a part of what the page has to say. */
const SHARE_OF_ARTICLE = 0.8;

interface Article {
  $: CheerioAPI;
  author: string;
  published: string;
}

function findArticle($: CheerioAPI): Article | undefined {
  // The types of linkedom's windows are those of the machine's own, which has no document.
  const { document } = parseHTML($.html()) as unknown as { document: ConstructorParameters<typeof Readability>[0] };
  if (!isProbablyReaderable(document)) return undefined;
  const article = new Readability(document).parse();
  if (!article?.content) return undefined;
  return {
    $: parseHtml(article.content).$,
    author: article.byline ?? "",
    published: article.publishedTime ?? "",
  };
}

/** Characters of the text outside links, without white space. */
function proseLength($: CheerioAPI): number {
  const length = (text: string) => text.replace(/\s+/g, "").length;
  const body = $("body");
  return length(body.text()) - length(body.find("a").text()) - length(body.find("script").text());
}
