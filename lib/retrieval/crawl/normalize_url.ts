/** One spelling for a page that can be spelled in many ways. */

/** Query parameters that say where a visitor came from and never which page is meant. */
const TRACKING =
  /^(utm_\w+|gclid|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|_ga|_gl)$/i;

/**
 * Writes a URL in one way: no fragment, no default port, host in lower case without trailing dots, no dot segments,
 * percent-encoding only where it is needed and in upper case (RFC 3986, 6.2.2), no empty query.
 *
 * @param options.stripTracking takes parameters such as `utm_source` and `gclid` away. Default true.
 */
export function normalizeUrl(url: URL, options: { stripTracking?: boolean } = {}): string {
  const { stripTracking = true } = options;
  const normal = new URL(url.href);
  normal.hash = "";
  if (!normal.hostname.startsWith("[")) {
    const host = normal.hostname.replace(/\.+$/, "");
    if (host !== "" && host !== normal.hostname) normal.hostname = host;
  }
  // Decoding a dot can make a dot segment, which the URL parser then resolves.
  normal.pathname = tidyPercentEncoding(normal.pathname);
  let query = normal.search.slice(1);
  if (stripTracking) query = query.split("&").filter((part) => !TRACKING.test(part.split("=", 1)[0])).join("&");
  // The setter takes one "?" away, which may be the query's own.
  normal.search = query === "" ? "" : `?${tidyPercentEncoding(query)}`;
  return normal.href;
}

/** Decodes what needs no encoding, and writes the rest in upper case. */
export function tidyPercentEncoding(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(parseInt(encoded.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : encoded.toUpperCase();
  });
}
