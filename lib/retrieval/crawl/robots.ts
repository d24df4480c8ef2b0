/**
 * robots.txt after RFC 9309, https://www.rfc-editor.org/rfc/rfc9309. The matching is robots-parser's (longest rule wins,
 * allow wins a tie, `*` and `$`); what it does otherwise than the RFC is put right here before it reads the file.
 */
import robotsParserModule from "robots-parser";
import { tidyPercentEncoding } from "./normalize_url.ts";

// Its types call the function `default`; at run time the module is the function.
const robotsParser = robotsParserModule as unknown as typeof robotsParserModule.default;

/** What a robots.txt says to one crawler. */
export interface RobotsRules {
  /** Whether the URL, of the origin that the file belongs to, may be fetched. */
  isAllowed(href: string): boolean;
  /** Why what is not allowed is not. */
  because: string;
  /** Seconds between requests, where the file asks for some. Not in the RFC, but a wish that costs little to respect. */
  crawlDelay?: number;
  /** URLs of sitemaps, as they are written. */
  sitemaps: string[];
}

/** Bytes of a robots.txt that are read; the rest is ignored (RFC 9309, 2.5). */
export const ROBOTS_BYTES = 500 * 1024;
/** A robots.txt is read anew after so many milliseconds (2.4). */
export const ROBOTS_LIFETIME = 24 * 60 * 60 * 1000;

/**
 * Reads a robots.txt.
 *
 * @param text its text, at most {@link ROBOTS_BYTES} bytes of it
 * @param origin such as `https://example.org`
 * @param productToken the crawler's name, such as `Kiln`
 */
export function parseRobots(text: string, origin: string, productToken: string): RobotsRules {
  const address = `${origin}/robots.txt`;
  const rules = robotsParser(address, rulesOnly(text));
  const hints = robotsParser(address, text);
  const crawlDelay = hints.getCrawlDelay(productToken);
  return {
    isAllowed(href) {
      const url = new URL(href);
      // The file itself may always be read (2.2.2).
      if (url.pathname === "/robots.txt") return true;
      return rules.isAllowed(origin + comparable(url.pathname + url.search), productToken) ?? false;
    },
    because: "robots.txt disallows it",
    sitemaps: hints.getSitemaps(),
    ...(crawlDelay !== undefined && crawlDelay >= 0 && { crawlDelay }),
  };
}

/**
 * What holds where there is no file to read: a client error (4xx) allows everything, and a server error or an unreachable
 * server nothing (2.3.1.3, 2.3.1.4). 429 asks for fewer requests and counts as a server error.
 */
export function robotsWithoutFile(status: number | "unreachable"): RobotsRules {
  const allowed = status !== "unreachable" && status >= 400 && status < 500 && status !== 429;
  return {
    isAllowed: (href) => allowed || new URL(href).pathname === "/robots.txt",
    because: `robots.txt cannot be read (${status}), so nothing may be`,
    sitemaps: [],
  };
}

/**
 * Characters of rules with `*` that are matched as they are. Matching such a rule takes its length times the URL's, so a
 * hostile file of 500 KiB would stop the crawler for seconds at each URL. What lies beyond is read the strict way.
 */
const WILDCARD_CHARACTERS = 16 * 1024;

/**
 * Groups and rules alone, in the form in which robots-parser compares as RFC 9309 asks: other records such as Sitemap do
 * not end a group (2.2.4), user agents are product tokens (2.2.1), paths are in one percent-encoding (2.2.2).
 */
function rulesOnly(text: string): string {
  const lines: string[] = [];
  let wildcardCharacters = 0;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const record = /^[\s\uFEFF]*(user-agent|allow|disallow)\s*:([^#]*)/i.exec(line);
    if (record === null) continue;
    const key = record[1].toLowerCase();
    if (key === "user-agent") {
      const token = /^(\*|[a-z_-]+)/i.exec(record[2].trim())?.[1];
      // A group for a name that nobody can have is still a group, and ends the one before.
      lines.push(`User-agent: ${token ?? "unnamed.crawler"}`);
      continue;
    }
    let pattern = comparable(record[2].trim()).replace(/\*{2,}/g, "*");
    if (pattern.includes("*")) {
      wildcardCharacters += pattern.length;
      if (wildcardCharacters > WILDCARD_CHARACTERS) {
        if (key === "allow") continue;
        pattern = pattern.slice(0, pattern.indexOf("*"));
        if (pattern === "") pattern = "/";
      }
    }
    lines.push(`${key === "allow" ? "Allow" : "Disallow"}: ${pattern}`);
  }
  return lines.join("\n");
}

/** A path with query, or a pattern, percent-encoded in one way. In a query, `:` and `/` mean the same encoded or not. */
function comparable(text: string): string {
  const tidy = tidyPercentEncoding(encodeURI(text.toWellFormed()).replace(/%25/g, "%"));
  const query = tidy.indexOf("?");
  if (query < 0) return tidy;
  return tidy.slice(0, query) + tidy.slice(query).replaceAll("%3A", ":").replaceAll("%2F", "/");
}
