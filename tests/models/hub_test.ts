import assert from "node:assert/strict";
import { DiskFullError } from "../../lib/files/mod.ts";
import { downloadFile, type DownloadProgress, HubError, type HubOptions, resolveModel } from "../../lib/models/hub.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { type FakeHub, fakeHub, type ServedFile } from "./hub_server.ts";

const name = "Kiln/tiny-chat";

/** Bytes without a pattern, so that a piece at the wrong place is noticed. */
function noise(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, () => (seed = (seed * 48271) % 2147483647) & 255);
}

const weights = noise(200_000);

const model = (changes: Record<string, ServedFile | Uint8Array | string> = {}) => ({
  "config.json": '{"model_type":"qwen2"}',
  "tokenizer.json": "{}",
  "model.safetensors": weights,
  "README.md": "# not needed",
  "pytorch_model.bin": "not needed",
  "onnx/model.onnx": "not needed",
  ...changes,
});

/** Runs with a fake hub and an empty cache. */
function withHub(
  files: Record<string, ServedFile | Uint8Array | string>,
  run: (hub: FakeHub, options: HubOptions & { cacheFolder: string }) => Promise<void>,
  repoPath = name,
): () => Promise<void> {
  return async () => {
    const cacheFolder = await Deno.makeTempDir();
    try {
      await using hub = fakeHub(repoPath, files);
      await run(hub, {
        cacheFolder,
        endpoint: hub.endpoint,
        token: "secret",
        patience: { attempts: 3, firstDelayMs: 1, stallMs: 5000 },
      });
    } finally {
      await Deno.remove(cacheFolder, { recursive: true });
    }
  };
}

const once = (options: HubOptions): HubOptions => ({ ...options, patience: { attempts: 1, stallMs: 5000 } });

/** Checks that a promise is rejected with a HubError of this kind. */
async function fails(promise: Promise<unknown>, kind: HubError["kind"], message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof HubError, String(error));
    assert.match(error.message, message);
    assert.equal(error.kind, kind, error.message);
    return true;
  });
}

/** All files under a folder but locks and records. */
function filesUnder(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    name === "refs" || name === ".lock" ? [] : isDirectory ? filesUnder(`${folder}/${name}`) : [name]
  ).sort();
}

Deno.test(
  "resolveModel() downloads the files that are read, tells its progress, and needs the hub only once",
  withHub(model(), async (hub, options) => {
    const told: DownloadProgress[] = [];
    const folder = await resolveModel(name, { ...options, onProgress: (progress) => told.push(progress) });
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
    assert.deepEqual(await Deno.readFile(`${folder}/model.safetensors`), weights);
    assert.ok(told.every(({ bytes }, i) => i === 0 || bytes >= told[i - 1].bytes));
    const { bytes, totalBytes } = told.at(-1)!;
    assert.deepEqual([bytes, totalBytes], [200_024, 200_024]);
    // The token is for the hub, not for the host that holds the large files.
    assert.ok(hub.seen.every(({ host, authorization }) => authorization === (host === "hub" ? "Bearer secret" : null)));
    assert.ok(hub.seen.some(({ host }) => host === "cdn"));

    const before = hub.seen.length;
    assert.equal(await resolveModel(name, { ...options, onProgress: () => assert.fail() }), folder);
    assert.equal(hub.seen.length, before);
    await Deno.remove(`${folder}/config.json`);
    await resolveModel(name, options);
    assert.equal(await Deno.readTextFile(`${folder}/config.json`), '{"model_type":"qwen2"}');
    assert.equal(hub.seen.filter(({ host }) => host === "cdn").length, 1);
  }),
);

Deno.test(
  "resolveModel() with refresh fetches a new commit, and keeps the old one when nothing changed",
  withHub(model(), async (hub, options) => {
    const first = await resolveModel(name, options);
    assert.equal(await resolveModel(name, { ...options, refresh: true }), first);
    hub.commit = "f".repeat(40);
    hub.files.get("config.json")!.bytes = new TextEncoder().encode("{}");
    assert.equal(await resolveModel(name, options), first);
    const second = await resolveModel(name, { ...options, refresh: true });
    assert.notEqual(second, first);
    assert.equal(await Deno.readTextFile(`${second}/config.json`), "{}");
    assert.equal(await resolveModel(name, options), second);
  }),
);

Deno.test(
  "resolveModel() takes the shards of a large model, two at a time, and not its other copies",
  withHub(
    {
      "config.json": "{}",
      "model.safetensors.index.json": "{}",
      "model-00001-of-00003.safetensors": noise(90_000, 2),
      "model-00002-of-00003.safetensors": noise(90_000, 3),
      "model-00003-of-00003.safetensors": noise(90_000, 4),
      "consolidated.safetensors": "not needed",
      "original/model.safetensors": "not needed",
    },
    async (hub, options) => {
      const folder = await resolveModel(name, options);
      assert.deepEqual(filesUnder(folder), [
        "config.json",
        "model-00001-of-00003.safetensors",
        "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors",
        "model.safetensors.index.json",
      ]);
      assert.equal(hub.mostAtOnce, 2);
    },
  ),
);

Deno.test("resolveModel() gives a local folder back, and tells a name from a path", async () => {
  const folder = await Deno.makeTempDir();
  assert.equal(await resolveModel(folder), folder);
  await Deno.remove(folder);
  for (const path of [folder, "./models/mine", "../x", "a/b/c", "", "a//b", "...", "a\\b"]) {
    await fails(resolveModel(path), "notFound", /There is no folder .*, and it is not a name on the hub/);
  }
});

Deno.test(
  "a download goes on after cut connections, from the byte it had reached",
  withHub(model({ "model.safetensors": { bytes: weights, cutAfter: 50_000, cuts: 3 } }), async (hub, options) => {
    const folder = await resolveModel(name, options);
    assert.deepEqual(await Deno.readFile(`${folder}/model.safetensors`), weights);
    const ranges = hub.seen.filter(({ host }) => host === "cdn").map(({ range }) =>
      Number(/\d+/.exec(range ?? "0")![0])
    );
    assert.equal(ranges.length, 4);
    assert.equal(ranges[0], 0);
    assert.ok(ranges.every((from, i) => i === 0 || (from > ranges[i - 1] && from <= i * 50_000)), ranges.join());
  }),
);

Deno.test(
  "a later run goes on where one was cut off, unless the file has changed",
  withHub(model({ "model.safetensors": { bytes: weights, cutAfter: 120_000, cuts: 1 } }), async (hub, options) => {
    await fails(
      resolveModel(name, once(options)),
      "network",
      /Could not fetch model Kiln\/tiny-chat from .* goes on from there/,
    );
    const left = filesUnder(options.cacheFolder);
    assert.ok(left.some((name) => name.endsWith(".partial")) && !left.includes("model.safetensors"), left.join());
    const folder = await resolveModel(name, options);
    assert.deepEqual(await Deno.readFile(`${folder}/model.safetensors`), weights);
    assert.match(hub.seen.at(-1)!.range ?? "", /^bytes=[1-9]\d*-$/);
    assert.deepEqual(filesUnder(options.cacheFolder), ["config.json", "model.safetensors", "tokenizer.json"]);

    // The same, but the file changes in between.
    const other = { ...options, cacheFolder: `${options.cacheFolder}/second` };
    const file = hub.files.get("model.safetensors")!;
    file.cuts = 1;
    await fails(resolveModel(name, once(other)), "network", /Could not fetch/);
    file.bytes = noise(200_000, 99);
    const changed = await resolveModel(name, other);
    assert.equal(hub.seen.at(-1)!.range, null);
    assert.deepEqual(await Deno.readFile(`${changed}/model.safetensors`), file.bytes);
    assert.deepEqual(filesUnder(other.cacheFolder), ["config.json", "model.safetensors", "tokenizer.json"]);
  }),
);

for (const ranges of ["ignored", "refused", "wrong"] as const) {
  Deno.test(
    `a download begins anew when ranges are ${ranges}`,
    withHub(
      model({ "model.safetensors": { bytes: weights, cutAfter: 120_000, cuts: 1, ranges } }),
      async (_hub, options) => {
        const folder = await resolveModel(name, options);
        assert.deepEqual(await Deno.readFile(`${folder}/model.safetensors`), weights);
      },
    ),
  );
}

Deno.test(
  "a download gives up when the connection is cut again and again at the same place",
  withHub(
    model({ "model.safetensors": { bytes: weights, cutAfter: 1000, cuts: 1e9, ranges: "ignored" } }),
    async (hub, options) => {
      await fails(resolveModel(name, options), "network", /Could not fetch/);
      assert.ok(hub.seen.filter(({ host }) => host === "cdn").length <= 4);
    },
  ),
);

Deno.test(
  "a silent connection is given up and tried again",
  withHub(model({ "model.safetensors": { bytes: weights, stalls: 1 } }), async (hub, options) => {
    const patience = { attempts: 3, firstDelayMs: 1, stallMs: 250 };
    const folder = await resolveModel(name, { ...options, patience });
    assert.deepEqual(await Deno.readFile(`${folder}/model.safetensors`), weights);
    hub.files.get("model.safetensors")!.stalls = 9;
    const cacheFolder = `${options.cacheFolder}/second`;
    await fails(
      resolveModel(name, { ...options, cacheFolder, patience: { ...patience, attempts: 1 } }),
      "network",
      /nothing came for 0\.25 s/,
    );
  }),
);

Deno.test("a file that is not what was announced is refused and not kept", async () => {
  for (
    const [file, message] of [
      [
        { bytes: weights, sha256: "0".repeat(64) },
        /came damaged: it has SHA-256 [0-9a-f]{64}, the hub announced 0{64}/,
      ],
      [{ bytes: weights, size: 199_000, etag: "x" }, /came damaged: it has more than 199000 bytes/],
      [
        { bytes: weights, size: 201_000, etag: "x" },
        /ended after 200000 of 201000 bytes|cannot be continued at byte 200000/,
      ],
    ] as const
  ) {
    await withHub(model({ "model.safetensors": file }), async (_hub, options) => {
      await assert.rejects(resolveModel(name, options), (error) => {
        assert.ok(error instanceof HubError, String(error));
        assert.match(error.message, message);
        return true;
      });
      assert.ok(!filesUnder(options.cacheFolder).includes("model.safetensors"));
    })();
  }
});

Deno.test(
  "refusals of the hub say what to do",
  withHub(model(), async (hub, options) => {
    const error = (status: number, code?: string) => () =>
      new Response("", {
        status,
        headers: code === undefined ? {} : { "x-error-code": code, "x-error-message": "Words." },
      });
    for (
      const [answer, kind, message] of [
        [
          error(403, "GatedRepo"),
          "denied",
          /model Kiln\/tiny-chat is gated: .*Open http:\/\/127.*\/Kiln\/tiny-chat, accept the terms.*HF_TOKEN.*not enough\. The hub says: Words\./,
        ],
        [error(401, "GatedRepo"), "denied", /is gated/],
        [error(403), "denied", /is gated/],
        [
          error(401, "RepoNotFound"),
          "denied",
          /There is no model Kiln\/tiny-chat on .*, or it is private\. Check the name/,
        ],
        [error(404, "RepoNotFound"), "notFound", /There is no model Kiln\/tiny-chat on .*, or it is private/],
        [error(404, "RevisionNotFound"), "notFound", /There is no revision main of model Kiln\/tiny-chat/],
        [error(404), "notFound", /There is no model Kiln\/tiny-chat at revision main/],
        [error(418), "protocol", /answers 418/],
        [error(500), "network", /answers 500/],
        [error(429), "network", /answers 429 .*asked too often/],
        [() => new Response("<html>"), "protocol", /does not answer with the list/],
        [() => Response.json({ sha: 3 }), "protocol", /does not answer with the list/],
        [() => Response.json({ sha: "..", siblings: [] }), "notFound", /no config\.json/],
        [
          () => new Response(null, { status: 302, headers: { location: "/again" } }),
          "protocol",
          /redirects in circles/,
        ],
      ] as const
    ) {
      hub.answer = answer;
      await fails(resolveModel(name, options), kind, message);
    }
    hub.answer = undefined;
    await fails(
      downloadFile(name, "absent.json", options),
      "notFound",
      /There is no file absent\.json in model Kiln\/tiny-chat at revision main/,
    );
    assert.deepEqual(filesUnder(options.cacheFolder), []);
  }),
);

Deno.test(
  "a server in trouble is asked again",
  withHub(model(), async (hub, options) => {
    let troubles = 2;
    hub.answer = () => {
      if (--troubles === 0) hub.answer = undefined;
      return new Response("", { status: 503 });
    };
    await resolveModel(name, options);
    assert.equal(troubles, 0);
  }),
);

Deno.test("resolveModel() refuses repositories without a configuration or safetensors", async () => {
  await withHub(
    { "model.safetensors": weights },
    (_hub, options) => fails(resolveModel(name, options), "notFound", /has no config\.json/),
  )();
  await withHub(
    { "config.json": "{}", "pytorch_model.bin": "x" },
    (_hub, options) => fails(resolveModel(name, options), "notFound", /has no \.safetensors weights/),
  )();
});

Deno.test(
  "without a network the cache still serves, and the error says what to do",
  withHub(model(), async (_hub, options) => {
    const folder = await resolveModel(name, options);
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const endpoint = `http://127.0.0.1:${listener.addr.port}`;
    listener.close();
    assert.equal(await resolveModel(name, { ...options, endpoint }), folder);
    await fails(
      resolveModel("Kiln/another", { ...options, endpoint }),
      "network",
      /Could not fetch model Kiln\/another from http.*Check the network .*or give a folder/,
    );
  }),
);

Deno.test(
  "a download that does not fit on the disk is not begun",
  withHub(model({ "model.safetensors": { bytes: weights, size: 1e17 } }), async (hub, options) => {
    await fails(
      resolveModel(name, options),
      "disk",
      /Not enough room in .*: 100000000\.00 GB are needed, \d+\.\d\d GB are free.*KILN_CACHE/,
    );
    assert.ok(hub.seen.every(({ host }) => host === "hub"));
  }),
);

Deno.test(
  "a full disk at any operation leaves no file half-written, and the download goes on when there is room",
  withHub(model({ "model.safetensors": weights.subarray(0, 40_000) }), async (_hub, options) => {
    for (let failAt = 0;; failAt++) {
      const cacheFolder = `${options.cacheFolder}/${failAt}`;
      const fileSystem = failingFileSystem(failAt);
      let failed = false;
      try {
        await resolveModel(name, { ...options, cacheFolder, fileSystem });
      } catch (error) {
        failed = true;
        assert.ok(error instanceof DiskFullError, String(error));
        for (const file of filesUnder(cacheFolder)) {
          assert.ok(file.endsWith(".partial") || file !== "model.safetensors", file);
        }
      }
      const folder = await resolveModel(name, { ...options, cacheFolder });
      assert.deepEqual(await Deno.readFile(`${folder}/model.safetensors`), weights.subarray(0, 40_000));
      assert.deepEqual(filesUnder(cacheFolder), ["config.json", "model.safetensors", "tokenizer.json"]);
      if (!failed) {
        assert.ok(failAt >= 20, String(failAt));
        break;
      }
    }
  }),
);

Deno.test(
  "an abort stops a download at once and keeps what came",
  withHub(model({ "model.safetensors": noise(4_000_000) }), async (hub, options) => {
    const abort = new AbortController();
    const onProgress = ({ file, fileBytes }: DownloadProgress) => {
      if (file === "model.safetensors" && fileBytes > 0) abort.abort();
    };
    await assert.rejects(resolveModel(name, { ...options, signal: abort.signal, onProgress }), { name: "AbortError" });
    assert.ok(filesUnder(options.cacheFolder).some((name) => name.endsWith(".partial")));
    await assert.rejects(resolveModel(name, { ...options, signal: AbortSignal.abort() }), { name: "AbortError" });
    await resolveModel(name, options);
    assert.match(hub.seen.at(-1)!.range ?? "", /^bytes=[1-9]/);
  }),
);

Deno.test(
  "two calls at once fetch each file once",
  withHub(model(), async (hub, options) => {
    const [a, b] = await Promise.all([resolveModel(name, options), resolveModel(name, options)]);
    assert.equal(a, b);
    assert.equal(hub.seen.filter(({ host, method }) => host === "cdn" && method === "GET").length, 1);
  }),
);

Deno.test(
  "downloadFile() fetches one file of a data set, from folders and revisions with a slash",
  withHub(
    { "main/train 0.parquet": noise(30_000), "data.jsonl": '{"a":1}\n' },
    async (hub, options) => {
      const dataset = { ...options, repoType: "dataset" as const };
      const path = await downloadFile("Kiln/rows", "main/train 0.parquet", {
        ...dataset,
        revision: "refs/convert/parquet",
      });
      assert.ok(path.endsWith(`/datasets--Kiln--rows/${hub.commit}/main/train 0.parquet`), path);
      assert.deepEqual(await Deno.readFile(path), noise(30_000));
      assert.equal(await Deno.readTextFile(await downloadFile("Kiln/rows", "data.jsonl", dataset)), '{"a":1}\n');
      const before = hub.seen.length;
      await downloadFile("Kiln/rows", "data.jsonl", dataset);
      assert.equal(hub.seen.length, before);
      for (const bad of ["../secret", "/etc/passwd", "a/../../b", "", "a//b", "a\\..\\b", "."]) {
        await fails(downloadFile("Kiln/rows", bad, dataset), "notFound", /is not the path of a file in a repository/);
      }
      await fails(downloadFile("../rows", "a", dataset), "notFound", /is not a name on the hub/);
      assert.equal(hub.seen.length, before);
    },
    "datasets/Kiln/rows",
  ),
);
