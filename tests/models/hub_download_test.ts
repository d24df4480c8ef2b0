import assert from "node:assert/strict";
import { DiskFullError } from "../../lib/files/mod.ts";
import { downloadFile, type DownloadProgress, HubError, resolveModel } from "../../lib/models/hub.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { fails, filesUnder, model, name, noise, once, weights, withHub } from "./hub_case.ts";

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
  withHub(model({ "model.safetensors": weights.subarray(0, 40_000) }), async (hub, options) => {
    for (let failAt = 0;; failAt++) {
      const cacheFolder = `${options.cacheFolder}/${failAt}`;
      const fileSystem = failingFileSystem(failAt);
      let failed = false;
      try {
        await resolveModel(name, { ...options, cacheFolder, fileSystem });
      } catch (error) {
        failed = true;
        assert.ok(error instanceof DiskFullError, String(error));
        // Two files are fetched at once: this one may be done. Then it is whole.
        const path = `${cacheFolder}/models--Kiln--tiny-chat/${hub.commit}/model.safetensors`;
        assert.equal(await Deno.stat(path).then(({ size }) => size, () => 40_000), 40_000);
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
  "what arrived of a file is kept while one is fetched whose name its own begins with",
  withHub(
    { "data": "short", "data.jsonl": { bytes: noise(60_000), cutAfter: 40_000, cuts: 1 } },
    async (hub, options) => {
      await fails(downloadFile(name, "data.jsonl", once(options)), "network", /Could not fetch/);
      await downloadFile(name, "data", options);
      assert.deepEqual(await Deno.readFile(await downloadFile(name, "data.jsonl", options)), noise(60_000));
      assert.match(hub.seen.at(-1)!.range ?? "", /^bytes=[1-9]/);
    },
  ),
);
