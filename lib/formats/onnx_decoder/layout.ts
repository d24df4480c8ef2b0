/**
 * Where weights lie: small models inside the ONNX file, others in files beside it, which ONNX calls external data. Those have
 * the names by which transformers.js finds them: `model.onnx_data`, `model.onnx_data_1` and so on.
 */
import { BYTES, type ExternalInitializer, sizeOf } from "../../graph/mod.ts";
import { type ModelConfig, weightForm, weightParts, weightShapes } from "../../models/mod.ts";

/**
 * Values begin at multiples of this, so that a runtime can map them into memory on every system: Windows maps from 64 KiB
 * to 64 KiB. Smaller ones stay in the ONNX file.
 */
const ALIGNMENT = 65536;

const MOST_DATA_FILES = 100;

/** How large the files may become. */
export interface FileLimits {
  /** Most bytes of weights in the ONNX file itself. Default 64 MiB. */
  maxEmbeddedBytes?: number;
  /** Most bytes in a file beside it, but for a single weight that is larger. Default 2 GB, which browsers still read. */
  maxShardBytes?: number;
}

/** One weight. */
export interface PlacedWeight {
  name: string;
  shape: readonly number[];
  /** Where the parts lie that it is written as; null inside the ONNX file. */
  places: Record<string, ExternalInitializer | null>;
}

/** A file of weights, in the order in which they lie in it. */
export interface DataFile {
  name: string;
  byteLength: number;
  parts: { part: string; place: ExternalInitializer }[];
}

/** Where all weights of a model go. */
export interface Layout {
  weights: PlacedWeight[];
  dataFiles: DataFile[];
}

/**
 * Places a model's weights.
 *
 * @param config With the precision that it is written in.
 * @param file The ONNX file's name.
 * @throws {RangeError} when there would be more files than transformers.js reads
 */
export function layOut(config: ModelConfig, file: string, limits: FileLimits = {}): Layout {
  const { maxEmbeddedBytes = 2 ** 26, maxShardBytes = 2e9 } = limits;
  const planned = Object.entries(weightShapes(config)).map(([name, shape]) => ({
    name,
    shape,
    parts: Object.entries(weightParts(name, shape, weightForm(name, shape, config)))
      .map(([part, { dtype, shape }]) => ({ part, shape, byteLength: BYTES[dtype] * sizeOf(shape) })),
  }));
  const total = planned.flatMap(({ parts }) => parts).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const embeds = total <= maxEmbeddedBytes;
  const dataFiles: DataFile[] = [];
  const weights = planned.map(({ name, shape, parts }): PlacedWeight => {
    const places = parts.map(({ part, shape, byteLength }) => {
      if (embeds || byteLength < ALIGNMENT) return [part, null] as const;
      let last = dataFiles.at(-1);
      const aligned = Math.ceil((last?.byteLength ?? 0) / ALIGNMENT) * ALIGNMENT;
      if (!last || aligned + byteLength > maxShardBytes) {
        last = {
          name: `${file}_data${dataFiles.length === 0 ? "" : `_${dataFiles.length}`}`,
          byteLength: 0,
          parts: [],
        };
        dataFiles.push(last);
      }
      const offset = last.parts.length === 0 ? 0 : aligned;
      const place = { location: last.name, offset, byteLength, shape };
      last.parts.push({ part, place });
      last.byteLength = offset + byteLength;
      return [part, place] as const;
    });
    return { name, shape, places: Object.fromEntries(places) };
  });
  if (dataFiles.length > MOST_DATA_FILES) {
    throw new RangeError(
      `maxShardBytes ${maxShardBytes}: ${file} would have ${dataFiles.length} files beside it; expected at most ` +
        `${MOST_DATA_FILES}, which is what transformers.js reads`,
    );
  }
  return { weights, dataFiles };
}
