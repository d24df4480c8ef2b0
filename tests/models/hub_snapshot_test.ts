import assert from "node:assert/strict";
import { downloadSnapshot, pathFilter, resolveModel } from "../../lib/models/mod.ts";
import { fails, filesUnder, model, name, noise, once, weights, withHub } from "./hub_case.ts";

Deno.test(
  "downloadSnapshot() fetches a whole repository, or what patterns name, once each",
  withHub(model({ "onnx/deep/model.onnx": noise(20_000) }), async (hub, options) => {
    const onnx = await downloadSnapshot(name, { ...options, include: ["onnx/"], exclude: ["*/deep/*"] });
    assert.deepEqual(filesUnder(onnx), ["model.onnx"]);
    const all = await downloadSnapshot(name, options);
    assert.equal(all, onnx);
    assert.equal(filesUnder(all).length, hub.files.size);
    assert.deepEqual(await Deno.readFile(`${all}/onnx/deep/model.onnx`), noise(20_000));
    assert.deepEqual(await Deno.readFile(`${all}/model.safetensors`), weights);
    const before = hub.seen.length;
    await downloadSnapshot(name, options);
    await downloadSnapshot(name, { ...options, include: ["onnx/"], exclude: ["*/deep/*"] });
    assert.equal(hub.seen.length, before);
    // The files of a model are there then; only which they are has to be asked.
    await resolveModel(name, options);
    assert.ok(hub.seen.slice(before).every(({ host }) => host === "hub"));
    await fails(downloadSnapshot("../x", options), "notFound", /is not a name on the hub/);
  }),
);

Deno.test(
  "downloadSnapshot() goes on where it was cut off, and refuses paths that lead elsewhere",
  withHub(
    { "rows.parquet": { bytes: weights, cutAfter: 120_000, cuts: 1 }, "a.txt": "a" },
    async (hub, options) => {
      const dataset = { ...options, repoType: "dataset" as const };
      await fails(downloadSnapshot("Kiln/rows", once(dataset)), "network", /Could not fetch dataset Kiln\/rows/);
      const folder = await downloadSnapshot("Kiln/rows", dataset);
      assert.deepEqual(await Deno.readFile(`${folder}/rows.parquet`), weights);
      assert.match(hub.seen.filter(({ host }) => host === "cdn").at(-1)!.range ?? "", /^bytes=[1-9]/);
      for (const bad of ["../outside", "/etc/passwd", "a\\..\\b", "x/../../y"]) {
        hub.answer = () => Response.json({ sha: hub.commit, siblings: [{ rfilename: bad }] });
        await fails(
          downloadSnapshot("Kiln/rows", { ...dataset, refresh: true }),
          "protocol",
          /which is no path of a file/,
        );
      }
    },
    "datasets/Kiln/rows",
  ),
);

Deno.test(
  "with HF_HUB_OFFLINE nothing is asked of the hub",
  withHub(model(), async (hub, options) => {
    const folder = await resolveModel(name, options);
    const before = hub.seen.length;
    Deno.env.set("HF_HUB_OFFLINE", "1");
    try {
      assert.equal(await resolveModel(name, options), folder);
      await fails(
        downloadSnapshot(name, { ...options, revision: "v2" }),
        "network",
        /model Kiln\/tiny-chat at v2 is not in the cache .*HF_HUB_OFFLINE says to stay off the network/,
      );
    } finally {
      Deno.env.delete("HF_HUB_OFFLINE");
    }
    assert.equal(hub.seen.length, before);
  }),
);

Deno.test("messages about broken downloads hold no signed addresses", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const location = `http://127.0.0.1:${listener.addr.port}/file?X-Amz-Signature=abc`;
  listener.close();
  await withHub(model(), async (hub, options) => {
    hub.answer = () => new Response(null, { status: 307, headers: { location } });
    await assert.rejects(resolveModel(name, once(options)), (error: Error) => {
      assert.match(error.message, /Could not fetch model Kiln\/tiny-chat/);
      assert.ok(!Deno.inspect(error).includes("X-Amz"), Deno.inspect(error));
      return true;
    });
  })();
});

Deno.test("pathFilter() has the rules of huggingface_hub's patterns", () => {
  const cases: [string, string, boolean][] = [
    ["*.safetensors", "deep/model.safetensors", true],
    ["*.safetensors", "model.safetensors.index.json", false],
    ["onnx/", "onnx/a/b.onnx", true],
    ["onnx/", "my/onnx/b.onnx", false],
    ["model-0000?-of-*", "model-00001-of-00002.safetensors", true],
    ["a.b", "aXb", false],
    ["a+(b)[c]", "a+(b)[c]", true],
    ["*", "any/thing", true],
    ["", "a", false],
  ];
  for (const [pattern, path, expected] of cases) {
    assert.equal(pathFilter({ include: [pattern] })(path), expected, `${pattern} ${path}`);
    assert.equal(pathFilter({ exclude: [pattern] })(path), !expected, `${pattern} ${path}`);
  }
  assert.equal(pathFilter({})("a"), true);
  assert.equal(pathFilter({ include: [] })("a"), false);
  assert.equal(pathFilter({ include: ["*".repeat(50) + "x"] })("y".repeat(100_000)), false);
});
