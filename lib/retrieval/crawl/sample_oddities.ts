/** The parts of the sample site that are hard to crawl. They are made when they are asked for. */

import type { FailReason, SkipReason } from "./events.ts";

/** What a crawl of the whole site has to say of its oddities, by path. What is not here is delivered, or not asked for. */
export const SAMPLE_ODDITIES: Readonly<Record<string, SkipReason | FailReason>> = {
  "/old-home": "redirect",
  "/chain/3": "redirect",
  "/loop/a": "redirect",
  "/loop/b": "redirects",
  "/corridor/11": "redirects",
  "/away": "other origin",
  "/to-metadata": "unsafe",
  "/private/ledger.html": "robots",
  "/print/museum/tide-clock.html": "canonical",
  "/mirror/museum/net-makers.html": "duplicate",
  "/huge.txt": "too large",
  "/bomb.html": "too large",
  "/seal.png": "content type",
  "/missing.html": "status",
  "/hidden/noindex.html": "noindex",
  "/hidden/tagged.html": "noindex",
};

/** What an oddity needs to know. */
export interface OddityRequest {
  url: URL;
  /** How often this path was asked for before. */
  visits: number;
  /** The page that a path of the plain site shows, as HTML. */
  plainPage: (path: string) => Promise<string | undefined>;
  /** Where `/away` leads. */
  otherOrigin: string;
  /** Milliseconds until `/slow.html` answers. */
  slowness: number;
  /** Seconds after which `/busy.html` asks to come back. */
  retryAfter: number;
  /** Ends with the server. */
  signal: AbortSignal;
}

/** The oddity at a path, if there is one. */
export async function oddity(request: OddityRequest): Promise<Response | undefined> {
  const { url } = request;
  const [, first, ...rest] = url.pathname.split("/");
  switch (first) {
    case "old-home":
      return redirect("/", 301);
    case "chain": {
      const left = Number(rest[0]);
      if (rest[0] === "end") {
        return page("A passage", "The room at the end of the passage has a green stove and 12 chairs.");
      }
      return redirect(left > 1 ? `/chain/${left - 1}` : "/chain/end");
    }
    case "loop":
      return redirect(rest[0] === "a" ? "/loop/b" : "/loop/a", 307);
    case "corridor":
      return redirect(`/corridor/${Number(rest[0]) + 1}`);
    case "away":
      return redirect(`${request.otherOrigin}/`);
    case "to-metadata":
      return redirect("http://169.254.169.254/latest/meta-data/");
    case "private":
      return rest[0] === "notice.html"
        ? page("A notice", "Private means private. This notice alone may be read, on every day but Tuesday.")
        : page("The private ledger", "Nobody may read this.");
    case "print":
    case "mirror": {
      const path = `/${rest.join("/")}`;
      const plain = await request.plainPage(path);
      if (plain === undefined) return undefined;
      // Relative links lead to the originals.
      const canonical = first === "print" ? `<link rel="canonical" href="${path}">` : "";
      return html(plain.replace("</head>", `<base href="${path}">${canonical}</head>`));
    }
    case "calendar":
      return calendar(Number(rest[0]), Number(rest[1]));
    case "search": {
      const number = Number(url.searchParams.get("page") ?? 1);
      const links = [number + 1, number + 2].map((next) =>
        `<a href="/search?q=tide&amp;page=${next}">Page ${next}</a>`
      );
      return page(
        `Search results, page ${number}`,
        `Results ${number}0 to ${number}9 of very many. ${links.join(" ")}`,
      );
    }
    case "hidden":
      return hidden(rest[0]);
    case "slow.html":
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, request.slowness);
        request.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
      });
      return page("A slow page", "This page took its time. It was waiting for the tide, which was 20 minutes late.");
    case "busy.html":
      if (request.visits === 0) {
        return new Response("busy", { status: 503, headers: { "retry-after": String(request.retryAfter) } });
      }
      return page("A busy page", "This page had visitors. There were 17 of them, and all wanted tea.");
    case "huge.txt":
      return new Response(endless("The tide comes in and the tide goes out. ", 64 * MEBIBYTE), {
        headers: { "content-type": "text/plain; charset=utf-8" },
      });
    case "bomb.html":
      bomb ??= new Response(endless(" ", 16 * MEBIBYTE).pipeThrough(new CompressionStream("gzip"))).bytes();
      return new Response(await bomb, { headers: { "content-type": "text/html", "content-encoding": "gzip" } });
    case "seal.png":
      return new Response(Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), { headers: { "content-type": "image/png" } });
  }
  return undefined;
}

const MEBIBYTE = 1024 * 1024;

/** Made once, when it is first asked for. */
let bomb: Promise<Uint8Array<ArrayBuffer>> | undefined;

function hidden(name: string): Response | undefined {
  switch (name) {
    case "noindex.html":
      return html(
        `<html><head><meta name="robots" content="noindex"><title>Untold</title></head>
        <body><h1>Untold</h1><p>This is not to be kept. <a href="/hidden/behind-noindex.html">This is.</a></p></body></html>`,
      );
    case "nofollow.html":
      return html(
        `<html><head><meta name="robots" content="nofollow"><title>Closed doors</title></head>
        <body><h1>Closed doors</h1><p>The 9 doors here stay closed. <a href="/hidden/behind-nofollow.html">Closed.</a></p></body></html>`,
      );
    case "tagged.html": {
      const response = page("Whispered", "This is not to be kept either.");
      response.headers.set("x-robots-tag", "noindex, nofollow");
      return response;
    }
    case "behind-noindex.html":
      return page("Told", "What lies behind the untold room may be told: 8 lamps and a ladder.");
    case "behind-nofollow.html":
      return page("Behind closed doors", "Nobody should come here.");
  }
  return undefined;
}

function calendar(year: number, month: number): Response | undefined {
  if (!Number.isInteger(year) || !(month >= 1 && month <= 12)) return undefined;
  const path = (months: number) => `/calendar/${Math.floor(months / 12)}/${months % 12 + 1}`;
  const now = year * 12 + month - 1;
  return page(
    `Calendar, ${month}/${year}`,
    `Open night on the first Friday of month ${month} of ${year}. <a href="${path(now - 1)}">Before</a> <a href="${
      path(now + 1)
    }">After</a>`,
  );
}

/** Bytes of a text over and over, made as they are read. */
function endless(text: string, bytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const part = new TextEncoder().encode(text.repeat(Math.ceil(65536 / text.length)));
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent >= bytes) return controller.close();
      controller.enqueue(part);
      sent += part.length;
    },
  });
}

function redirect(location: string, status = 302): Response {
  return new Response(null, { status, headers: { location } });
}

function page(title: string, paragraph: string): Response {
  return html(
    `<!DOCTYPE html><html lang="en"><head><title>${title}</title></head>` +
      `<body><main><article><h1>${title}</h1><p>${paragraph}</p></article></main></body></html>`,
  );
}

function html(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/html; charset=utf-8" } });
}
