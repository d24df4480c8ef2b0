/** The site in data/site, served on this machine: something to crawl without a network, and to test manners on. */
import { createHash } from "node:crypto";
import { oddity } from "./sample_oddities.ts";

/** A request that the site got. */
export interface SampleRequest {
  method: string;
  /** With query. */
  path: string;
  status: number;
  /** When it came and when its answer was ready: milliseconds of a steady clock. */
  startedAt: number;
  endedAt: number;
  /** Requests that were under way when it came, itself included. */
  underWay: number;
  headers: Record<string, string>;
}

export interface SampleSiteOptions {
  /** Default: one that is free. */
  port?: number;
  /** Another site, where `/away` leads. Default `https://example.org`. */
  otherOrigin?: string;
  /** Milliseconds until the slow page answers. Default 2000. */
  slowness?: number;
  /** Seconds after which the busy page asks to come back. Default 1. */
  retryAfter?: number;
  /** Instead of the site's own robots.txt: another text, or a status without one. */
  robots?: string | number;
  /** Ends the server. */
  signal?: AbortSignal;
}

/** A served site. */
export interface SampleSite extends AsyncDisposable {
  /** Its front page, such as `http://127.0.0.1:8123/`. */
  url: string;
  origin: string;
  /** What to name in `allowHosts`, such as `127.0.0.1:8123`. */
  host: string;
  /** All requests so far, in the order of their coming. */
  log: SampleRequest[];
  close(): Promise<void>;
}

/** A page that only the sitemap names. */
const UNLINKED = "/archive/keepers-logbook.html";

const MEDIA_TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  pdf: "application/pdf",
};

const PAGES = new URL("../../../data/site/pages/", import.meta.url);

/**
 * Serves the sample site on the loopback interface: about 30 pages of a made-up town's museum, observatory and library, with
 * robots.txt and sitemaps, and a cabinet of oddities behind `/oddities/` for everything that makes crawling hard.
 *
 * @example
 * ```ts
 * await using site = serveSampleSite();
 * for await (const event of crawl({ seeds: [site.url], allowHosts: [site.host], delay: 0 })) { ... }
 * ```
 */
export function serveSampleSite(options: SampleSiteOptions = {}): SampleSite {
  const { port = 0, otherOrigin = "https://example.org", slowness = 2000, retryAfter = 1, robots } = options;
  const log: SampleRequest[] = [];
  const closed = new AbortController();
  let underWay = 0;

  const answer = async (request: Request, url: URL): Promise<Response> => {
    if (url.pathname === "/robots.txt" && robots !== undefined) {
      return typeof robots === "number" ? new Response(null, { status: robots }) : text(robots);
    }
    const visits = log.filter(({ path }) => path === url.pathname + url.search).length - 1;
    const found = await listing(url) ??
      await oddity({ url, visits, plainPage, otherOrigin, slowness, retryAfter, signal: closed.signal }) ??
      await plainFile(request, url);
    return found ?? new Response("There is no such page.", { status: 404, headers: { "content-type": "text/plain" } });
  };

  const server = Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const url = new URL(request.url);
    underWay++;
    const entry: SampleRequest = {
      method: request.method,
      path: url.pathname + url.search,
      status: 0,
      startedAt: performance.now(),
      endedAt: 0,
      underWay,
      headers: Object.fromEntries(request.headers),
    };
    log.push(entry);
    try {
      const response = await answer(request, url);
      // A crawler that keeps cookies would send it back.
      response.headers.set("set-cookie", "visitor=1; Path=/");
      entry.status = response.status;
      return response;
    } finally {
      underWay--;
      entry.endedAt = performance.now();
    }
  });
  const host = `127.0.0.1:${server.addr.port}`;
  const close = async () => {
    closed.abort();
    await server.shutdown();
  };
  options.signal?.addEventListener("abort", () => void close(), { once: true });
  return { url: `http://${host}/`, origin: `http://${host}`, host, log, close, [Symbol.asyncDispose]: close };
}

/** robots.txt and the sitemaps. */
async function listing(url: URL): Promise<Response | undefined> {
  switch (url.pathname) {
    case "/robots.txt":
      return text(
        `# Welcome.\nUser-agent: *\nDisallow: /private/\nAllow: /private/notice.html\nCrawl-delay: 0\n\n` +
          `User-agent: GreedyBot\nDisallow: /\n\nSitemap: ${url.origin}/sitemap.xml\n`,
      );
    case "/sitemap.xml":
      return xml(
        `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` +
          `<sitemap><loc>${url.origin}/sitemap-houses.xml</loc></sitemap>` +
          `<sitemap><loc>${url.origin}/sitemap-archive.xml.gz</loc></sitemap></sitemapindex>`,
      );
    case "/sitemap-houses.xml":
      return xml(
        urlSet(["/museum/", "/observatory/", "/library/", "/private/ledger.html"].map((path) => url.origin + path)),
      );
    case "/sitemap-archive.xml.gz": {
      const stream = new Blob([urlSet([url.origin + UNLINKED])]).stream().pipeThrough(new CompressionStream("gzip"));
      return new Response(await new Response(stream).bytes(), { headers: { "content-type": "application/gzip" } });
    }
  }
  return undefined;
}

function urlSet(urls: readonly string[]): string {
  const entries = urls.map((one) => `<url><loc>${one}</loc><lastmod>2025-01-06</lastmod></url>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${entries.join("")}</urlset>`;
}

async function plainFile(request: Request, url: URL): Promise<Response | undefined> {
  const bytes = await readPage(url.pathname);
  if (bytes === undefined) return undefined;
  const ending = url.pathname.endsWith("/") ? "html" : url.pathname.split(".").at(-1) ?? "";
  const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
  const headers = { etag, "content-type": MEDIA_TYPES[ending] ?? "application/octet-stream" };
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: { etag } });
  return new Response(bytes, { headers });
}

async function plainPage(path: string): Promise<string | undefined> {
  const bytes = await readPage(path);
  return bytes && new TextDecoder().decode(bytes);
}

async function readPage(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // The URL parser has resolved dot segments; nothing else may leave the folder.
  if (!/^\/[\w/.-]*$/.test(path)) return undefined;
  try {
    return await Deno.readFile(new URL(`.${path}${path.endsWith("/") ? "index.html" : ""}`, PAGES));
  } catch {
    return undefined;
  }
}

function text(content: string): Response {
  return new Response(content, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

function xml(content: string): Response {
  return new Response(content, { headers: { "content-type": "application/xml" } });
}
