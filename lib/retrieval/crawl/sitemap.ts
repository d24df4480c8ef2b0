/** Sitemaps, https://www.sitemaps.org/protocol.html: lists of a site's pages, or of other lists. */
import { decodeXML } from "entities";

/** Most URLs of a sitemap, as its protocol says. */
export const SITEMAP_URLS = 50_000;
/** Most bytes of a sitemap, decompressed. The protocol allows 50 MiB; the crawler, which reads one at a time in memory, less. */
export const SITEMAP_BYTES = 10 * 1024 * 1024;

/** What a sitemap lists. */
export interface Sitemap {
  pages: string[];
  /** Other sitemaps. */
  sitemaps: string[];
}

/**
 * Reads a sitemap: XML (`urlset` or `sitemapindex`), or a text with a URL a line; compressed or not.
 *
 * @param maxBytes of the decompressed text: what lies beyond is ignored
 */
export async function readSitemap(bytes: Uint8Array<ArrayBuffer>, maxBytes = SITEMAP_BYTES): Promise<Sitemap> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = new TextDecoder().decode(isGzip ? await gunzipUpTo(bytes, maxBytes) : bytes.subarray(0, maxBytes));
  if (!/<\s*(\w+:)?(urlset|sitemapindex)\b/i.test(text.slice(0, 10_000))) {
    const lines = text.split(/\r\n|\r|\n/, SITEMAP_URLS).map((line) => line.trim());
    return { pages: lines.filter((line) => /^https?:\/\//i.test(line)), sitemaps: [] };
  }
  const isIndex = /<\s*(\w+:)?sitemapindex\b/i.test(text.slice(0, 10_000));
  const locations: string[] = [];
  for (const [, prefix = "", location] of text.matchAll(LOCATION)) {
    if (locations.length === SITEMAP_URLS) break;
    // Pictures and videos of a page have locations too.
    if (!/^(image|video|news):$/i.test(prefix)) locations.push(decodeXML(location).trim());
  }
  return isIndex ? { pages: [], sitemaps: locations } : { pages: locations, sitemaps: [] };
}

const LOCATION = /<([\w-]+:)?loc\s*>\s*(?:<!\[CDATA\[)?([^<\]]{1,4000})/gi;

const GZIP_STEP = 16 * 1024;

/** Decompresses at most so many bytes, in small steps: a compressed megabyte can hold a gigabyte. */
async function gunzipUpTo(bytes: Uint8Array<ArrayBuffer>, maxBytes: number): Promise<Uint8Array> {
  let offset = 0;
  const compressed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(offset, offset += GZIP_STEP));
    },
  });
  const reader = compressed.pipeThrough(new DecompressionStream("gzip")).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    while (length < maxBytes) {
      const { value, done } = await reader.read();
      if (done) break;
      chunks.push(value);
      length += value.length;
    }
  } catch {
    // Cut off or damaged: what came out so far is whole lines but for the last.
  }
  await reader.cancel().catch(() => {});
  const text = new Uint8Array(Math.min(length, maxBytes));
  let end = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, text.length - end);
    text.set(part, end);
    end += part.length;
  }
  return text;
}
