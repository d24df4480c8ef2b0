import assert from "node:assert/strict";
import {
  type EmbedderEntry,
  EMBEDDERS,
  openEmbedder,
  type OpenEmbedderOptions,
} from "../../../lib/retrieval/embed/mod.ts";
import { HubError } from "../../../lib/models/mod.ts";
import { fails, once, withHub } from "../../models/hub_case.ts";
import { DIMENSIONS, hiddenStateFiles } from "./tiny_onnx.ts";

const REPOSITORY = "Kiln/tiny-embed";
const files = { ...await hiddenStateFiles(), "README.md": "not needed", "pytorch_model.bin": "not needed" };

/** An entry of one's own, as a notebook would write it. */
const entry: EmbedderEntry = {
  ...EMBEDDERS.get("e5-small-v2")!,
  name: "tiny-embed",
  repository: REPOSITORY,
  revision: "main",
  onnxFile: "onnx/model.onnx",
  maxTokens: 20,
  dimensions: DIMENSIONS,
};

Deno.test(
  "openEmbedder() fetches a model once, records the commit, and uses it without a network",
  withHub(files, async (hub, access) => {
    const options: OpenEmbedderOptions = { ...access, as: entry, threads: 1 };
    const fetched: string[] = [];
    const first = await openEmbedder(REPOSITORY, { ...options, onProgress: ({ file }) => fetched.push(file) });
    assert.deepEqual(first.description, {
      name: REPOSITORY,
      revision: `${hub.commit}/onnx/model.onnx`,
      dimensions: DIMENSIONS,
      maxTokens: 20,
      pooling: "mean",
      normalized: true,
      queryPrefix: "query: ",
      passagePrefix: "passage: ",
    });
    const wanted = ["config.json", "onnx/model.onnx", "tokenizer.json", "tokenizer_config.json"];
    assert.deepEqual([...new Set(fetched)].sort(), wanted);
    const [vector] = await first.embedQueries(["the cat"]);
    await first.dispose();

    hub.seen.length = 0;
    for (const again of [options, { ...options, localFilesOnly: true }]) {
      const second = await openEmbedder(REPOSITORY, again);
      assert.deepEqual(await second.embedQueries(["the cat"]), [vector]);
      await second.dispose();
    }
    assert.deepEqual(hub.seen, []);
  }, REPOSITORY),
);

Deno.test(
  "openEmbedder() with localFilesOnly asks nobody, and says what to do",
  withHub(files, async (hub, access) => {
    const offline = { ...access, as: entry, localFilesOnly: true };
    await fails(
      openEmbedder(REPOSITORY, offline),
      "network",
      /Kiln\/tiny-embed is not in the cache.*localFilesOnly.*give a folder/,
    );
    await fails(openEmbedder(REPOSITORY, { ...offline, runtime: "kiln" }), "network", /tiny-embed is not in the cache/);
    await fails(
      openEmbedder("bge-small-en-v1.5", { ...access, localFilesOnly: true }),
      "network",
      /BAAI\/bge-small-en-v1\.5/,
    );
    assert.deepEqual(hub.seen, []);
  }, REPOSITORY),
);

Deno.test(
  "openEmbedder() without a network names the model and what needs none",
  withHub(files, async (_, access) => {
    const nobody = { ...once(access), endpoint: "http://127.0.0.1:9" };
    await fails(
      openEmbedder("e5-small-v2", nobody),
      "network",
      /Could not fetch model intfloat\/e5-small-v2 .*Check the network.*give a folder.*"kiln-embed", needs no network/,
    );
    await assert.rejects(
      openEmbedder("e5-small-v2", { ...nobody, signal: AbortSignal.abort(new Error("at once")) }),
      (error: Error) => error.message === "at once" && !(error instanceof HubError),
    );
  }, REPOSITORY),
);

Deno.test(
  "openEmbedder() names the file that a repository does not have",
  withHub(files, async (_, access) => {
    await fails(
      openEmbedder(REPOSITORY, { ...access, as: entry, dtype: "q8" }),
      "notFound",
      /no file onnx\/model_quantized\.onnx/,
    );
    await fails(openEmbedder(REPOSITORY, { ...access, as: entry, revision: "v9" }), "notFound", /revision v9/);
    await assert.rejects(
      openEmbedder(REPOSITORY, { ...access, threads: 1 }),
      /Kiln\/tiny-embed does not say how .*give pooling/,
    );
  }, REPOSITORY),
);
