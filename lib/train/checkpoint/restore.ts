/** Taking a run's parameters and optimizer back to where a checkpoint left them. */
import { adapterTensorName, type LoraAdapter } from "../../adapters/mod.ts";
import type { DeviceTensor } from "../../engine/mod.ts";
import { type CausalLM, openCheckpoint, openSafetensors, type TensorSource } from "../../models/mod.ts";
import { formatOf, type MomentTensor, momentTensors } from "../moments.ts";
import type { AdamW } from "../optimizer.ts";
import { FILE_DTYPE, momentFileName, OPTIMIZER_FILE } from "./save.ts";

/**
 * Puts a checkpoint's weights, or its adapter's factors, in the place of the current ones, and gives the optimizer its
 * moments back.
 *
 * @param optimizerSteps The optimizer's count of steps.
 * @throws When a tensor is missing or of another shape; the message names file and tensor. Nothing is changed then.
 */
export async function restoreCheckpoint(
  folder: string,
  { model, adapter, optimizer }: { model: CausalLM; adapter?: LoraAdapter; optimizer: AdamW },
  optimizerSteps: number,
): Promise<void> {
  const file = await openSafetensors(`${folder}/${OPTIMIZER_FILE}`);
  try {
    // A parameter that never had a gradient has no moments.
    const names = new Set(file.names.map((name) => name.replace(/^\w+\./, "")));
    for (const name of names) checkMoments(file, name, optimizer);
    await restoreParameters(folder, model, adapter);
    for (const name of names) {
      const tensors = Object.entries(tensorsOf(optimizer, name));
      // All are read before the first goes to the engine: a failure leaves nothing there.
      const numbers: (Float32Array | Uint8Array)[] = [];
      for (const [kind, { dtype }] of tensors) {
        const from = momentFileName(kind, name);
        numbers.push(dtype === "uint8" ? await file.read(from) as Uint8Array : await file.readF32(from));
      }
      const moments: Record<string, DeviceTensor> = {};
      for (const [position, [kind, { shape }]] of tensors.entries()) {
        moments[kind] = await model.engine.store(numbers[position], shape);
      }
      optimizer.restoreMoments(name, moments);
    }
    optimizer.steps = optimizerSteps;
  } finally {
    file.close();
  }
}

/** The tensors that hold a parameter's moments in this run. */
function tensorsOf({ options: { optim }, parameters }: AdamW, name: string): Record<string, MomentTensor> {
  const { shape } = parameters.get(name)!;
  return momentTensors(formatOf(optim, name, shape), shape);
}

function checkMoments(file: TensorSource, name: string, optimizer: AdamW): void {
  const parameter = optimizer.parameters.get(name);
  if (!parameter) {
    throw new Error(`${file.path}: moments of "${name}", which is not among the trained parameters`);
  }
  for (const [kind, { shape, dtype }] of Object.entries(tensorsOf(optimizer, name))) {
    const inFile = momentFileName(kind, name);
    checkTensor(file, inFile, shape);
    const found = file.info(inFile).dtype;
    const expected = FILE_DTYPE[dtype];
    if (found !== expected) {
      throw new Error(`${file.path}: tensor "${inFile}" is ${found}, but this run has ${expected}`);
    }
  }
}

/** Puts a checkpoint's weights, or its adapter's factors, in the place of the current ones. */
export async function restoreParameters(folder: string, model: CausalLM, adapter?: LoraAdapter): Promise<void> {
  const source = adapter ? await openSafetensors(`${folder}/adapter_model.safetensors`) : await openCheckpoint(folder);
  const parameters = adapter ? adapter.factors : model.weights;
  const fileName = adapter ? adapterTensorName : (name: string) => name;
  try {
    for (const [name, { shape }] of parameters) checkTensor(source, fileName(name), shape);
    for (const [name, tensor] of parameters) {
      parameters.set(name, await replaced(model, tensor, await source.readF32(fileName(name))));
    }
  } finally {
    source.close();
  }
}

/** On the CPU the tensor keeps its memory, so that programs and views that hold it see the new numbers. */
async function replaced(model: CausalLM, tensor: DeviceTensor, values: Float32Array): Promise<DeviceTensor> {
  if (tensor.data) {
    (tensor.data as Float32Array).set(values);
    return tensor;
  }
  const stored = await model.engine.store(values, tensor.shape);
  tensor.dispose();
  return stored;
}

function checkTensor(source: TensorSource, name: string, expected: readonly number[]): void {
  const asks = `this run has one of [${expected.join(", ")}]`;
  if (!source.has(name)) throw new Error(`${source.path}: there is no tensor "${name}", but ${asks}`);
  const { shape } = source.info(name);
  if (shape.join() !== expected.join()) {
    throw new Error(`${source.path}: tensor "${name}" is [${shape.join(", ")}], but ${asks}`);
  }
}
