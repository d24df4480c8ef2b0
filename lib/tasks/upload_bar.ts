import type { UploadProgress } from "../models/mod.ts";
import { type ProgressBar, progressBar } from "../notebook/mod.ts";

/** Shows a bar while files are read and one while they are sent: `run` gets what takes the progress. */
export async function withUploadBar<T>(
  run: (onProgress: (progress: UploadProgress) => void) => Promise<T>,
): Promise<T> {
  let bar: ProgressBar | undefined;
  let current: UploadProgress["phase"] | undefined;
  try {
    return await run(({ phase, file, bytes, totalBytes }) => {
      if (phase === "committing") return;
      if (phase !== current) bar = progressBar(Math.ceil(totalBytes / 1000), { label: phase, unit: "kB" });
      current = phase;
      bar!.update(Math.ceil(bytes / 1000), file);
    });
  } finally {
    await bar?.finish("");
  }
}
