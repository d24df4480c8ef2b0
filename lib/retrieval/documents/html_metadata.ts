/** What a page says about itself. */
import type { CheerioAPI } from "cheerio/slim";
import { cleanLine } from "./clean_text.ts";

/** Where pages name these, the most telling place first. */
const PLACES: Record<string, [selector: string, attribute?: string][]> = {
  author: [
    ['meta[name="author" i]', "content"],
    ['meta[name="citation_author" i]', "content"],
    ['meta[name="dc.creator" i]', "content"],
    ['meta[property="article:author"]', "content"],
    ['[itemprop="author"] [itemprop="name"]'],
    ['[rel~="author"]'],
  ],
  published: [
    ['meta[property="article:published_time"]', "content"],
    ['meta[name="citation_publication_date" i]', "content"],
    ['meta[name="dc.date" i]', "content"],
    ['meta[name="date" i]', "content"],
    ['[itemprop="datePublished"]', "content"],
    ['[itemprop="datePublished"]', "datetime"],
    ["article time[datetime]", "datetime"],
  ],
  language: [["html[lang]", "lang"], ['meta[http-equiv="content-language" i]', "content"]],
  description: [['meta[name="description" i]', "content"], ['meta[property="og:description"]', "content"]],
};

/** Author, published, language and description, where the page has them; a URL is no author. */
export function htmlMetadata($: CheerioAPI): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [key, places] of Object.entries(PLACES)) {
    for (const [selector, attribute] of places) {
      const found = $(selector).first();
      const value = (attribute === undefined ? found.text() : found.attr(attribute) ?? "").trim();
      if (value === "" || (key === "author" && /^https?:/.test(value))) continue;
      metadata[key] = value;
      break;
    }
  }
  return metadata;
}

/**
 * The name that a page gives itself, without the site's: `Rabbits | The Animal Site` is `Rabbits` where the page's heading
 * or its `og:site_name` says so.
 */
export function htmlTitle($: CheerioAPI): string {
  const heading = cleanLine($("h1").first().text());
  const site = cleanLine($('meta[property="og:site_name"]').attr("content") ?? "");
  const candidates = [
    $("head title").first().text(),
    $('meta[property="og:title"]').attr("content") ?? "",
    heading,
    $("title").first().text(),
  ];
  const title = candidates.map(cleanLine).find((text) => text !== "") ?? "";
  if (heading !== "" && title.startsWith(heading)) return heading;
  const own = site !== "" && title.endsWith(site) ? title.slice(0, -site.length) : title;
  return own === title ? title : withoutSeparator(own) || title;
}

/** By hand: the same as a regular expression would look at each of many dashes once for every dash. */
function withoutSeparator(title: string): string {
  let end = title.length;
  while (end > 0 && /[\s|\-–—·»:]/.test(title[end - 1])) end--;
  return title.slice(0, end);
}
