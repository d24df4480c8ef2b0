/** Runs AdamW's programs on one parameter after the other. */
import { type DeviceTensor, type Engine, type Program, ProgramCache } from "../engine/mod.ts";
import { sizeOf, type Tensor } from "../graph/mod.ts";
import {
  adamw8bitGraph,
  ADAMW_STEP_INPUTS,
  adamwGraph,
  type AdamWOptions,
  MUON_STEP_INPUTS,
  muonGraph,
} from "../kernels/mod.ts";
import { type Moments, momentTensors } from "./moments.ts";
import type { Optim } from "./optimizer_options.ts";

/**
 * How many numbers are updated at a time where programs work on the process's own memory. What an update computes on its way
 * then stays in the processor's cache: half as fast again as a large tensor at once, and none of its memory.
 */
const SLICE = 1 << 16;

/** A parameter with its gradient and moments. */
export interface ParameterState {
  parameter: DeviceTensor;
  gradient: DeviceTensor;
  moments: Moments;
}

/** The updates of one run. */
export class ParameterUpdate {
  readonly #programs: ProgramCache;

  constructor(readonly engine: Engine, readonly constants: AdamWOptions & { muonMomentum: number }) {
    this.#programs = new ProgramCache(engine);
  }

  /**
   * Updates a parameter: in place where tensors share the process's memory, so that views of them elsewhere stay true;
   * elsewhere in new tensors, and the old ones are disposed.
   *
   * @param step The step's numbers, `ADAMW_STEP_INPUTS` and `MUON_STEP_INPUTS`.
   */
  async run(
    format: Optim,
    state: ParameterState,
    step: Readonly<Record<string, DeviceTensor>>,
  ): Promise<Omit<ParameterState, "gradient">> {
    const names = format === "muon" ? MUON_STEP_INPUTS : ADAMW_STEP_INPUTS;
    const scalars = Object.fromEntries(names.map((name) => [name, step[name]]));
    const { parameter: old, gradient, moments: oldMoments } = state;
    if (this.engine.sharesMemory) {
      if (format === "muon") {
        const written = { parameter: old, ...oldMoments };
        await (await this.#program(format, old.shape)).run({ ...written, gradient, ...scalars }, written);
      } else await this.#inSlices(format, state, scalars);
      return state;
    }
    const program = await this.#program(format, old.shape);
    const { parameter, ...moments } = await program.run({ parameter: old, gradient, ...oldMoments, ...scalars });
    [old, ...Object.values(oldMoments)].forEach((tensor) => tensor.dispose());
    return { parameter, moments };
  }

  async #inSlices(
    format: Optim,
    { parameter, gradient, moments }: ParameterState,
    scalars: Readonly<Record<string, DeviceTensor>>,
  ): Promise<void> {
    const size = sizeOf(parameter.shape);
    const whole = momentTensors(format, [SLICE]);
    for (let start = 0; start < size; start += SLICE) {
      const shape = [Math.min(SLICE, size - start)];
      const view = (tensor: DeviceTensor, viewed: readonly number[], perSlice: number) => {
        const from = start / SLICE * perSlice;
        return this.engine.upload(tensor.data!.subarray(from, from + sizeOf(viewed)), viewed);
      };
      const written: Record<string, DeviceTensor> = { parameter: view(parameter, shape, SLICE) };
      for (const [name, part] of Object.entries(momentTensors(format, shape))) {
        written[name] = view(moments[name], part.shape, sizeOf(whole[name].shape));
      }
      const read = view(gradient, shape, SLICE);
      try {
        await (await this.#program(format, shape)).run({ ...written, gradient: read, ...scalars }, written);
      } finally {
        [...Object.values(written), read].forEach((tensor) => tensor.dispose());
      }
    }
  }

  /** One program serves all float32 tensors of a rank, but with 8-bit moments, and of Muon, each shape has its own. */
  #program(format: Optim, shape: readonly number[]): Promise<Program> {
    const build = (): Record<string, Tensor> => {
      if (format === "muon") return muonGraph(this.constants.muonMomentum, shape);
      return format === "adamw" ? adamwGraph(this.constants, shape.length) : adamw8bitGraph(this.constants, shape);
    };
    return this.#programs.get(`${format} ${format === "adamw" ? shape.length : shape}`, build);
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}
