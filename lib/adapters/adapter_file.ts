/** An adapter on disk, read factor by factor without an engine. */
import { type ModelConfig, openSafetensors, type TensorSource } from "../models/mod.ts";
import { type LoraAdapter, loraScaling, loraShapes } from "./lora.ts";
import { failAt, readAdapterConfig, shown } from "./peft_config.ts";
import { adapterTensorName, tablesInFile } from "./peft_tables.ts";

/** The model that an adapter on disk belongs to; a `CausalLM` is one. */
export interface AdapterBase {
  readonly config: ModelConfig;
  /** A weight's numbers by its checkpoint name. */
  readWeight(name: string): Promise<Float32Array>;
}

/** An open adapter: what it is, and its numbers when they are asked for. */
export interface AdapterFile extends Omit<LoraAdapter, "factors"> {
  /** The name or folder of its base, as the file has it. */
  readonly baseModel: string | null;
  /** Shapes by the names of `AdapterWeights.factors`. */
  readonly factors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** A factor's numbers, which are the caller's. */
  read(factor: string): Promise<Float32Array<ArrayBuffer>>;
  /** Closes the file. */
  close(): void;
}

/**
 * Opens an adapter that PEFT or Kiln wrote. All shapes are checked before the first factor is read.
 *
 * @throws When the configuration asks for something that would be computed wrongly (DoRA, biases, ranks by pattern), or a
 *   tensor is missing or does not fit the model; the message names the file.
 */
export async function openAdapter(base: AdapterBase, folder: string): Promise<AdapterFile> {
  const path = `${folder}/adapter_config.json`;
  const { tables: fields, ...options } = await readAdapterConfig(path);
  const file = await openSafetensors(`${folder}/adapter_model.safetensors`);
  try {
    const shapes = loraShapes(base.config, options);
    for (const [factor, shape] of shapes) checkTensor(file, adapterTensorName(factor), shape, options.r);
    const tables = await tablesInFile(base, file, fields, (reason) => failAt(path, reason));
    const all = new Map<string, readonly number[]>([...shapes, ...tables.shapes]);
    const expected = new Set([...all.keys()].map(adapterTensorName));
    const extra = file.names.find((name) => !expected.has(name) && !tables.passedOver.has(name));
    if (extra) {
      throw new Error(
        `${file.path}: tensor ${shown(extra)} belongs to none of the model's layers that adapter_config.json names`,
      );
    }
    const { trainableTokenIndices } = tables;
    return {
      ...options,
      scaling: loraScaling(options),
      ...(trainableTokenIndices && { trainableTokenIndices }),
      factors: new Map([...all].map(([name, shape]) => [name, { shape }])),
      read: (factor) => file.readF32(adapterTensorName(factor)),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkTensor(file: TensorSource, name: string, expected: readonly number[], r: number): void {
  const asks = `the model and r ${r} ask for one of [${expected.join(", ")}]; was the adapter made for another model?`;
  if (!file.has(name)) throw new Error(`${file.path}: there is no tensor "${name}", but ${asks}`);
  const { shape } = file.info(name);
  if (shape.join() === expected.join()) return;
  throw new Error(`${file.path}: tensor "${name}" is ${shown(shape).replaceAll(",", ", ")}, but ${asks}`);
}
