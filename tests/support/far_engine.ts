/**
 * An engine whose tensors are out of reach, as a GPU's are: no `data`, none without elements, and everything that is
 * copied back is counted. Around the CPU's engine it lets what is written for GPUs run where there is none.
 */
import type { CompileOptions, DeviceTensor, Engine, Program, TensorData } from "../../lib/engine/mod.ts";
import { EngineAround } from "./engine_around.ts";

class FarTensor implements DeviceTensor {
  readonly data = null;
  constructor(readonly near: DeviceTensor) {}

  get dtype() {
    return this.near.dtype;
  }
  get shape() {
    return this.near.shape;
  }
  get byteLength() {
    return this.near.byteLength;
  }
  dispose(): void {
    this.near.dispose();
  }
}

type Tensors = Readonly<Record<string, DeviceTensor>>;

function nearOf(tensors: Tensors): Record<string, DeviceTensor> {
  // A tensor made by the inner engine would be a way around this one.
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, (tensor as FarTensor).near]));
}

/** Keeps its tensors away from the caller. */
export class FarEngine extends EngineAround {
  /** Times that `read` was called, and bytes that it copied, since they were last set. */
  reads = 0;
  bytesRead = 0;

  override get sharesMemory() {
    return false;
  }

  override async compile(options: CompileOptions): Promise<Program> {
    const program = await this.engine.compile(options);
    return {
      inputNames: program.inputNames,
      outputNames: program.outputNames,
      run: async (feeds: Tensors, into: Tensors = {}) => {
        if (Object.keys(into).length > 0) throw new Error("nothing can be written in place");
        const outputs = await program.run(nearOf(feeds));
        return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, this.#far(tensor)]));
      },
      dispose: () => program.dispose(),
    };
  }

  override upload(...args: Parameters<Engine["upload"]>): DeviceTensor {
    return this.#far(this.engine.upload(...args));
  }
  override async store(...args: Parameters<Engine["store"]>): Promise<DeviceTensor> {
    // What is stored is the device's own: a caller who writes to the array afterwards changes nothing there.
    const [data, ...rest] = args;
    return this.#far(await this.engine.store(data.slice() as TensorData, ...rest));
  }
  override zeros(shape: readonly number[]): DeviceTensor {
    return this.#far(this.engine.zeros(shape));
  }
  override async read(tensor: DeviceTensor): Promise<TensorData> {
    this.reads++;
    this.bytesRead += tensor.byteLength;
    return (await this.engine.read((tensor as FarTensor).near)).slice() as TensorData;
  }

  #far(tensor: DeviceTensor): DeviceTensor {
    if (tensor.shape.includes(0)) throw new Error(`a device cannot hold a tensor of [${tensor.shape}]`);
    return new FarTensor(tensor);
  }
}
