import assert from "node:assert/strict";
import {
  downloadFile,
  downloadSnapshot,
  HubError,
  listUpload,
  uploadFiles,
  uploadFolder,
  type UploadOptions,
} from "../../lib/models/mod.ts";
import { fails } from "./hub_case.ts";
import { filesAt, historyOf } from "./hub_repos.ts";
import { adapter, bytesPut, contents, countSteps, repo, weights, withUploadHub } from "./hub_upload_case.ts";
import { READ_TOKEN } from "./hub_upload_server.ts";

Deno.test(
  "uploadFolder() makes the repository and one commit, from which every byte comes back",
  withUploadHub(async (hub, folder, options) => {
    await Deno.writeTextFile(`${folder}/.hidden`, "not this");
    await Deno.mkdir(`${folder}/.git`);
    await Deno.writeTextFile(`${folder}/.git/config`, "nor this");
    const told: string[] = [];
    const result = await uploadFolder(folder, repo, {
      ...options,
      private: true,
      commitMessage: "A run",
      onProgress: ({ phase, bytes, totalBytes }) => {
        assert.ok(bytes <= totalBytes, `${phase} ${bytes} of ${totalBytes}`);
        if (bytes === totalBytes && told.at(-1) !== phase) told.push(phase);
      },
    });
    assert.deepEqual(told, ["hashing", "uploading", "committing"]);
    const there = hub.repos.get(`models/${repo}`)!;
    assert.equal(there.private, true);
    assert.deepEqual(historyOf(there, "main"), ["initial commit", "A run"]);
    assert.deepEqual(result, {
      page: `${hub.endpoint}/${repo}`,
      commit: there.refs.get("main"),
      commitUrl: `${hub.endpoint}/${repo}/commit/${there.refs.get("main")}`,
      committed: Object.keys(contents),
      sent: ["adapter_model.safetensors", "model.safetensors"],
      unchanged: [],
      ignored: [],
    });
    assert.equal(bytesPut(hub), weights.length + adapter.length);
    // A part each of 64,000 bytes, and the rest.
    assert.deepEqual(countSteps(hub), {
      info: 2,
      create: 1,
      validate: 1,
      preupload: 1,
      batch: 1,
      put: 5,
      complete: 1,
      verify: 2,
      commit: 1,
    });

    const back = await downloadSnapshot(repo, { ...options, exclude: [".gitattributes"] });
    assert.deepEqual((await listUpload(back)).map(({ path }) => path), Object.keys(contents));
    for (const [path, data] of Object.entries(contents)) {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
      assert.deepEqual(await Deno.readFile(`${back}/${path}`), bytes, path);
    }
    assert.deepEqual(hub.problems, []);
  }),
);

Deno.test(
  "uploadFolder() sends what has changed alone, and makes no commit where nothing has",
  withUploadHub(async (hub, folder, options) => {
    const first = await uploadFolder(folder, repo, options);
    hub.seen.length = 0;
    const second = await uploadFolder(folder, repo, options);
    assert.deepEqual([second.commit, second.committed, second.unchanged], [first.commit, [], Object.keys(contents)]);
    assert.deepEqual(countSteps(hub), { info: 1, validate: 1, preupload: 1 });

    await Deno.writeTextFile(`${folder}/adapter_config.json`, '{"r": 8}');
    await Deno.copyFile(`${folder}/model.safetensors`, `${folder}/copy.safetensors`);
    const third = await uploadFolder(folder, repo, options);
    assert.deepEqual(third.committed, ["adapter_config.json", "copy.safetensors"]);
    // The copy is an object that the storage has.
    assert.deepEqual(third.sent, []);
    assert.equal(bytesPut(hub), 0);
    const there = hub.repos.get(`models/${repo}`)!;
    assert.equal(there.commits.get(third.commit!)!.parent, first.commit);
    assert.deepEqual(filesAt(there, "main")!.get("copy.safetensors")!.bytes, weights);
    assert.deepEqual(hub.problems, []);
  }),
);

Deno.test(
  "uploadFolder() takes patterns, branches and data sets",
  withUploadHub(async (hub, folder, options) => {
    const dataset = { ...options, repoType: "dataset" as const };
    const { committed } = await uploadFolder(folder, repo, { ...dataset, include: ["*.json"], exclude: ["adapter*"] });
    assert.deepEqual(committed, ["folder/a name, with signs & more.json"]);
    const { commit, page } = await uploadFolder(folder, repo, { ...dataset, revision: "try/1", include: ["folder/"] });
    assert.equal(page, `${hub.endpoint}/datasets/${repo}`);
    const there = hub.repos.get(`datasets/${repo}`)!;
    assert.equal(there.refs.get("try/1"), commit);
    // The branch began as main was, and so it had that file.
    assert.equal(there.refs.get("main"), commit);
    await uploadFolder(folder, repo, { ...dataset, revision: "try/1", include: ["*.md"] });
    assert.ok(filesAt(there, "try/1")!.has("README.md") && !filesAt(there, "main")!.has("README.md"));

    // By branch, by tag and by commit.
    const old = there.refs.get("main")!;
    there.refs.set("v1.0", there.refs.get("try/1")!);
    for (const revision of ["try/1", "v1.0", there.refs.get("try/1")!]) {
      const path = await downloadFile(repo, "README.md", { ...dataset, revision });
      assert.ok(path.includes(`/${there.refs.get("v1.0")}/`), path);
    }
    await fails(
      downloadFile(repo, "README.md", { ...dataset, revision: old }),
      "notFound",
      /There is no file README\.md/,
    );
    await fails(downloadSnapshot(repo, { ...dataset, revision: "v2" }), "notFound", /There is no revision v2/);
    await fails(
      downloadSnapshot(repo, { ...dataset, include: ["*.bin"] }),
      "notFound",
      /No file of dataset Kiln\/run is meant by these patterns; it has such as \.gitattributes, folder/,
    );
    assert.deepEqual(hub.problems, []);
  }),
);

Deno.test(
  "uploadFolder() leaves out what the repository's .gitignore names",
  withUploadHub(async (hub, folder, options) => {
    const bytes = new TextEncoder().encode("model.safetensors\n");
    await uploadFiles([{ path: ".gitignore", bytes: bytes.length, source: bytes }], repo, options);
    const { ignored, committed } = await uploadFolder(folder, repo, options);
    assert.deepEqual(ignored, ["model.safetensors"]);
    assert.ok(!committed.includes("model.safetensors"));
    assert.equal(bytesPut(hub), adapter.length);
  }),
);

Deno.test(
  "uploadFolder() says what is wrong with a token, a name or a place, and sends nothing",
  withUploadHub(async (hub, folder, options) => {
    const upload = (name: string, changes: UploadOptions) => uploadFolder(folder, name, { ...options, ...changes });
    await fails(
      upload(repo, { token: "hf_unknown" }),
      "denied",
      /does not know the token in HF_TOKEN\. Make one that may write at http:.*\/settings\/tokens/,
    );
    await fails(
      upload(repo, { token: READ_TOKEN }),
      "denied",
      /may not write to model Kiln\/run .*needs the role "write"/,
    );
    await fails(upload("Other/run", {}), "denied", /may not write to model Other\/run/);
    for (const name of ["run", "a/b/c", "../x", "a/b--c", ""]) {
      await fails(upload(name, {}), "refused", /is not the name of a repository; expected owner\/name/);
    }
    await fails(upload(repo, { endpoint: "http://example.org" }), "denied", /is not https: the token would travel/);
    await fails(uploadFolder(`${folder}/absent`, repo, options), "notFound", /absent: .*expected a folder/);
    await fails(uploadFolder(folder, repo, { ...options, include: ["*.gguf"] }), "notFound", /has no files to upload/);
    for (const path of ["../x", "/etc/passwd", "a//b", "", "a\\b"]) {
      const file = { path, bytes: 1, source: new Uint8Array(1) };
      await fails(uploadFiles([file], repo, options), "refused", /is not the path of a file/);
    }
    const twice = { path: "a", bytes: 1, source: new Uint8Array(1) };
    await fails(uploadFiles([twice, twice], repo, options), "refused", /"a" is there twice/);
    assert.equal(hub.repos.size, 0);

    const had = Deno.env.get("HF_TOKEN");
    Deno.env.delete("HF_TOKEN");
    try {
      await fails(
        upload(repo, { token: undefined }),
        "denied",
        /needs a token that may write: make one at .*set it as HF_TOKEN/,
      );
    } finally {
      if (had !== undefined) Deno.env.set("HF_TOKEN", had);
    }
    await upload(repo, {});
    await fails(upload(repo, { private: true }), "refused", /is there already and public .*it was to be private/);
  }),
);

Deno.test(
  "uploadFolder() refuses files that hold a token, and a model card that the hub cannot read, before anything goes up",
  withUploadHub(async (hub, folder, options) => {
    for (const secret of [options.token, `hf_${"aB3".repeat(11)}`]) {
      await Deno.writeTextFile(`${folder}/notes.json`, JSON.stringify({ key: secret }));
      // A token that was read from a file ends in a line end.
      await assert.rejects(uploadFolder(folder, repo, { ...options, token: `${options.token}\n` }), (error: Error) => {
        assert.match(error.message, /notes\.json holds a token of the hub\. Nothing was sent/);
        assert.ok(!error.message.includes(secret));
        return error instanceof HubError;
      });
    }
    assert.equal(hub.seen.length, 0);
    await Deno.remove(`${folder}/notes.json`);
    await Deno.writeTextFile(`${folder}/README.md`, "---\nbase_model: data/models/kiln-tiny\n---\n");
    await fails(
      uploadFolder(folder, repo, options),
      "refused",
      /README\.md: .*"base_model" with value "data\/models\/kiln-tiny" is not valid.*Mend the lines/,
    );
    assert.deepEqual(historyOf(hub.repos.get(`models/${repo}`)!, "main"), ["initial commit"]);
    assert.equal(bytesPut(hub), 0);
    // A hub that cannot check cards is not asked again.
    hub.faults.push({ step: "validate", times: 1, status: 404 });
    await uploadFolder(folder, repo, options);
  }),
);
