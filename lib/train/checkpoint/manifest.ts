/** The list of a checkpoint's files with their sizes and hashes, written last: with it the folder is known to be whole. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { type FileSystem, writeFileAtomic } from "../../files/mod.ts";

export const MANIFEST_FILE = "manifest.json";

const manifestSchema = z.object({
  files: z.record(z.string(), z.object({ bytes: z.number().int().nonnegative(), sha256: z.string() })),
});

/** Hashes every file that stands in the folder and writes the manifest. */
export async function writeManifest(folder: string, fileSystem?: FileSystem): Promise<void> {
  const files: z.infer<typeof manifestSchema>["files"] = {};
  for (const name of (await namesOfFiles(folder)).sort()) {
    files[name] = { bytes: (await Deno.stat(`${folder}/${name}`)).size, sha256: await hashOf(`${folder}/${name}`) };
  }
  await writeFileAtomic(`${folder}/${MANIFEST_FILE}`, JSON.stringify({ files }, null, 2) + "\n", { fileSystem });
}

/**
 * Whether a checkpoint is whole: all files of its manifest are there with the bytes they were written with.
 *
 * @returns null, or what is wrong.
 */
export async function verifyManifest(folder: string): Promise<string | null> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${folder}/${MANIFEST_FILE}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) return "it is a file";
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return await exists(folder) ? `it has no ${MANIFEST_FILE}` : "there is no such folder";
  }
  let manifest: z.infer<typeof manifestSchema>;
  try {
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch {
    return `${MANIFEST_FILE} is damaged`;
  }
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    let size: number;
    try {
      size = (await Deno.stat(`${folder}/${name}`)).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return `${name} is missing`;
      throw error;
    }
    if (size !== bytes) return `${name} has ${size} of ${bytes} bytes`;
    if (await hashOf(`${folder}/${name}`) !== sha256) return `${name} is damaged`;
  }
  return null;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function namesOfFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) if (entry.isFile) names.push(entry.name);
  return names;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  try {
    const piece = new Uint8Array(1 << 20);
    for (let count = await file.read(piece); count !== null; count = await file.read(piece)) {
      hash.update(piece.subarray(0, count));
    }
  } finally {
    file.close();
  }
  return hash.digest("hex");
}
