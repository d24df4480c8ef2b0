/**
 * A decoder block as programs, compiled once and run for every layer: the layers' weights are inputs. A backward pass
 * either recomputes the block (only its input was kept) or starts from the residuals that its forward returned.
 */
import { type Engine, type Program, ProgramCache } from "../engine/mod.ts";
import { gradients, Graph, type Node, splitBackward, type Tensor } from "../graph/mod.ts";
import { attention, rotary, type Weight } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";
import { type LinearModule, modulePath } from "./decoder_block.ts";
import { blockWeightShapes, decoderBlock } from "./families.ts";
import { declareWeight, weightForm } from "./precision.ts";

/** What a backward pass computes gradients for: every weight, the adapter's factors, or nothing but the block's input. */
export type Trainable = "all" | "lora" | "none";

/** What a graph needs to know of an adapter. */
export interface LoraShape {
  modules: readonly LinearModule[];
  r: number;
}

/** No adapter. */
export const NO_LORA: LoraShape = { modules: [], r: 0 };

/** Which variant of the block. */
export interface BlockVariant {
  /** Modules with a low-rank correction, and its rank. */
  lora: LoraShape;
  trainable: Trainable;
  /** Keep residuals in the forward instead of recomputing in the backward. */
  residuals: boolean;
}

/** A block's programs. */
export interface CompiledBlock {
  /** Inputs `x`, `positions`, `cos`, `sin`, `bias`, the weights and factors by name; outputs `y` and the residuals. */
  forward: Program;
  /** The same inputs and `dy`, or the residuals in place of what they replace; outputs `dx` and each gradient as `gradient of NAME`. */
  backward: Program;
}

/** The names under which a module's factors are fed. */
export function loraNames(module: LinearModule): { a: string; b: string } {
  return { a: `${modulePath(module)}.lora_A`, b: `${modulePath(module)}.lora_B` };
}

/** The backward program's output for a weight or factor. */
export function gradientName(name: string): string {
  return `gradient of ${name}`;
}

/** A block on a graph of its own, for one stretch of tokens. */
function blockGraph(config: ModelConfig, lora: LoraShape) {
  const graph = new Graph();
  const x = graph.input("x", ["batch", "tokens", config.hiddenSize]);
  const positions = graph.input("positions", ["batch", "tokens"], "int64");
  const cos = graph.input("cos", ["positions", config.headDim / 2]);
  const sin = graph.input("sin", ["positions", config.headDim / 2]);
  const bias = graph.input("bias", ["batch", 1, 1, "tokens", "tokens"]);
  const { weights, factors, ...parameters } = blockParameters(graph, config, lora, "");
  const { y } = decoderBlock(config, {
    x,
    rotate: (heads) => rotary(heads, positions, cos, sin),
    ...parameters,
    attend: (q, k, v) => attention(q, k, v, bias),
  });
  return { graph, x, y, weights, factors };
}

/**
 * Declares a block's weights and low-rank factors as inputs whose names start with `prefix`.
 *
 * @returns `weights`, those in float32, which can be trained; `factors`; and how a block is given them.
 */
export function blockParameters(graph: Graph, config: ModelConfig, lora: LoraShape, prefix: string) {
  const weights: Record<string, Tensor> = {};
  const compact: Record<string, Weight> = {};
  const shapes = blockWeightShapes(config);
  for (const [name, shape] of Object.entries(shapes)) {
    const form = weightForm(name, shape, config);
    if (form.kind === "float32") weights[name] = graph.input(prefix + name, shape);
    else compact[name] = declareWeight(graph, prefix + name, shape, form);
  }
  const factors: Record<string, Tensor> = {};
  for (const module of lora.modules) {
    const [outputs, inputs] = shapes[`${modulePath(module)}.weight`];
    const { a, b } = loraNames(module);
    factors[a] = graph.input(prefix + a, [lora.r, inputs]);
    factors[b] = graph.input(prefix + b, [outputs, lora.r]);
  }
  const declared = graph.inputs.find((input) => input.name === "scaling");
  const scaling = lora.modules.length === 0 ? undefined : declared ?? graph.input("scaling", []);
  const matrix = (module: LinearModule) => {
    const name = `${modulePath(module)}.weight`;
    return compact[name] ?? weights[name];
  };
  const ofModule = (module: LinearModule) => {
    if (!lora.modules.includes(module)) return undefined;
    const { a, b } = loraNames(module);
    return { a: factors[a], b: factors[b], scaling: scaling! };
  };
  return { weights, factors, weight: (name: string) => weights[name], matrix, lora: ofModule };
}

/** What a block's programs compute, by the names of their outputs. */
export function blockOutputs(
  config: ModelConfig,
  { lora, trainable, residuals }: BlockVariant,
): Record<keyof CompiledBlock, Record<string, Tensor>> {
  const { graph, x, y, weights, factors } = blockGraph(config, lora);
  const forwardNodes: Node[] = [...graph.nodes];
  const dy = graph.input("dy", y.shape);
  const trained = trainable === "all" ? { ...weights, ...factors } : trainable === "lora" ? factors : {};
  const names = ["dx", ...Object.keys(trained).map(gradientName)];
  const computed = gradients([{ tensor: y, gradient: dy }], [x, ...Object.values(trained)]);
  const named = (tensors: readonly Tensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
  if (!residuals) return { forward: { y }, backward: named(computed) };
  const cut = splitBackward(forwardNodes, computed);
  return { forward: { y, ...cut.residuals }, backward: named(cut.outputs) };
}

/** Compiles blocks on demand and keeps them. */
export class BlockPrograms {
  readonly #programs: ProgramCache;
  constructor(engine: Engine, readonly config: ModelConfig) {
    this.#programs = new ProgramCache(engine);
  }

  /** Both programs of a variant. */
  async get(variant: BlockVariant): Promise<CompiledBlock> {
    return { forward: await this.program(variant, "forward"), backward: await this.program(variant, "backward") };
  }

  /**
   * One program of a variant. Each holds as much memory between runs as its largest run took: what only scores needs no
   * backward, and a forward that keeps nothing is the same one whatever is trained.
   */
  program(variant: BlockVariant, part: keyof CompiledBlock): Promise<Program> {
    const { lora, trainable, residuals } = variant;
    const trained = part === "forward" && !residuals ? "" : trainable;
    const key = `${part} ${[...lora.modules].sort()} ${lora.r} ${trained} ${residuals}`;
    return this.#programs.get(key, () => blockOutputs(this.config, variant)[part]);
  }

  /** Frees the programs. */
  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}
