import { noise } from "./hub_case.ts";
import { type UploadHub, uploadHub, WRITE_TOKEN } from "./hub_upload_server.ts";

/** The repository of these tests. */
export const repo = "Kiln/run";

/** A large file of several parts, and one of a single part. */
export const weights = noise(200_000) as Uint8Array<ArrayBuffer>;
export const adapter = noise(30_000, 7) as Uint8Array<ArrayBuffer>;

/** What is in the folder that goes up. */
export const contents: Record<string, string | Uint8Array<ArrayBuffer>> = {
  "README.md": "---\nbase_model: Kiln/base\n---\n# A run\n",
  "adapter_config.json": "{}",
  "adapter_model.safetensors": adapter,
  "empty.txt": "",
  "folder/a name, with signs & more.json": '{"α": 1}',
  "model.safetensors": weights,
};

/** For uploads and downloads alike. */
export interface CaseOptions {
  endpoint: string;
  token: string;
  cacheFolder: string;
  patience: { attempts: number; firstDelayMs: number; stallMs: number };
}

/** Runs with an upload hub and a folder of files. */
export function withUploadHub(
  run: (hub: UploadHub, folder: string, options: CaseOptions) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const scratch = await Deno.makeTempDir();
    try {
      const folder = `${scratch}/folder`;
      await writeContents(folder, contents);
      await using hub = uploadHub();
      await run(hub, folder, {
        endpoint: hub.endpoint,
        token: WRITE_TOKEN,
        cacheFolder: `${scratch}/cache`,
        patience: { attempts: 3, firstDelayMs: 1, stallMs: 5000 },
      });
    } finally {
      await Deno.remove(scratch, { recursive: true });
    }
  };
}

/** Writes files into a folder. */
export async function writeContents(folder: string, files: typeof contents): Promise<void> {
  for (const [path, data] of Object.entries(files)) {
    const at = `${folder}/${path}`;
    await Deno.mkdir(at.slice(0, at.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(at, typeof data === "string" ? new TextEncoder().encode(data) : data);
  }
}

/** How often each step came in. */
export function countSteps(hub: UploadHub): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { step } of hub.seen) counts[step] = (counts[step] ?? 0) + 1;
  return counts;
}

/** The bytes that went to the storage. */
export function bytesPut(hub: UploadHub): number {
  return hub.seen.filter(({ step }) => step === "put").reduce((sum, { bytes }) => sum + bytes, 0);
}
