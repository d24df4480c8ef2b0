/** A compiled graph as TensorFlow.js runs it. */
import type * as tf from "@tensorflow/tfjs-core";
import { bindDimensions, type Tensor } from "../../graph/mod.ts";
import type { CompileOptions, DeviceTensor, Program } from "../engine.ts";
import { checkedFeeds, checkedTarget, showFeeds } from "../feeds.ts";
import { execute, makePlan, type Plan } from "./interpreter.ts";
import { isTensorFlowTensor, makeTensor, TensorFlowTensor } from "./tensor.ts";

/** What a program needs of its engine. */
interface Owner {
  readonly description: string;
  bytesInUse: number;
  /** Makes the engine's backend the one that TensorFlow.js computes on. */
  use(): void;
}

/** A plan, with inputs checked and results wrapped. */
export class TensorFlowProgram implements Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #inputs: readonly Tensor[];
  readonly #plan: Plan;
  /** Constants and frozen inputs. */
  readonly #frozen = new Map<Tensor, tf.Tensor>();
  #isDisposed = false;

  /** @throws When an operator has no function, or an initializer not the declared shape. */
  constructor(
    readonly engine: Owner,
    readonly outputs: CompileOptions["outputs"],
    initializers: CompileOptions["initializers"] = {},
    readonly onDispose: () => void,
  ) {
    this.outputNames = Object.keys(outputs);
    const tensors = Object.values(outputs);
    engine.use();
    try {
      this.#plan = makePlan(tensors, this.#frozen);
      const used = new Set([...tensors, ...this.#plan.nodes.flatMap(({ inputs }) => inputs)]);
      const declared = tensors[0].graph.inputs.filter((input) => used.has(input));
      this.#inputs = declared.filter(({ name }) => !(name in initializers));
      for (const input of declared) {
        const value = initializers[input.name];
        if (!value) continue;
        bindDimensions([{ tensor: input, shape: value.shape }]);
        this.#frozen.set(input, makeTensor(value.data, value.shape, input.dtype));
      }
    } catch (error) {
      this.#free();
      throw error;
    }
    this.inputNames = this.#inputs.map(({ name }) => name);
  }

  // deno-lint-ignore require-await -- what a program throws rejects its promise
  async run(
    feeds: Readonly<Record<string, DeviceTensor>>,
    into: Readonly<Record<string, DeviceTensor>> = {},
  ): Promise<Record<string, DeviceTensor>> {
    if (this.#isDisposed) throw new Error("the program was disposed");
    const { given, sizes } = checkedFeeds(this.#inputs, feeds, isTensorFlowTensor);
    const targets = new Map(
      Object.keys(into).map((name) => [name, checkedTarget(this.outputs, into, name, sizes, isTensorFlowTensor)]),
    );
    const values = new Map(this.#frozen);
    given.forEach(({ tensor }, position) => values.set(this.#inputs[position], tensor));
    // From here to the results nothing is awaited: another engine's run would change the backend.
    this.engine.use();
    let results: tf.Tensor[];
    try {
      results = execute(this.#plan, values, sizes);
    } catch (error) {
      const what = error instanceof Error ? error.message : error;
      throw new Error(`${this.engine.description}, given ${showFeeds(this.#inputs, given)}: ${what}`);
    }
    const outputs: Record<string, DeviceTensor> = {};
    this.outputNames.forEach((name, position) => {
      const target = targets.get(name);
      target?.replace(results[position]);
      outputs[name] = target ??
        new TensorFlowTensor(this.engine, results[position], this.outputs[name].dtype);
    });
    return outputs;
  }

  dispose(): Promise<void> {
    if (!this.#isDisposed) {
      this.#isDisposed = true;
      this.#free();
      this.onDispose();
    }
    return Promise.resolve();
  }

  #free(): void {
    this.#frozen.forEach((tensor) => tensor.dispose());
  }
}
