/** What the worker does: it answers what is asked, and takes step after step in between. */
import { setImmediate } from "node:timers";
import { type BatchEvent, BatchFullError, ContinuousBatch } from "../../models/mod.ts";
import { AdapterJobs } from "./adapter_jobs.ts";
import { EmbedJobs } from "./embed_jobs.ts";
import type { GenerateRequest } from "./engine.ts";
import { EngineBusyError, EngineRequestError, EngineUnavailableError } from "./errors.ts";
import type { LoadedModels } from "./loaded_models.ts";
import {
  type Answer,
  type AskedBody,
  clientMessageSchema,
  errorMessage,
  readBody,
  type WorkerMessage,
  type WorkerOptions,
  type WorkerStats,
} from "./protocol.ts";
import { Throughput } from "./throughput.ts";
import { WrittenRequest } from "./written_request.ts";

/** Tokens of a reply where a request does not say. */
const DEFAULT_MAX_TOKENS = 512;

/** The loop of one worker. */
export class WorkerLoop {
  readonly #batch: ContinuousBatch;
  readonly #embed: EmbedJobs;
  readonly #adapters: AdapterJobs;
  readonly #written = new Map<number, WrittenRequest>();
  readonly #throughput = new Throughput();
  #answers: (readonly [number, Answer])[] = [];
  #refused = 0;
  #isClosing = false;
  /** Settles when something was asked. */
  #wake = Promise.withResolvers<void>();

  constructor(
    readonly models: LoadedModels,
    readonly options: WorkerOptions,
    readonly post: (message: WorkerMessage) => void,
  ) {
    const { maxRows, maxQueue, pieceTokens, prefixCacheBytes, adapters, runtimeAdapters } = options;
    const { model, decoders, embedder } = models.loaded;
    this.#batch = new ContinuousBatch(model, {
      decoders,
      maxRows,
      maxQueue,
      pieceTokens,
      prefixCacheBytes: Math.floor(prefixCacheBytes / (1 + adapters.length + runtimeAdapters)),
    });
    this.#embed = new EmbedJobs(embedder, maxQueue);
    this.#adapters = new AdapterJobs(models, this.#batch, runtimeAdapters);
  }

  /** Takes what the client says. */
  receive(data: unknown): void {
    const message = clientMessageSchema.parse(data);
    if (message.type === "close") this.#isClosing = true;
    else if (message.type === "read") this.#written.get(message.id)?.read(message.tokens);
    else if (message.type === "drop") this.#drop(message.id);
    else this.#ask(message.id, message.body);
    this.#wake.resolve();
  }

  /** Runs until the client closes. */
  async run(): Promise<void> {
    while (!this.#isClosing) {
      if (!this.#batch.busy && !this.#embed.busy && !this.#adapters.busy) {
        this.#flush();
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
        continue;
      }
      if (this.#batch.busy) await this.#batch.step();
      await this.#embedSome();
      // Between two steps, since programs must not be made while others run.
      for (const [id, answer] of await this.#adapters.step()) this.#answer(id, answer);
      this.#throughput.note(this.#batch.counts.completionTokens);
      this.#flush();
      // A run of the model blocks this thread: messages are let in between.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const error = errorMessage(
      new EngineUnavailableError("closed", "the engine was closed before the reply was written"),
    );
    for (const id of this.#written.keys()) this.#answer(id, { type: "error", error });
    await this.#batch.dispose();
    await this.#adapters.dispose();
    await this.models.dispose();
    this.#flush();
    this.post({ type: "closed" });
  }

  #ask(id: number, given: unknown): void {
    try {
      const body = readBody(given);
      if (body.type === "generate") this.#generate(id, body.request);
      else this.#answerOrWait(id, body);
    } catch (error) {
      if (error instanceof EngineBusyError) this.#refused++;
      this.#answer(id, { type: "error", error: errorMessage(error) });
    }
    // What is known at once need not wait for the step.
    this.#flush();
  }

  #answerOrWait(id: number, body: Exclude<AskedBody, { type: "generate" }>): void {
    if (body.type === "stats") return this.#answer(id, { type: "stats", stats: this.#stats() });
    if (body.type === "embed") return this.#embed.add(id, body.texts, body.kind);
    if (body.type === "loadAdapter" || body.type === "unloadAdapter") return this.#adapters.add(id, body);
    const { prompts } = this.models.writing(body.model);
    this.#answer(id, { type: "tokens", tokens: prompts.prompt(body.input).ids.length });
  }

  #generate(id: number, request: GenerateRequest): void {
    const { model: modelId, input, stop, maxTokens = DEFAULT_MAX_TOKENS, topLogProbs, ...others } = request;
    const { returnPromptTokenIds = false, stopTokenIds = [], ...sampling } = others;
    const { adapter, tokenizer, prompts, config } = this.models.writing(modelId);
    const { maxPositions, eosTokenIds } = config;
    const { ids, begun } = prompts.prompt(input);
    if (ids.length >= maxPositions) {
      const message =
        `the prompt has ${ids.length} tokens with its tools, and ${modelId} reads ${maxPositions}, its reply ` +
        "included: leave out earlier turns, or shorten the messages or the tools";
      throw new EngineRequestError("tooLong", message, "input");
    }
    const written = new WrittenRequest({
      tokenizer,
      begun,
      promptTokenIds: returnPromptTokenIds ? ids : undefined,
      topLogProbs,
      windowTokens: this.options.windowTokens,
      send: (answer) => this.#answer(id, answer),
    });
    const own = {
      ...sampling,
      promptIds: ids,
      maxNewTokens: Math.min(maxTokens, maxPositions - ids.length),
      seed: request.seed ?? crypto.getRandomValues(new Uint32Array(1))[0],
      stopTokenIds: [...eosTokenIds, ...stopTokenIds],
      stopStrings: stop,
      topLogProbs,
      tokenizer,
      adapter,
    };
    const onEvent = (event: BatchEvent) => {
      written.take(event);
      if (event.kind === "start" || event.kind === "token") return;
      this.#written.delete(id);
      const isWhole = event.kind === "completion" && event.completion.finishReason !== "aborted";
      if (isWhole) this.#throughput.ended(performance.now() - written.startedAt);
    };
    try {
      written.handle = this.#batch.add(own, onEvent);
    } catch (error) {
      if (error instanceof BatchFullError) {
        const { waiting, maxQueue } = error;
        throw new EngineBusyError(waiting, maxQueue, this.#throughput.secondsUntilFree(waiting, this.#batch.maxRows));
      }
      const message = error instanceof Error ? error.message : String(error);
      throw new EngineRequestError("option", message, /^\w+/.exec(message)?.[0]);
    }
    this.#written.set(id, written);
  }

  #drop(id: number): void {
    this.#written.get(id)?.handle?.abort();
    this.#written.delete(id);
    this.#embed.drop(id);
  }

  async #embedSome(): Promise<void> {
    const outcome = await this.#embed.step();
    if (!outcome) return;
    if ("error" in outcome) return this.#answer(outcome.id, { type: "error", error: errorMessage(outcome.error) });
    const { id, vectors, tokens } = outcome;
    this.#answer(id, { type: "vectors", vectors, tokens });
  }

  #stats(): WorkerStats {
    const { counts, occupation: { active, waiting, paused, prefixBytes }, maxRows, maxQueue } = this.#batch;
    const { finished, aborted, failed, promptTokens, cachedTokens, completionTokens, prefixHits, prefixLookups } =
      counts;
    const { heapUsed, external } = Deno.memoryUsage();
    return {
      activeRows: active,
      maxRows,
      waiting,
      paused,
      maxQueue,
      requests: { finished, aborted, failed, refused: this.#refused },
      promptTokens,
      cachedTokens,
      completionTokens,
      tokensPerSecond: this.#throughput.tokensPerSecond(completionTokens),
      prefixCache: {
        bytes: prefixBytes,
        maxBytes: this.options.prefixCacheBytes,
        hits: prefixHits,
        lookups: prefixLookups,
      },
      embeddings: { ...this.#embed.counts },
      heapUsed,
      external,
    };
  }

  #answer(id: number, answer: Answer): void {
    this.#answers.push([id, answer]);
  }

  #flush(): void {
    if (this.#answers.length === 0) return;
    this.post({ type: "answers", answers: this.#answers });
    this.#answers = [];
  }
}
