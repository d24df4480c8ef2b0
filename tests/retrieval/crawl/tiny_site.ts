/** A site of a few pages, for one test. */

export interface TinySite extends AsyncDisposable {
  origin: string;
  host: string;
  /** Paths that were asked for. */
  asked: string[];
}

/** Serves pages by path: HTML, or any answer. Everything else is 404. */
export function tinySite(
  pages: Record<string, string | ((request: Request) => Response | Promise<Response>)>,
): TinySite {
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname + search);
    const page = pages[pathname + search];
    if (page === undefined) return new Response("no", { status: 404 });
    return typeof page === "string"
      ? new Response(page, { headers: { "content-type": "text/html" } })
      : await page(request);
  });
  const host = `127.0.0.1:${server.addr.port}`;
  return { origin: `http://${host}`, host, asked, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** A page with a sentence of its own, so that no two say the same. */
export function htmlPage(name: string, links: readonly string[] = [], head = ""): string {
  const list = links.map((link) => `<a href="${link}">${link}</a>`).join(" ");
  return `<html><head><title>${name}</title>${head}</head><body><h1>${name}</h1><p>This page is about ${name}. ${list}</p></body></html>`;
}
