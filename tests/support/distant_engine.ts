/** An engine whose tensors cannot be seen from outside, as on a GPU, though it computes on the CPU. */
import type { DeviceTensor, Engine, Program, TensorData } from "../../lib/engine/mod.ts";
import { EngineAround } from "./engine_around.ts";

/** A tensor that shows no data. */
class DistantTensor implements DeviceTensor {
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
  dispose() {
    this.near.dispose();
  }
}

type Tensors = Readonly<Record<string, DeviceTensor>>;

function mapped(tensors: Tensors, change: (tensor: DeviceTensor) => DeviceTensor): Record<string, DeviceTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor)]));
}

const near = (tensor: DeviceTensor) => (tensor as DistantTensor).near;
const distant = (tensor: DeviceTensor) => new DistantTensor(tensor);

/** Counts the reads and the programs' runs. */
export class DistantEngine extends EngineAround {
  reads = 0;
  runs = 0;

  override get sharesMemory() {
    return false;
  }
  override upload(...args: Parameters<Engine["upload"]>) {
    return distant(super.upload(...args));
  }
  override async store(...args: Parameters<Engine["store"]>) {
    return distant(await super.store(...args));
  }
  override zeros(shape: readonly number[]) {
    return distant(super.zeros(shape));
  }
  override async read(tensor: DeviceTensor): Promise<TensorData> {
    this.reads++;
    return (await super.read(near(tensor))).slice();
  }
  override async compile(...args: Parameters<Engine["compile"]>): Promise<Program> {
    const program = await super.compile(...args);
    return {
      inputNames: program.inputNames,
      outputNames: program.outputNames,
      run: async (feeds: Tensors, into: Tensors = {}) => {
        this.runs++;
        if (Object.keys(into).length > 0) throw new Error("nothing can be written in place");
        return mapped(await program.run(mapped(feeds, near)), distant);
      },
      dispose: () => program.dispose(),
    };
  }
}
