import assert from "node:assert/strict";
import fc from "fast-check";
import { HubError, uploadFolder } from "../../lib/models/mod.ts";
import { fails, noise } from "./hub_case.ts";
import { commit, filesAt, historyOf } from "./hub_repos.ts";
import { bytesPut, contents, countSteps, repo, weights, withUploadHub } from "./hub_upload_case.ts";
import type { Step } from "./hub_steps.ts";
import type { Fault, UploadHub } from "./hub_upload_server.ts";

const STEPS: Step[] = ["info", "create", "validate", "preupload", "batch", "put", "complete", "verify", "commit"];

/** Checks that the branch has everything, by one commit. */
function isThere(hub: UploadHub, summary = "Upload by Kiln"): void {
  const there = hub.repos.get(`models/${repo}`)!;
  assert.deepEqual(historyOf(there, "main"), ["initial commit", summary]);
  const files = filesAt(there, "main")!;
  assert.deepEqual(Object.keys(contents).filter((path) => !files.has(path)), []);
  assert.deepEqual(files.get("model.safetensors")!.bytes, weights);
  assert.deepEqual(hub.problems, []);
}

/** The commits that the branch has; none without the repository. */
const history = (hub: UploadHub) => {
  const there = hub.repos.get(`models/${repo}`);
  return there === undefined ? [] : historyOf(there, "main").slice(1);
};

for (const step of STEPS) {
  Deno.test(
    `an upload gets over trouble at the step "${step}", and leaves the branch alone when it stays`,
    withUploadHub(async (hub, folder, options) => {
      hub.faults.push({ step, times: Infinity, status: 503 });
      await fails(uploadFolder(folder, repo, options), "network", /answers 503/);
      assert.deepEqual(history(hub), []);
      const tries = countSteps(hub)[step];
      assert.ok(tries >= 3 && tries <= 6, `${step} was tried ${tries} times`);
      hub.faults = [{ step, times: 1, status: 500 }, { step, times: 1, status: "lost" }];
      await uploadFolder(folder, repo, options);
      isThere(hub);
    }),
  );
}

Deno.test(
  "an upload waits as long as a hub says that is asked too often",
  withUploadHub(async (hub, folder, options) => {
    const limits: Record<string, string>[] = [{ "retry-after": "1" }, { ratelimit: '"api";r=0;t=1' }];
    for (const headers of limits) {
      hub.seen.length = 0;
      hub.faults = [{ step: "preupload", times: 1, status: 429, headers }];
      await uploadFolder(folder, repo, options);
      const [first, second] = hub.seen.filter(({ step }) => step === "preupload").map(({ at }) => at);
      assert.ok(second - first >= 950, String(second - first));
    }
    isThere(hub);
  }),
);

Deno.test(
  "an upload asks for another address when one has run out, and gives up after three",
  withUploadHub(async (hub, folder, options) => {
    const expired: Fault = { step: "put", times: 1, status: 403, body: "<Error><Code>AccessDenied</Code></Error>" };
    hub.faults = [expired, { step: "complete", times: 1, status: 404 }];
    await uploadFolder(folder, repo, options);
    isThere(hub);
    assert.equal(countSteps(hub).batch, 3);
    hub.repos.clear();
    hub.faults = [{ ...expired, times: Infinity }];
    await fails(uploadFolder(folder, repo, options), "refused", /gave 3 addresses for .*, and the storage answers 403/);
    assert.deepEqual(history(hub), []);
  }),
);

Deno.test(
  "an upload goes on after broken and silent connections to the storage, and a later one sends only what is missing",
  withUploadHub(async (hub, folder, options) => {
    hub.door.breaks = { times: 2, afterBytes: 20_000 };
    await uploadFolder(folder, repo, options);
    isThere(hub);

    hub.repos.clear();
    hub.door.stalls = 1;
    const impatient = { ...options, patience: { ...options.patience, stallMs: 300 } };
    await uploadFolder(folder, repo, impatient);
    isThere(hub);

    // The last part of the larger file never arrives.
    hub.repos.clear();
    hub.faults = [{ step: "complete", times: Infinity, status: 500 }];
    await fails(uploadFolder(folder, repo, options), "network", /answers 500/);
    assert.deepEqual(history(hub), []);
    hub.faults = [];
    hub.seen.length = 0;
    const { sent } = await uploadFolder(folder, repo, options);
    assert.deepEqual([sent, bytesPut(hub)], [["model.safetensors"], weights.length]);
    isThere(hub);
  }),
);

Deno.test(
  "messages hold neither the token nor signed addresses",
  withUploadHub(async (hub, folder, options) => {
    const texts: string[] = [];
    const keep = async () => {
      await assert.rejects(
        uploadFolder(folder, repo, { ...options, patience: { attempts: 1, stallMs: 300 } }),
        (error: Error) => {
          for (let each: unknown = error; each instanceof Error; each = each.cause) {
            texts.push(each.message, each.stack ?? "");
          }
          return error instanceof HubError;
        },
      );
    };
    for (const step of STEPS) {
      for (const status of [400, 403, 409, 418, 500]) {
        if (status === 409 && ["create", "commit"].includes(step)) {
          continue;
        }
        if (status === 403 && ["put", "complete"].includes(step)) continue;
        hub.faults = [{
          step,
          times: 9,
          status,
          body: JSON.stringify({ error: `Bearer ${options.token} is not allowed` }),
        }];
        await keep();
        hub.repos.clear();
      }
    }
    hub.faults = [];
    hub.door.breaks = { times: 99, afterBytes: 1000 };
    await keep();
    hub.door.breaks.times = 0;
    hub.door.stalls = 99;
    await keep();
    hub.door.stalls = 0;
    const all = texts.join("\n");
    assert.ok(texts.length > 80 && all.includes("***"));
    assert.ok(!all.includes(options.token!) && !/signature|partNumber/.test(all));
  }),
);

Deno.test(
  "a commit whose answer is lost is not made twice, and one that others overtook is made on top of theirs",
  withUploadHub(async (hub, folder, options) => {
    hub.faults = [{ step: "commit", times: 1, status: "lost" }];
    const { commit: made, committed } = await uploadFolder(folder, repo, options);
    isThere(hub);
    assert.equal(made, hub.repos.get(`models/${repo}`)!.refs.get("main"));
    assert.deepEqual(committed, Object.keys(contents));

    let others = 2;
    hub.beforeCommit = (there) => {
      const bytes = new TextEncoder().encode(`${others}`);
      if (others-- > 0) commit(there, "main", "another's", new Map([["theirs.txt", { bytes, isLarge: false }]]));
    };
    await Deno.writeTextFile(`${folder}/adapter_config.json`, '{"r": 8}');
    await uploadFolder(folder, repo, options);
    const there = hub.repos.get(`models/${repo}`)!;
    assert.deepEqual(historyOf(there, "main").slice(2), ["another's", "another's", "Upload by Kiln"]);
    assert.deepEqual(new TextDecoder().decode(filesAt(there, "main")!.get("theirs.txt")!.bytes), "1");

    others = Infinity;
    await Deno.writeTextFile(`${folder}/adapter_config.json`, '{"r": 16}');
    await fails(
      uploadFolder(folder, repo, options),
      "refused",
      /Others commit to main of model Kiln\/run all the while/,
    );
  }),
);

Deno.test(
  "an upload that arrives damaged, or whose file changes meanwhile, is not committed",
  withUploadHub(async (hub, folder, options) => {
    hub.faults = [{ step: "verify", times: 1, status: 422 }];
    await fails(
      uploadFolder(folder, repo, options),
      "damaged",
      /did not arrive .* as it was sent\. Nothing was committed/,
    );
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === "uploading") Deno.writeFileSync(`${folder}/model.safetensors`, noise(200_000, 3));
    };
    await fails(
      uploadFolder(folder, repo, { ...options, onProgress }),
      "refused",
      /model\.safetensors was written to while/,
    );
    await Deno.writeFile(`${folder}/model.safetensors`, weights);
    const shorten = ({ phase }: { phase: string }) => {
      if (phase === "uploading") Deno.truncateSync(`${folder}/adapter_config.json`, 1);
    };
    await fails(
      uploadFolder(folder, repo, { ...options, onProgress: shorten }),
      "refused",
      /adapter_config\.json was written to/,
    );
    assert.deepEqual(history(hub), []);
  }),
);

Deno.test(
  "an abort at any moment leaves the branch as it was, or with the whole commit",
  withUploadHub(async (hub, folder, options) => {
    await assert.rejects(uploadFolder(folder, repo, { ...options, signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
    for (let after = 0; after < 16; after++) {
      hub.repos.clear();
      hub.seen.length = 0;
      const abort = new AbortController();
      const watch = setInterval(() => hub.seen.length >= after && abort.abort(), 0);
      const outcome = await uploadFolder(folder, repo, { ...options, signal: abort.signal }).then(
        () => "done",
        (error) => error.name,
      );
      clearInterval(watch);
      assert.ok(outcome === "AbortError" || outcome === "done", `${after}: ${outcome}`);
      const made = history(hub);
      assert.ok(made.length === 0 || (isThere(hub), true), made.join());
    }
  }),
);

Deno.test(
  "under any faults an upload makes one whole commit, or says why not and makes none",
  withUploadHub(async (hub, folder, options) => {
    const fault = fc.record({
      step: fc.constantFrom(...STEPS),
      times: fc.integer({ min: 1, max: 3 }),
      status: fc.constantFrom<Fault["status"]>(400, 401, 403, 404, 409, 412, 422, 429, 500, 503, 200, "lost"),
      body: fc.constantFrom(
        "",
        "{}",
        '{"files":[]}',
        '{"objects":[{"oid":"x","actions":3}]}',
        "[",
        "<html>",
        '{"sha":null}',
      ),
      headers: fc.constantFrom<Record<string, string>>({}, { "x-error-code": "RepoNotFound" }, { "retry-after": "x" }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 4 }), async (faults) => {
        hub.repos.clear();
        hub.faults = faults.map((each) => ({ ...each }));
        hub.seen.length = 0;
        hub.problems.length = 0;
        try {
          await uploadFolder(folder, repo, options);
          hub.faults = [];
          // A hub that says 200 to a commit and did nothing is believed; nothing but the commit's answer says so.
          if (!faults.some(({ step, status }) => step === "commit" && status === 200)) isThere(hub);
        } catch (error) {
          assert.ok(error instanceof HubError, String((error as Error).stack));
        }
        const made = history(hub);
        assert.ok(made.length <= 1, made.join());
        if (made.length === 1) isThere(hub);
        assert.ok(hub.seen.length < 80);
      }),
      { numRuns: 60 },
    );
  }),
);
