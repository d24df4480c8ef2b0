import assert from "node:assert/strict";
import { HubError, type HubOptions } from "../../lib/models/hub.ts";
import { type FakeHub, fakeHub, type ServedFile } from "./hub_server.ts";

/** The repository of these tests. */
export const name = "Kiln/tiny-chat";

/** Bytes without a pattern, so that a piece at the wrong place is noticed. */
export function noise(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, () => (seed = (seed * 48271) % 2147483647) & 255);
}

/** The large file of the repository. */
export const weights = noise(200_000);

/** The files of a model's repository, some of them changed. */
export const model = (changes: Record<string, ServedFile | Uint8Array | string> = {}) => ({
  "config.json": '{"model_type":"qwen2"}',
  "tokenizer.json": "{}",
  "model.safetensors": weights,
  "README.md": "# not needed",
  "pytorch_model.bin": "not needed",
  "onnx/model.onnx": "not needed",
  ...changes,
});

/** Runs with a fake hub and an empty cache. */
export function withHub(
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

/** The same options, but nothing is tried again. */
export const once = (options: HubOptions): HubOptions => ({ ...options, patience: { attempts: 1, stallMs: 5000 } });

/** Checks that a promise is rejected with a HubError of this kind. */
export async function fails(promise: Promise<unknown>, kind: HubError["kind"], message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof HubError, String(error));
    assert.match(error.message, message);
    assert.equal(error.kind, kind, error.message);
    return true;
  });
}

/** All files under a folder but locks and records. */
export function filesUnder(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    name === "refs" || name === ".lock" ? [] : isDirectory ? filesUnder(`${folder}/${name}`) : [name]
  ).sort();
}
