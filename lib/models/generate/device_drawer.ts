/** Drawing tokens on the device, or from as few numbers of it as a kind of sampling needs. */
import type { DeviceTensor, Program, ProgramCache } from "../../engine/mod.ts";
import { concat, div, exp, Graph, mul, reduceMax, softmax, sub, sum, type Tensor } from "../../graph/mod.ts";
import { BELOW_ONE, drawTokens } from "../../kernels/mod.ts";
import type { CausalLM } from "../causal_lm.ts";
import { type Draw, type Drawer, type DrawnToken, inPlace, type Scores } from "./draws.ts";
import { sampled } from "./host_drawer.ts";
import type { GenerationSettings } from "./options.ts";
import { checkFinite, type NextTokenScores, Sampler } from "./sample.ts";

/** What is read back of a row of scores: nothing but its draws, or the numbers that the sampler needs. */
type Needed = "draws" | "probabilities" | "logits";

/** What draws of these settings need. */
function neededScores({ sampling, logitsProcessor }: GenerationSettings, truncates: boolean): Needed {
  if (logitsProcessor || sampling.repetitionPenalty !== 1) return "logits";
  return truncates && sampling.temperature > 0 ? "probabilities" : "draws";
}

/** Draws for one generation. */
export class DeviceDrawer implements Drawer {
  readonly #sampler: Sampler;
  readonly #needed: Needed;
  readonly #temperature: number;
  /** Scores that were read: one prompt's serve all of its samples. */
  readonly #read = new WeakMap<Scores, Promise<NextTokenScores>>();

  /** @param inverseTemperature On the device, of rank 0: 1 / temperature, 1 when greedy. */
  constructor(
    readonly model: CausalLM,
    readonly programs: ProgramCache,
    readonly inverseTemperature: DeviceTensor,
    settings: GenerationSettings,
  ) {
    this.#sampler = new Sampler(model.config.vocabSize, settings.sampling);
    this.#needed = neededScores(settings, this.#sampler.truncates);
    this.#temperature = settings.sampling.temperature;
  }

  async draw(scores: Scores, draws: readonly Draw[]): Promise<DrawnToken[]> {
    if (this.#needed === "draws") return await this.#drawOnDevice(scores, draws);
    let read = this.#read.get(scores);
    if (!read) this.#read.set(scores, read = this.#readScores(scores, this.#needed));
    const numbers = await read;
    return draws.map((draw) => sampled(this.#sampler, numbers, draw));
  }

  async #drawOnDevice({ tensors: { logits } }: Scores, draws: readonly Draw[]): Promise<DrawnToken[]> {
    const { model: { engine }, inverseTemperature } = this;
    const isGreedy = this.#temperature === 0;
    const feeds: Record<string, DeviceTensor> = {
      row: engine.upload(Int32Array.from(draws, ({ row }) => row), [draws.length]),
    };
    if (!isGreedy) {
      // As a float32 the number may be rounded up to 1, where no token is.
      const uniform = Float32Array.from(draws, ({ stream }) => Math.min(stream.random.float(), BELOW_ONE));
      feeds.uniform = engine.upload(uniform, [draws.length]);
    }
    const program = await this.#program(isGreedy ? "greedy draws" : "draws", (inputs) => {
      const { graph } = inputs.logits;
      const row = graph.input("row", ["draws"], "int32");
      const drawn = drawTokens({ ...inputs, row, uniform: isGreedy ? null : graph.input("uniform", ["draws"]) });
      return { drawn: concat([drawn.token, drawn.logit, drawn.highest, drawn.total], -1) };
    });
    let numbers: Float32Array;
    try {
      const { drawn } = await program.run({ ...feeds, logits, inverseTemperature });
      numbers = await this.#readAndDispose(drawn);
    } finally {
      Object.values(feeds).forEach((tensor) => tensor.dispose());
    }
    return draws.map(({ stream }, i) => {
      const [token, logit, highest, total] = numbers.subarray(4 * i, 4 * i + 4);
      inPlace(stream, () => checkFinite(1 / total));
      const logProb = (logit - highest) / (this.#temperature || 1) - Math.log(total);
      return { token, logProb, isGreedy: logit === highest };
    });
  }

  async #readScores({ tensors: { logits } }: Scores, needed: "probabilities" | "logits"): Promise<NextTokenScores> {
    const { model: { engine }, inverseTemperature } = this;
    const program = await this.#program(
      `highest and ${needed}`,
      ({ logits, inverseTemperature }): Record<string, Tensor> => {
        const highest = reduceMax(logits, -1);
        if (needed === "probabilities") {
          const probabilities = softmax(mul(logits, inverseTemperature));
          return { probabilities, highest: concat([highest, reduceMax(probabilities, -1)], -1) };
        }
        const total = sum(exp(mul(sub(logits, highest), inverseTemperature)), -1);
        return { highest: concat([highest, div(logits.graph.scalar(1), total)], -1) };
      },
    );
    const results = await program.run({ logits, inverseTemperature });
    const highest = await this.#readAndDispose(results.highest);
    const rows = logits.shape[0];
    const scores: NextTokenScores = {
      logits: null,
      probabilities: null,
      highestLogit: Float32Array.from({ length: rows }, (_, row) => highest[2 * row]),
      highestProbability: Float32Array.from({ length: rows }, (_, row) => highest[2 * row + 1]),
    };
    if (needed === "logits") scores.logits = await engine.read(logits) as Float32Array;
    else scores.probabilities = await this.#readAndDispose(results.probabilities);
    return scores;
  }

  async #readAndDispose(tensor: DeviceTensor): Promise<Float32Array> {
    try {
      return await this.model.engine.read(tensor) as Float32Array;
    } finally {
      tensor.dispose();
    }
  }

  async #program(
    name: string,
    outputs: (inputs: { logits: Tensor; inverseTemperature: Tensor }) => Record<string, Tensor>,
  ): Promise<Program> {
    return await this.programs.get(name, () => {
      const graph = new Graph();
      return outputs({
        logits: graph.input("logits", ["rows", this.model.config.vocabSize]),
        inverseTemperature: graph.input("inverseTemperature", []),
      });
    });
  }
}
