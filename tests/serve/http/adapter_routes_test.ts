import assert from "node:assert/strict";
import fc from "fast-check";
import { withServed } from "../engine/served_folder.ts";
import { inFolder } from "../../support/in_folder.ts";
import { errorOf, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

const LOAD = "/v1/load_lora_adapter";
const UNLOAD = "/v1/unload_lora_adapter";

Deno.test("adapters are loaded while the service runs only where it was told to, and by who has the token", () =>
  inFolder(async (folder) => {
    const engine = await scriptedEngine(() => ({ text: "x" }));
    await Deno.mkdir(`${folder}/round-1`);
    const load = { lora_name: "round-1", lora_path: `${folder}/round-1` };
    await withService({ engine }, async (service) => {
      for (const path of [LOAD, UNLOAD]) {
        const error = await errorOf(await service.post(path, load));
        assert.deepEqual([error.status, /--allow-adapters/.test(error.message)], [404, true]);
      }
    });
    await withService({ engine, adapterFolder: folder, token: "a-long-token-1234" }, async (service) => {
      assert.equal((await errorOf(await service.post(LOAD, load))).status, 401);
      const headers = { authorization: "Bearer a-long-token-1234" };
      const foreign = await service.post(LOAD, load, { headers: { ...headers, origin: "http://evil.test" } });
      assert.equal((await errorOf(foreign)).status, 403);
      assert.equal(engine.loaded.size, 0);
      const loaded = await service.post(LOAD, load, { headers });
      assert.deepEqual([loaded.status, await loaded.text()], [
        200,
        "Success: LoRA adapter 'round-1' added successfully.",
      ]);
      assert.deepEqual([...engine.loaded], [["round-1", await Deno.realPath(`${folder}/round-1`)]]);
      assert.equal((await errorOf(await service.post(LOAD, load, { headers }))).param, "lora_name");
      const unloaded = await service.post(UNLOAD, { lora_name: "round-1" }, { headers });
      assert.deepEqual([unloaded.status, await unloaded.text()], [
        200,
        "Success: LoRA adapter 'round-1' removed successfully.",
      ]);
      assert.equal((await errorOf(await service.post(UNLOAD, { lora_name: "round-1" }, { headers }))).status, 404);
    });
  }));

Deno.test("adapters are loaded from inside the folder alone, whatever the path looks like", () =>
  inFolder(async (outer) => {
    const folder = `${outer}/inside`;
    await Deno.mkdir(`${folder}/deep/round-1`, { recursive: true });
    await Deno.mkdir(`${outer}/outside`);
    await Deno.mkdir(`${outer}/inside-too`);
    await Deno.symlink(`${outer}/outside`, `${folder}/link`);
    await Deno.symlink(folder, `${outer}/other-name`);
    const engine = await scriptedEngine(() => ({ text: "x" }));
    // The folder itself may be named by a link.
    await withService({ engine, adapterFolder: `${outer}/other-name` }, async (service) => {
      const inside = ["deep/round-1", `${folder}/deep/round-1`, `${outer}/other-name/deep/../deep/round-1`];
      for (const [at, lora_path] of inside.entries()) {
        const response = await service.post(LOAD, { lora_name: `a${at}`, lora_path });
        assert.equal(response.status, 200, await response.text());
      }
      const real = await Deno.realPath(`${folder}/deep/round-1`);
      assert.deepEqual([...engine.loaded.values()], [real, real, real]);
      const outside = ["..", "../outside", `${outer}/outside`, "/etc", "link", "link/.", ".", folder, "../inside-too"];
      for (const lora_path of [...outside, `${outer}/nothing-there`, "deep/../../outside", "a\0b"]) {
        const error = await errorOf(await service.post(LOAD, { lora_name: "b", lora_path }));
        assert.deepEqual([error.status, error.param], [400, "lora_path"], lora_path);
        assert.match(error.message, /lies outside/, lora_path);
      }
      const missing = await errorOf(await service.post(LOAD, { lora_name: "b", lora_path: "deep/round-2" }));
      assert.match(missing.message, /there is no folder "deep\/round-2"/);
      for (const lora_name of ["", "a b", "a/b", "x".repeat(129), 5]) {
        const error = await errorOf(await service.post(LOAD, { lora_name, lora_path: "deep/round-1" }));
        assert.deepEqual([error.status, error.param], [400, "lora_name"]);
      }
      const part = fc.constantFrom(
        "..",
        ".",
        "deep",
        "round-1",
        "link",
        "outside",
        "inside",
        "",
        "%2e%2e",
        "\\..",
        "~",
      );
      await fc.assert(
        fc.asyncProperty(fc.array(part, { maxLength: 6 }), fc.boolean(), async (parts, isAbsolute) => {
          const before = engine.loaded.size;
          const lora_path = (isAbsolute ? `${outer}/` : "") + parts.join("/");
          const response = await service.post(LOAD, { lora_name: `f${before}`, lora_path });
          await response.body?.cancel();
          assert.ok(response.status === 200 || response.status === 400, `${lora_path}: ${response.status}`);
        }),
        { numRuns: 60 },
      );
      const root = await Deno.realPath(folder);
      for (const path of engine.loaded.values()) assert.ok(path.startsWith(`${root}/`), path);
    });
  }));

Deno.test("an adapter that was loaded while the service runs writes, and is served until it is unloaded", () =>
  withServed(async ({ open, options }) => {
    const folder = options.adapters!.doctor.replace(/\/doctor$/, "");
    const { doctor: _, ...adapters } = options.adapters!;
    const engine = await open({ adapters, runtimeAdapters: 1 });
    const whole = await open({ adapters: options.adapters });
    await withService({ engine, adapterFolder: folder }, async (service) => {
      await withService({ engine: whole }, async (expected) => {
        const ask = { model: "doctor", prompt: "the cat", max_tokens: 20, seed: 4, return_token_ids: true };
        const missing = await errorOf(await service.post("/v1/completions", ask));
        assert.deepEqual([missing.status, missing.code], [404, "model_not_found"]);
        assert.equal((await service.post(LOAD, { lora_name: "doctor", lora_path: "doctor" })).status, 200);
        const listed = async () => (await (await fetch(`${service.url}/v1/models`)).json()).data;
        assert.deepEqual((await listed()).map(({ id, kind }: Record<string, string>) => [id, kind]).at(-1), [
          "doctor",
          "adapter",
        ]);
        const tokens = async ({ post }: typeof service) =>
          (await (await post("/v1/completions", ask)).json()).choices[0].token_ids;
        assert.deepEqual(await tokens(service), await tokens(expected));
        const full = await errorOf(await service.post(LOAD, { lora_name: "again", lora_path: "doctor" }));
        assert.deepEqual([full.status, /1 adapters are loaded already/.test(full.message)], [400, true]);
        const model = await errorOf(await service.post(LOAD, { lora_name: "poet", lora_path: "doctor" }));
        assert.match(model.message, /"poet" is served already/);
        const started = await errorOf(await service.post(UNLOAD, { lora_name: "poet" }));
        assert.deepEqual([started.status, /was not loaded so/.test(started.message)], [404, true]);
        assert.equal((await service.post(UNLOAD, { lora_name: "doctor" })).status, 200);
        assert.equal((await errorOf(await service.post("/v1/completions", ask))).status, 404);
        const noAdapter = await errorOf(await service.post(LOAD, { lora_name: "m", lora_path: "model" }));
        assert.deepEqual([noAdapter.status, noAdapter.param], [400, "lora_path"]);
        assert.match(noAdapter.message, /adapter_config\.json/);
      });
    });
  }));
