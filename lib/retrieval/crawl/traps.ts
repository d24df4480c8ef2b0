/** Endless sites: calendars that go on for ever, paths that repeat themselves, filters that combine without end. */

export interface TrapOptions {
  /** Pages of one pattern, such as `/calendar/#/#` for all months of all years. Default 200. */
  maxPagesPerPattern?: number;
  /** Queries of one path: `/list?page=1`, `/list?page=2` ... Default 50. */
  maxQueriesPerPath?: number;
  /** Segments of a path. Default 16. */
  maxPathSegments?: number;
  /** How often one segment may stand in a path: `/a/b/a/b/a/b` is what a wrong relative link makes. Default 3. */
  maxSegmentRepeats?: number;
}

/** Counts the URLs of a crawl and says which are too many. */
export class TrapGuard {
  readonly #limits: Required<TrapOptions>;
  readonly #patterns = new Map<string, number>();
  readonly #queries = new Map<string, number>();

  constructor(options: TrapOptions = {}) {
    this.#limits = {
      maxPagesPerPattern: options.maxPagesPerPattern ?? 200,
      maxQueriesPerPath: options.maxQueriesPerPath ?? 50,
      maxPathSegments: options.maxPathSegments ?? 16,
      maxSegmentRepeats: options.maxSegmentRepeats ?? 3,
    };
  }

  /** Why a URL that was not seen before looks like a trap, or undefined, and then it is counted. */
  admit(href: string): string | undefined {
    const url = new URL(href);
    const segments = url.pathname.split("/").filter((segment) => segment !== "");
    const { maxPagesPerPattern, maxQueriesPerPath, maxPathSegments, maxSegmentRepeats } = this.#limits;
    if (segments.length > maxPathSegments) return `its path has more than ${maxPathSegments} segments`;
    const repeated = segments.find((one) => segments.filter((other) => other === one).length > maxSegmentRepeats);
    if (repeated !== undefined) return `its path repeats "${repeated}" more than ${maxSegmentRepeats} times`;
    const pattern = patternOf(url);
    const path = url.origin + url.pathname;
    const ofPattern = this.#patterns.get(pattern) ?? 0;
    const ofPath = this.#queries.get(path) ?? 0;
    if (pattern.includes("#") && ofPattern >= maxPagesPerPattern) {
      return `there are already ${maxPagesPerPattern} pages like ${pattern}`;
    }
    if (url.search !== "" && ofPath >= maxQueriesPerPath) {
      return `there are already ${maxQueriesPerPath} queries of ${path}`;
    }
    this.#patterns.set(pattern, ofPattern + 1);
    if (url.search !== "") this.#queries.set(path, ofPath + 1);
    return undefined;
  }
}

/** The path with `#` for what counts up: numbers, dates, and long hexadecimal names. */
function patternOf(url: URL): string {
  const path = url.pathname.split("/").map((segment) =>
    /^[0-9a-f-]{16,}$/i.test(segment) ? "#" : segment.replace(/\d+/g, "#")
  );
  return url.origin + path.join("/");
}
