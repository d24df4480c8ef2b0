import { createHash } from "node:crypto";

/** A file on the fake hub, and how the hub misbehaves over it. */
export interface ServedFile {
  bytes: Uint8Array;
  /** Large files live on another host and have a SHA-256. Default: those named .safetensors or .parquet. */
  isLarge?: boolean;
  /** Tells another SHA-256, etag or size than the file has. */
  sha256?: string;
  etag?: string;
  size?: number;
  /** Breaks the connection after so many bytes of an answer, so many times. */
  cutAfter?: number;
  cuts?: number;
  /** Sends nothing after the first bytes, so many times. */
  stalls?: number;
  /** Answers ranges with the whole file, with 416, or with another range. */
  ranges?: "ignored" | "refused" | "wrong";
}

/** A request that came in. */
export interface Seen {
  host: "hub" | "cdn";
  method: string;
  path: string;
  range: string | null;
  authorization: string | null;
}

/**
 * A small Hugging Face hub on the loopback interface: an API, files behind redirects, and a second host for the large
 * ones.
 */
export interface FakeHub extends AsyncDisposable {
  endpoint: string;
  files: Map<string, ServedFile>;
  seen: Seen[];
  /** Answers everything with this instead, while it is set. */
  answer: (() => Response) | undefined;
  commit: string;
  /** The largest number of file bodies that were on their way at once. */
  mostAtOnce: number;
}

export function fakeHub(repoPath: string, contents: Record<string, ServedFile | Uint8Array | string>): FakeHub {
  const files = new Map(
    Object.entries(contents).map(([path, value]): [string, ServedFile] => [
      path,
      typeof value === "string"
        ? { bytes: new TextEncoder().encode(value) }
        : value instanceof Uint8Array
        ? { bytes: value }
        : value,
    ]),
  );
  const stopped = new AbortController();
  let atOnce = 0;
  const note = (host: Seen["host"], request: Request) => {
    hub.seen.push({
      host,
      method: request.method,
      path: decodeURIComponent(new URL(request.url).pathname),
      range: request.headers.get("range"),
      authorization: request.headers.get("authorization"),
    });
  };
  const cdn = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, (request) => {
    note("cdn", request);
    const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
    return send(files.get(path)!, request, {});
  });

  function send(file: ServedFile, request: Request, headers: Record<string, string>): Response {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    const isRange = request.headers.has("range") && file.ranges !== "ignored";
    if (isRange && file.ranges === "refused") return new Response(null, { status: 416 });
    const start = isRange ? from : 0;
    const rest = file.bytes.subarray(start);
    if (isRange) {
      headers["content-range"] = `bytes ${file.ranges === "wrong" ? 0 : start}-${
        file.bytes.length - 1
      }/${file.bytes.length}`;
    }
    const isCut = (file.cuts ?? 0) > 0 && rest.length > file.cutAfter!;
    const isStalled = (file.stalls ?? 0) > 0;
    if (isCut) file.cuts!--;
    if (isStalled) file.stalls!--;
    // A length that holds is sent only for whole bodies: a body without one ends when the connection does.
    if (isCut) headers["content-length"] = String(rest.length);
    let sent = 0;
    atOnce++;
    hub.mostAtOnce = Math.max(hub.mostAtOnce, atOnce);
    const limit = isCut ? file.cutAfter! : isStalled ? 1 : rest.length;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (sent < limit) {
          const piece = rest.slice(sent, Math.min(limit, sent + 16384));
          sent += piece.length;
          controller.enqueue(piece);
          return;
        }
        if (isStalled) await new Promise((resolve) => stopped.signal.addEventListener("abort", resolve));
        atOnce--;
        if (isCut) controller.error(new Error("cut"));
        else controller.close();
      },
      cancel: () => void atOnce--,
    });
    return new Response(body, { status: isRange ? 206 : 200, headers });
  }

  function handle(request: Request): Response {
    note("hub", request);
    if (hub.answer !== undefined) return hub.answer();
    const path = decodeURIComponent(new URL(request.url).pathname);
    const isDataset = repoPath.startsWith("datasets/");
    if (path.startsWith(`/api/${isDataset ? repoPath : `models/${repoPath}`}/revision/`)) {
      return Response.json({ sha: hub.commit, siblings: [...files.keys()].map((rfilename) => ({ rfilename })) });
    }
    const found = new RegExp(`^/(cached/)?${repoPath}/resolve/(?:main|refs/convert/parquet|${hub.commit})/(.+)$`).exec(
      path,
    );
    const file = files.get(found?.[2] ?? "");
    if (found === null || file === undefined) {
      return new Response(null, {
        status: 404,
        headers: { "x-error-code": found === null ? "RevisionNotFound" : "EntryNotFound" },
      });
    }
    const sha256 = file.sha256 ?? createHash("sha256").update(file.bytes).digest("hex");
    const headers = { "x-repo-commit": hub.commit };
    if (file.isLarge ?? /\.(safetensors|parquet)$/.test(found[2])) {
      const address = cdn.addr as Deno.NetAddr;
      return new Response("elsewhere", {
        status: 302,
        headers: {
          ...headers,
          location: `http://127.0.0.1:${address.port}/${found[2]}`,
          "x-linked-etag": `"${file.etag ?? sha256}"`,
          "x-linked-size": String(file.size ?? file.bytes.length),
        },
      });
    }
    // Small files are one redirect away on the same host, as on the real hub.
    if (found[1] === undefined) {
      return new Response(null, { status: 307, headers: { ...headers, location: `/cached${path}` } });
    }
    const etag = `W/"${file.etag ?? sha256.slice(0, 40)}"`;
    if (request.method === "HEAD") {
      return new Response(null, {
        headers: { ...headers, etag, "content-length": String(file.size ?? file.bytes.length) },
      });
    }
    return send(file, request, { ...headers, etag });
  }
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, handle);

  const hub: FakeHub = {
    endpoint: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`,
    files,
    seen: [],
    answer: undefined,
    commit: "0123456789abcdef0123456789abcdef01234567",
    mostAtOnce: 0,
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await Promise.all([server.shutdown(), cdn.shutdown()]);
    },
  };
  return hub;
}
