/** What an HTML page says to a crawler: its links, its canonical URL, and whether it wants to be kept and followed. */
import { startTags } from "./html_tags.ts";

/** What was found in a page and its headers. URLs are as written, to be resolved against `base`. */
export interface PageHints {
  /** What relative links are relative to. */
  base: string;
  /** Each once, in the order of the page; none of those that are marked nofollow. */
  links: string[];
  canonical?: string;
  noindex: boolean;
  nofollow: boolean;
}

/** Most links of a page that are looked at. */
const MAX_LINKS = 5000;

/**
 * Reads an HTML page.
 *
 * @param url the page's own
 * @param headers of its answer, names in lower case
 * @param productToken the crawler's name: rules may be for it alone
 */
export function pageHints(html: string, url: string, headers: Record<string, string>, productToken: string): PageHints {
  const hints = headerHints(url, headers, productToken);
  const links = new Set<string>();
  const add = (href: string | undefined) => {
    const link = href?.trim() ?? "";
    if (links.size < MAX_LINKS && link !== "" && !link.startsWith("#")) links.add(link);
  };
  let hasBase = false;
  for (const { name, attributes } of startTags(html)) {
    const rel = attributes.get("rel") ?? "";
    const href = attributes.get("href");
    if (name === "base" && href !== undefined && !hasBase) {
      hasBase = true;
      if (URL.canParse(href, url)) hints.base = new URL(href, url).href;
    } else if ((name === "a" || name === "area") && !hasWord(rel, "nofollow")) {
      add(href);
    } else if (name === "link" && hasWord(rel, "canonical")) {
      hints.canonical ??= href?.trim();
    } else if (name === "meta") {
      const content = attributes.get("content") ?? "";
      const about = attributes.get("name")?.trim().toLowerCase();
      if (about === "robots" || about === productToken.toLowerCase()) applyDirectives(hints, content);
      if (attributes.get("http-equiv")?.trim().toLowerCase() === "refresh") {
        add(/^[\d.\s]*[;,]\s*(?:url\s*=\s*)?["']?([^"']+)/i.exec(content.trim())?.[1]);
      }
    }
  }
  hints.links = [...links];
  return hints;
}

function hasWord(text: string, word: string): boolean {
  return text.toLowerCase().split(/\s+/).includes(word);
}

/** What the headers alone say, for documents that are not HTML. */
export function headerHints(url: string, headers: Record<string, string>, productToken: string): PageHints {
  const hints: PageHints = { base: url, links: [], noindex: false, nofollow: false };
  const canonical = /<([^<>]{1,2000})>[^,<]*;\s*rel\s*=\s*"?canonical"?/i.exec(headers.link ?? "")?.[1];
  if (canonical !== undefined) hints.canonical = canonical;
  // "otherbot: noindex, nofollow, kiln: none": a name holds for the directives after it.
  let forUs = true;
  for (const part of (headers["x-robots-tag"] ?? "").split(",")) {
    const [, name, directive] = /^\s*(?:([\w-]+)\s*:)?(.*)$/s.exec(part) ?? [];
    const isDirective = /^(unavailable_after|max-snippet|max-image-preview|max-video-preview)$/i.test(name ?? "");
    if (name !== undefined && !isDirective) forUs = name.toLowerCase() === productToken.toLowerCase();
    if (forUs) applyDirectives(hints, directive ?? "");
  }
  return hints;
}

function applyDirectives(hints: PageHints, directives: string): void {
  for (const directive of directives.toLowerCase().split(",").map((one) => one.trim())) {
    if (directive === "noindex" || directive === "none") hints.noindex = true;
    if (directive === "nofollow" || directive === "none") hints.nofollow = true;
  }
}
