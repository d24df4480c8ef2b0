/** Writes one ONNX file and the files of weights beside it, a weight at a time. */
import { type FileSystem, writeFileAtomic } from "../../files/mod.ts";
import { type ExternalInitializer, type Initializer, serialize } from "../../graph/mod.ts";
import { encodeWeight, weightForm, weightParts } from "../../models/mod.ts";
import type { ModelSource } from "../model_source.ts";
import { decoderGraph, type DecoderOptions } from "./decoder_graph.ts";
import { type DataFile, type FileLimits, layOut } from "./layout.ts";
import { configIn, type OnnxVariant } from "./variants.ts";

export interface WriteOnnxOptions extends FileLimits, DecoderOptions {
  /** Called with each weight that was read. */
  onWeight?: (name: string) => void;
  signal?: AbortSignal;
  fileSystem?: FileSystem;
}

/**
 * Writes a decoder into a folder.
 *
 * @returns the number of files of weights beside the ONNX file
 * @throws When a weight does not fit the form, naming it; {DiskFullError} when the disk is full.
 */
export async function writeOnnx(
  source: ModelSource,
  variant: OnnxVariant,
  folder: string,
  options: WriteOnnxOptions = {},
): Promise<number> {
  const { onWeight, signal, fileSystem } = options;
  const config = configIn(variant, source.config);
  const { weights, dataFiles } = layOut(config, variant.file, options);
  const initializers: Record<string, Initializer | ExternalInitializer> = {};
  /** Parts of other files that were read and not yet written. */
  const waiting = new Map<string, Initializer["data"]>();
  const unread = weights.values();

  /** Reads the next weight: its parts wait for their file, or stay for the ONNX file. */
  const readOn = async (): Promise<boolean> => {
    const { value: weight } = unread.next();
    if (!weight) return false;
    signal?.throwIfAborted();
    const { name, shape, places } = weight;
    const form = weightForm(name, shape, config);
    const data = encodeWeight(name, shape, await source.read(name), form);
    for (const [part, { shape: ofPart }] of Object.entries(weightParts(name, shape, form))) {
      const place = places[part];
      if (place) waiting.set(part, data[part]);
      initializers[part] = place ?? { data: data[part], shape: ofPart };
    }
    onWeight?.(name);
    return true;
  };
  const take = async (part: string): Promise<Initializer["data"]> => {
    while (!waiting.has(part)) await readOn();
    const data = waiting.get(part)!;
    waiting.delete(part);
    return data;
  };

  for (const file of dataFiles) {
    const write = { fileSystem, signal, bytesNeeded: file.byteLength };
    await writeFileAtomic(`${folder}/${file.name}`, bytesOf(file, take), write);
  }
  while (await readOn());

  const { outputs, fed } = decoderGraph(source.config, variant, options);
  const { bytes, inputs } = serialize({
    outputs: Object.values(outputs),
    names: Object.keys(outputs),
    target: "portable",
    initializers,
  });
  const forgotten = inputs.find(({ name }) => !fed.has(name));
  if (forgotten) throw new Error(`${variant.file}: the weight "${forgotten.name}" was not written`);
  await writeFileAtomic(`${folder}/${variant.file}`, bytes, { fileSystem, signal });
  return dataFiles.length;
}

/** A file's parts, each as far from the beginning as it was placed. */
async function* bytesOf(
  { parts }: DataFile,
  take: (part: string) => Promise<Initializer["data"]>,
): AsyncGenerator<Uint8Array> {
  let written = 0;
  for (const { part, place } of parts) {
    const data = await take(part);
    if (place.offset > written) yield new Uint8Array(place.offset - written);
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    written = place.offset + place.byteLength;
  }
}
