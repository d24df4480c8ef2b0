/** As much of Amazon S3 as LanceDB asks for while its files are small, kept in memory and served on loopback. */

/** A running server. */
export interface S3Server {
  /** Such as `http://127.0.0.1:40123`. */
  endpoint: string;
  /** What it holds, by `bucket/key`. */
  objects: Map<string, Uint8Array<ArrayBuffer>>;
  /** Keys that were written on condition that nothing stood there. */
  conditional: string[];
  /** The access keys that requests were signed with. */
  accessKeys: Set<string>;
  close(): Promise<void>;
}

/** Starts a server. */
export function startS3Server(): S3Server {
  const objects: S3Server["objects"] = new Map();
  const conditional: string[] = [];
  const accessKeys = new Set<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname).slice(1).replace(/\/$/, "");
    if (request.headers.has("if-none-match")) conditional.push(path);
    accessKeys.add(/Credential=([^/]+)\//.exec(request.headers.get("authorization") ?? "")?.[1] ?? "none");
    const body = new Uint8Array(await request.arrayBuffer());
    if (request.method === "GET" && url.searchParams.get("list-type") === "2") {
      return list(objects, path, url.searchParams);
    }
    if (request.method === "POST" && url.searchParams.has("delete")) return deleteAll(objects, path, body);
    if (request.method === "GET" || request.method === "HEAD") return read(objects.get(path), request);
    if (request.method === "PUT") return write(objects, path, body, request);
    if (request.method === "DELETE") {
      objects.delete(path);
      return new Response(null, { status: 204 });
    }
    return failure(501, "NotImplemented");
  });
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    objects,
    conditional,
    accessKeys,
    close: () => server.shutdown(),
  };
}

function write(objects: S3Server["objects"], path: string, body: Uint8Array<ArrayBuffer>, request: Request): Response {
  if (new URL(request.url).searchParams.has("uploadId")) return failure(501, "NotImplemented");
  // What makes a commit: the first to write a version's manifest wins.
  if (request.headers.get("if-none-match") === "*" && objects.has(path)) return failure(412, "PreconditionFailed");
  const source = request.headers.get("x-amz-copy-source");
  const copied = source === null ? body : objects.get(decodeURIComponent(source).replace(/^\//, ""));
  if (copied === undefined) return failure(404, "NoSuchKey");
  objects.set(path, copied);
  const text = source === null ? null : `<CopyObjectResult><ETag>"${tagOf(copied)}"</ETag></CopyObjectResult>`;
  return new Response(text, { headers: { etag: `"${tagOf(copied)}"` } });
}

function read(object: Uint8Array<ArrayBuffer> | undefined, request: Request): Response {
  if (object === undefined) return failure(404, "NoSuchKey", request.method === "HEAD");
  const headers = new Headers({
    etag: `"${tagOf(object)}"`,
    "last-modified": new Date(0).toUTCString(),
    "accept-ranges": "bytes",
    "content-type": "application/octet-stream",
  });
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("range") ?? "");
  const start = range === null ? 0 : range[1] === "" ? Math.max(0, object.length - Number(range[2])) : Number(range[1]);
  const end = range === null || range[1] === "" || range[2] === ""
    ? object.length
    : Math.min(object.length, Number(range[2]) + 1);
  headers.set("content-length", String(end - start));
  if (range !== null) headers.set("content-range", `bytes ${start}-${end - 1}/${object.length}`);
  const body = request.method === "HEAD" ? null : object.slice(start, end);
  return new Response(body, { status: range === null ? 200 : 206, headers });
}

function list(objects: S3Server["objects"], bucket: string, asked: URLSearchParams): Response {
  const prefix = asked.get("prefix") ?? "";
  const delimiter = asked.get("delimiter");
  const after = asked.get("start-after") ?? "";
  const contents: string[] = [];
  const folders = new Set<string>();
  for (const [path, object] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = path.slice(bucket.length + 1);
    if (!path.startsWith(`${bucket}/`) || !key.startsWith(prefix) || key <= after) continue;
    const cut = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut >= 0) folders.add(key.slice(0, cut + 1));
    else {
      contents.push(
        `<Contents><Key>${key}</Key><LastModified>${new Date().toISOString()}</LastModified>` +
          `<ETag>"${tagOf(object)}"</ETag><Size>${object.length}</Size></Contents>`,
      );
    }
  }
  const prefixes = [...folders].map((folder) => `<CommonPrefixes><Prefix>${folder}</Prefix></CommonPrefixes>`);
  return xml(
    `<ListBucketResult><Name>${bucket}</Name><Prefix>${prefix}</Prefix><KeyCount>${contents.length}</KeyCount>` +
      `<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>${contents.join("")}${
        prefixes.join("")
      }</ListBucketResult>`,
  );
}

function deleteAll(objects: S3Server["objects"], bucket: string, body: Uint8Array<ArrayBuffer>): Response {
  const keys = [...new TextDecoder().decode(body).matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key);
  for (const key of keys) objects.delete(`${bucket}/${key}`);
  return xml(`<DeleteResult>${keys.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join("")}</DeleteResult>`);
}

function failure(status: number, code: string, isHead = false): Response {
  const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return new Response(isHead ? null : text, { status, headers: { "content-type": "application/xml" } });
}

function xml(text: string): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>${text}`, {
    headers: { "content-type": "application/xml" },
  });
}

/** A tag that changes with the contents. */
function tagOf(object: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of object) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${hash.toString(16)}-${object.length}`;
}
