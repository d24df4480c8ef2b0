/** Drawing tokens on the device, or from as few numbers of it as a kind of sampling needs. */
import type { DeviceTensor, Program, ProgramCache } from "../../engine/mod.ts";
import { concat, div, exp, Graph, mul, reduceMax, softmax, sub, sum, type Tensor } from "../../graph/mod.ts";
import { BELOW_ONE, drawTokens } from "../../kernels/mod.ts";
import type { CausalLM } from "../causal_lm.ts";
import { type Draw, type Drawer, type DrawnToken, inPlace, type Scores, type TokenStream } from "./draws.ts";
import { sampled } from "./host_drawer.ts";
import { checkFinite, type NextTokenScores, Sampler } from "./sample.ts";
import { truncates } from "./truncate.ts";

/** What is read back of a row of scores: nothing but its draws, or the numbers that the sampler needs. */
type Needed = "draws" | "probabilities" | "logits";

/** What the draws of a stream need. */
function neededScores({ sampling, edit, alternatives }: TokenStream, vocabSize: number): Needed {
  if (edit || alternatives > 0 || sampling.repetitionPenalty !== 1) return "logits";
  return truncates(sampling, vocabSize) && sampling.temperature > 0 ? "probabilities" : "draws";
}

/** Draws that are made in one go: they need the same, at the same temperature. */
interface DrawsAlike {
  needed: Needed;
  temperature: number;
  /** Their places among all draws. */
  places: number[];
}

/** Draws of one kind after another: most batches have a single one. */
export class DeviceDrawer implements Drawer {
  readonly #sampler: Sampler;
  /** Scores that were read, by what was read at which temperature: one prompt's serve all of its samples. */
  readonly #read = new WeakMap<Scores, Map<string, Promise<NextTokenScores>>>();

  constructor(readonly model: CausalLM, readonly programs: ProgramCache) {
    this.#sampler = new Sampler(model.config.vocabSize);
  }

  async draw(scores: Scores, draws: readonly Draw[]): Promise<(DrawnToken | Error)[]> {
    const drawn: (DrawnToken | Error)[] = new Array(draws.length);
    for (const { places, needed, temperature } of this.#alike(draws)) {
      const own = places.map((place) => draws[place]);
      const tokens = needed === "draws"
        ? await this.#drawOnDevice(scores, own, temperature)
        : await this.#drawFromRead(scores, own, needed, temperature);
      places.forEach((place, at) => drawn[place] = tokens[at]);
    }
    return drawn;
  }

  #alike(draws: readonly Draw[]): Iterable<DrawsAlike> {
    const kinds = new Map<string, DrawsAlike>();
    for (const [place, { stream }] of draws.entries()) {
      const needed = neededScores(stream, this.model.config.vocabSize);
      const { temperature } = stream.sampling;
      const key = `${needed} at ${temperature}`;
      const kind = kinds.get(key) ?? { needed, temperature, places: [] };
      kinds.set(key, kind);
      kind.places.push(place);
    }
    return kinds.values();
  }

  async #drawFromRead(
    scores: Scores,
    draws: readonly Draw[],
    needed: "probabilities" | "logits",
    temperature: number,
  ): Promise<(DrawnToken | Error)[]> {
    const readBefore = this.#read.get(scores) ?? new Map<string, Promise<NextTokenScores>>();
    this.#read.set(scores, readBefore);
    const key = `${needed} at ${temperature}`;
    const read = readBefore.get(key) ?? this.#readScores(scores, needed, temperature);
    readBefore.set(key, read);
    const numbers = await read;
    return draws.map((draw) => sampled(this.#sampler, numbers, draw));
  }

  /** 1 / temperature of rank 0 on the device, 1 when greedy. */
  #inverse(temperature: number): DeviceTensor {
    return this.model.engine.upload(Float32Array.of(1 / (temperature || 1)), []);
  }

  async #drawOnDevice(
    { tensors: { logits } }: Scores,
    draws: readonly Draw[],
    temperature: number,
  ): Promise<(DrawnToken | Error)[]> {
    const { engine } = this.model;
    const isGreedy = temperature === 0;
    const feeds: Record<string, DeviceTensor> = {
      inverseTemperature: this.#inverse(temperature),
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
      const { drawn } = await program.run({ ...feeds, logits });
      numbers = await this.#readAndDispose(drawn);
    } finally {
      Object.values(feeds).forEach((tensor) => tensor.dispose());
    }
    return draws.map(({ stream }, i) => {
      const [token, logit, highest, total] = numbers.subarray(4 * i, 4 * i + 4);
      return inPlace(stream, () => {
        checkFinite(1 / total);
        const logProb = (logit - highest) / (temperature || 1) - Math.log(total);
        return { token, logProb, isGreedy: logit === highest };
      });
    });
  }

  async #readScores(
    { tensors: { logits } }: Scores,
    needed: "probabilities" | "logits",
    temperature: number,
  ): Promise<NextTokenScores> {
    const { engine } = this.model;
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
    const inverseTemperature = this.#inverse(temperature);
    const results = await program.run({ logits, inverseTemperature }).finally(() => inverseTemperature.dispose());
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
