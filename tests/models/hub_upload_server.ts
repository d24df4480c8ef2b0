import { commit, type CommittedFile, type FakeRepo, fakeRepo, filesAt, oidOf, sha1, sha256 } from "./hub_repos.ts";
import { check, isLarge, isPath, type Json, json, Refused, type Step, stepOf } from "./hub_steps.ts";
import { type TcpDoor, tcpDoor } from "./tcp_door.ts";

/** Answers a step otherwise, so many times: with a status, or by doing it and losing the answer. */
export interface Fault {
  step: Step;
  times: number;
  status: number | "lost";
  headers?: Record<string, string>;
  body?: string;
}

/** A hub that repositories can be uploaded to and downloaded from. It refuses whatever is not as the protocol has it. */
export interface UploadHub extends AsyncDisposable {
  endpoint: string;
  /** By `models/owner/name`. */
  repos: Map<string, FakeRepo>;
  faults: Fault[];
  /** Steps that came in, with the bytes that were put. */
  seen: { step: Step; bytes: number; at: number }[];
  /** What a client did wrong. */
  problems: string[];
  /** In front of the storage. */
  door: TcpDoor;
  /** Files from so many bytes on are large, and larger objects come in parts of `partBytes`. */
  partBytes: number;
  /** Called when a commit has come and before it is looked at. */
  beforeCommit: ((repo: FakeRepo) => void) | undefined;
}

/** The token that may write to what belongs to `Kiln`, and one that may only read. */
export const WRITE_TOKEN = "hf_writes";
export const READ_TOKEN = "hf_reads";

export function uploadHub(): UploadHub {
  /** Signed addresses by their signature. */
  const links = new Map<string, { repo: FakeRepo; oid: string; size: number; upload: string }>();
  const parts = new Map<string, Map<number, { bytes: Uint8Array<ArrayBuffer>; etag: string }>>();

  const guarded = (host: "hub" | "storage") => async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const bytes = new Uint8Array(await request.arrayBuffer());
    const step = stepOf(host, request.method, url);
    hub.seen.push({ step: step ?? "info", bytes: bytes.length, at: performance.now() });
    const fault = hub.faults.find((each) => each.step === step && each.times > 0);
    if (fault !== undefined) fault.times--;
    if (fault !== undefined && fault.status !== "lost") {
      return new Response(fault.body ?? null, { status: fault.status, headers: fault.headers });
    }
    try {
      if (step === undefined) throw new Refused(404, `${request.method} ${url.pathname} is not known here`);
      const response = await (host === "hub" ? answer : store)(step, request, url, bytes);
      if (fault === undefined) return response;
      const broken = new ReadableStream({ start: (controller) => controller.error(new Error("lost")) });
      return new Response(broken, { headers: { "content-length": "100" } });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 400) hub.problems.push(`${step}: ${error.words}`);
      const headers: Record<string, string> = { "x-error-message": error.words };
      if (error.code !== undefined) headers["x-error-code"] = error.code;
      return Response.json({ error: error.words }, { status: error.status, headers });
    }
  };

  function answer(step: Step, request: Request, url: URL, bytes: Uint8Array<ArrayBuffer>): Response {
    const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token !== undefined && token !== WRITE_TOKEN && token !== READ_TOKEN) {
      throw new Refused(401, "Invalid credentials in Authorization header");
    }
    const path = decodeURIComponent(url.pathname);
    if (step === "create") return create(token, json(bytes));
    if (step === "validate") return validate(json(bytes));
    if (step === "complete") return complete(url, json(bytes));
    const api = /^\/api\/((?:models|datasets)\/[^/]+\/[^/]+)\/\w+\/(.+)$/.exec(path);
    const git = /^\/(datasets\/)?([^/]+\/[^/]+?)(?:\.git\/|\/resolve\/(.+)$)/.exec(path);
    const repo = hub.repos.get(api?.[1] ?? `${git?.[1] ?? "models/"}${git?.[2]}`);
    if (repo === undefined || (repo.private && token === undefined)) {
      throw new Refused(token === undefined ? 401 : 404, "Repository not found", "RepoNotFound");
    }
    const revision = api?.[2] ?? "";
    if (step === "info") {
      const files = filesAt(repo, revision);
      if (files === undefined) throw new Refused(404, "Invalid rev id", "RevisionNotFound");
      const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
      const sha = repo.refs.get(revision) ?? revision;
      return Response.json({ id: repo.name, sha, private: repo.private, siblings });
    }
    if (step === "resolve") return resolve(repo, git![3]);
    if (token !== WRITE_TOKEN || !repo.name.startsWith("Kiln/")) throw new Refused(403, "You have no write access");
    if (step === "branch") {
      if (repo.refs.has(revision)) throw new Refused(409, "It exists");
      repo.refs.set(revision, repo.refs.get("main")!);
      return Response.json({});
    }
    if (step === "batch") return batch(repo, json(bytes), request);
    if (step === "verify") return verify(repo, json(bytes));
    if (!repo.refs.has(revision)) throw new Refused(404, "Invalid rev id", "RevisionNotFound");
    return step === "preupload" ? preupload(repo, revision, json(bytes)) : commitTo(repo, revision, request, bytes);
  }

  function create(
    token: string | undefined,
    { name, organization, type = "model", visibility, ...others }: Json,
  ): Response {
    check(Object.keys(others).length === 0, `nobody knows ${Object.keys(others)}`);
    if (type !== "model" && type !== "dataset") throw new Refused(400, "the type");
    check(/^[\w.-]+$/.test(String(name)), "the name");
    if (token !== WRITE_TOKEN || organization !== "Kiln") throw new Refused(403, "You cannot make repositories there");
    const key = `${type}s/${organization}/${name}`;
    if (hub.repos.has(key)) throw new Refused(409, "You already created this model repo");
    hub.repos.set(key, fakeRepo(type, `${organization}/${name}`, visibility === "private"));
    return Response.json({ url: `${hub.endpoint}/${organization}/${name}` });
  }

  /** The head of a model card: only what these tests need of it. */
  function validate({ content, repoType }: Json): Response {
    check(repoType === "model" || repoType === "dataset", "repoType");
    const base = /^base_model: *"?([^"\n]*)"?$/m.exec(String(content).split("---")[1] ?? "")?.[1];
    if (base === undefined || /^[\w-]+\/[\w.-]+$/.test(base)) return Response.json({ errors: [], warnings: [] });
    const message = `"base_model" with value "${base}" is not valid. Use a model id from https://hf.co/models.`;
    return Response.json({ errors: [{ message }], warnings: [] }, { status: 400 });
  }

  function preupload(repo: FakeRepo, revision: string, { files }: Json): Response {
    check(Array.isArray(files) && files.length > 0 && files.length <= 256, "files");
    const there = filesAt(repo, revision)!;
    const ignored = new TextDecoder().decode(there.get(".gitignore")?.bytes ?? new Uint8Array()).split("\n");
    return Response.json({
      files: (files as Json[]).map(({ path, size, sample }) => {
        check(isPath(path) && Number.isInteger(size), "path and size");
        check(atob(String(sample)).length === Math.min(512, Number(size)), `the sample of ${path}`);
        const old = there.get(String(path));
        return {
          path,
          uploadMode: isLarge(String(path), Number(size)) ? "lfs" : "regular",
          shouldIgnore: ignored.includes(String(path)),
          oid: old === undefined ? null : oidOf(old),
        };
      }),
    });
  }

  function batch(repo: FakeRepo, { operation, transfers, hash_algo, objects, ref }: Json, request: Request): Response {
    const isLfs = ["accept", "content-type"].every((name) =>
      request.headers.get(name)?.startsWith("application/vnd.git-lfs+json")
    );
    check(isLfs && operation === "upload" && /^sha_?256$/.test(String(hash_algo)) && ref !== undefined, "an LFS batch");
    check(
      Array.isArray(transfers) && transfers.includes("multipart") && Array.isArray(objects),
      "transfers and objects",
    );
    return Response.json({
      transfer: "multipart",
      objects: (objects as Json[]).map((object) => {
        const { oid, size } = object as { oid: string; size: number };
        check(/^[0-9a-f]{64}$/.test(oid) && size > 0, "oid and size");
        if (repo.objects.has(oid) && repo.verified.has(oid)) return { oid, size };
        const upload = crypto.randomUUID();
        const sign = (part: number) => {
          const signature = sha1(`${upload} ${part}`);
          links.set(signature, { repo, oid, size, upload });
          return `http://127.0.0.1:${hub.door.port}/${oid}?partNumber=${part}&signature=${signature}`;
        };
        const count = Math.ceil(size / hub.partBytes);
        parts.set(upload, new Map());
        const header = Object.fromEntries(
          Array.from({ length: count }, (_, at) => [String(at + 1).padStart(5, "0"), sign(at + 1)]),
        );
        const verifyUrl = `${hub.endpoint}/${
          repo.type === "dataset" ? "datasets/" : ""
        }${repo.name}.git/info/lfs/verify`;
        const actions = count === 1 ? { upload: { href: sign(1) }, verify: { href: verifyUrl } } : {
          upload: {
            href: `${hub.endpoint}/api/complete_multipart?upload=${upload}&signature=${sha1(upload)}`,
            header: { chunk_size: String(hub.partBytes), ...header },
          },
          verify: { href: verifyUrl },
        };
        return { oid, size, authenticated: true, actions };
      }),
    });
  }

  /** The storage: knows signatures, and neither tokens nor what a file should be. */
  function store(step: Step, request: Request, url: URL, bytes: Uint8Array<ArrayBuffer>): Response {
    if (request.method === "GET") {
      const found = [...hub.repos.values()].map(({ objects }) => objects.get(url.pathname.slice(1))).find(Boolean);
      return found === undefined ? new Response(null, { status: 404 }) : new Response(found);
    }
    check(step === "put" && !request.headers.has("authorization"), "the token came to the storage");
    check(request.headers.get("content-length") === String(bytes.length), "a body without its length");
    const link = links.get(url.searchParams.get("signature") ?? "");
    if (link === undefined) throw new Refused(403, "Request has expired");
    const part = Number(url.searchParams.get("partNumber"));
    check(bytes.length === Math.min(hub.partBytes, link.size - (part - 1) * hub.partBytes), `the size of part ${part}`);
    const etag = `"${sha256(bytes).slice(0, 32)}"`;
    if (link.size <= hub.partBytes) link.repo.objects.set(link.oid, bytes);
    else parts.get(link.upload)!.set(part, { bytes, etag });
    return new Response(null, { headers: { etag } });
  }

  function complete(url: URL, { oid, parts: told }: Json): Response {
    const upload = url.searchParams.get("upload") ?? "";
    const link = [...links.values()].find((each) => each.upload === upload);
    if (link === undefined || url.searchParams.get("signature") !== sha1(upload)) throw new Refused(403, "expired");
    const came = parts.get(upload)!;
    check(link.oid === oid && Array.isArray(told) && told.length === Math.ceil(link.size / hub.partBytes), "parts");
    const pieces = (told as Json[]).map(({ partNumber, etag }, at) => {
      const piece = came.get(at + 1);
      check(partNumber === at + 1 && piece?.etag === etag, `part ${at + 1}`);
      return piece!.bytes;
    });
    link.repo.objects.set(link.oid, new Uint8Array(pieces.flatMap((piece) => [...piece])));
    return Response.json({});
  }

  function verify(repo: FakeRepo, { oid, size }: Json): Response {
    const object = repo.objects.get(String(oid));
    if (object === undefined || object.length !== size || sha256(object) !== oid) {
      throw new Refused(422, "It is not that");
    }
    repo.verified.add(String(oid));
    return Response.json({});
  }

  function commitTo(repo: FakeRepo, revision: string, request: Request, bytes: Uint8Array<ArrayBuffer>): Response {
    check(request.headers.get("content-type") === "application/x-ndjson", "the type of a commit");
    hub.beforeCommit?.(repo);
    const lines = new TextDecoder().decode(bytes).trimEnd().split("\n").map((line) => JSON.parse(line) as Json);
    const [{ key, value: header }, ...operations] = lines as { key: string; value: Json }[];
    check(key === "header" && String(header.summary) !== "" && operations.length > 0, "a header and then files");
    if (header.parentCommit !== undefined && header.parentCommit !== repo.refs.get(revision)) {
      throw new Refused(412, "A commit has happened since. Please refresh and try again.");
    }
    const changes = new Map<string, CommittedFile>();
    for (const { key, value } of operations) {
      check(isPath(value.path) && !changes.has(String(value.path)), `the path ${value.path}`);
      changes.set(String(value.path), key === "lfsFile" ? largeFile(repo, value) : smallFile(key, value));
    }
    const sha = commit(repo, revision, String(header.summary), changes);
    return Response.json({ success: true, commitOid: sha, commitUrl: `${hub.endpoint}/${repo.name}/commit/${sha}` });
  }

  function largeFile(repo: FakeRepo, { oid, size, algo }: Json): CommittedFile {
    const object = repo.objects.get(String(oid));
    check(algo === "sha256" && object?.length === size && repo.verified.has(String(oid)), `the object ${oid}`);
    return { bytes: object!, isLarge: true };
  }

  function smallFile(key: string, { path, content, encoding }: Json): CommittedFile {
    check(key === "file" && encoding === "base64", `the operation ${key}`);
    const bytes = Uint8Array.from(atob(String(content)), (character) => character.charCodeAt(0));
    check(!isLarge(String(path), bytes.length) || bytes.length === 0, `${path} belongs into the storage`);
    return { bytes, isLarge: false };
  }

  function resolve(repo: FakeRepo, rest: string): Response {
    const revision = [...repo.refs.keys(), ...repo.commits.keys()].find((each) => rest.startsWith(`${each}/`));
    if (revision === undefined) throw new Refused(404, "Invalid rev id", "RevisionNotFound");
    const file = filesAt(repo, revision)!.get(rest.slice(revision.length + 1));
    if (file === undefined) throw new Refused(404, "Entry not found", "EntryNotFound");
    const headers = { "x-repo-commit": repo.refs.get(revision) ?? revision, etag: `"${oidOf(file)}"` };
    if (!file.isLarge) return new Response(file.bytes, { headers });
    return new Response(null, {
      status: 302,
      headers: {
        ...headers,
        location: `http://127.0.0.1:${hub.door.port}/${oidOf(file)}`,
        "x-linked-etag": headers.etag,
        "x-linked-size": String(file.bytes.length),
      },
    });
  }

  const serve = (handler: (request: Request) => Promise<Response>) =>
    Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {}, onError: () => new Response(null, { status: 500 }) },
      handler,
    );
  const servers = [serve(guarded("hub")), serve(guarded("storage"))];
  const hub: UploadHub = {
    endpoint: `http://127.0.0.1:${servers[0].addr.port}`,
    repos: new Map(),
    faults: [],
    seen: [],
    problems: [],
    door: tcpDoor(servers[1].addr.port),
    partBytes: 64_000,
    beforeCommit: undefined,
    async [Symbol.asyncDispose]() {
      await hub.door[Symbol.asyncDispose]();
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
  return hub;
}
