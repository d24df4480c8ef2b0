import assert from "node:assert/strict";
import { downloadFile, type DownloadProgress, resolveModel } from "../../lib/models/hub.ts";
import { fails, filesUnder, model, name, noise, weights, withHub } from "./hub_case.ts";

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
