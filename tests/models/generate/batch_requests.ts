/** Requests in a continuous batch, and what they are compared with. */
import assert from "node:assert/strict";
import {
  type BatchEvent,
  type BatchHandle,
  type BatchRequest,
  type CausalLM,
  type Completion,
  ContinuousBatch,
  type ContinuousBatchOptions,
  type Decoder,
  Decoders,
  generate,
} from "../../../lib/models/mod.ts";
import { assertClose } from "../../support/golden.ts";
import { CountingDecoder } from "./counting_decoder.ts";
import { withSmallModel } from "./models.ts";

/** A request in a batch, with what came of it. */
export class Asked {
  readonly events: BatchEvent[] = [];
  readonly handle: BatchHandle;

  constructor(batch: ContinuousBatch, readonly request: BatchRequest) {
    this.handle = batch.add(request, (event) => this.events.push(event));
  }

  get tokens() {
    return this.events.filter((event) => event.kind === "token");
  }

  get start() {
    return this.events.find((event) => event.kind === "start");
  }

  get completion(): Completion {
    const last = this.events.at(-1);
    assert.ok(last?.kind === "completion", `${last?.kind}: ${last?.kind === "failed" ? last.error : ""}`);
    return last.completion;
  }

  get error(): Error {
    const last = this.events.at(-1);
    assert.ok(last?.kind === "failed", last?.kind);
    return last.error;
  }
}

export async function finish(batch: ContinuousBatch): Promise<void> {
  while (batch.busy) await batch.step();
}

/** What `generate` gives for a request alone. */
export async function alone(
  model: CausalLM,
  { promptIds, ...options }: BatchRequest,
  decoder?: Decoder,
): Promise<Completion> {
  const [[completion]] = await generate(model, { ...options, decoder, prompts: [promptIds] });
  return completion;
}

export function assertSame(actual: Completion, expected: Completion): void {
  assert.deepEqual(actual.tokenIds, expected.tokenIds);
  assert.equal(actual.finishReason, expected.finishReason);
  assert.equal(actual.text, expected.text);
  assertClose(actual.logProbs, expected.logProbs, "log-probabilities", 1e-4);
}

/** A decoder that fails when it is told to, and remembers its steps. */
export class WatchedDecoder extends CountingDecoder {
  /** New tokens a row of each step, with the number of rows. */
  readonly steps: [tokens: number, rows: number][] = [];
  failure: ((tokens: number, rows: number) => boolean) | null = null;

  override run(...[policy, cache, step]: Parameters<CountingDecoder["run"]>): ReturnType<CountingDecoder["run"]> {
    this.steps.push([step.tokens, cache.rows]);
    if (this.failure?.(step.tokens, cache.rows)) throw new Error("out of memory");
    return super.run(policy, cache, step);
  }
}

/** Runs a test with a batch whose decoder is watched. */
export async function withWatched(
  options: ContinuousBatchOptions,
  run: (batch: ContinuousBatch, decoder: WatchedDecoder, model: CausalLM) => Promise<void>,
): Promise<void> {
  await withSmallModel(async (model) => {
    const decoder = new WatchedDecoder(model);
    const decoders = new (class extends Decoders {
      override of = () => decoder;
    })(model);
    for (let positions = 1; positions <= 512; positions *= 2) await model.rotaryTables(positions);
    const before = model.engine.bytesInUse;
    const batch = new ContinuousBatch(model, { ...options, decoders });
    await run(batch, decoder, model);
    await batch.dispose();
    await decoder.dispose();
    assert.equal(model.engine.bytesInUse, before);
  });
}
