/** An engine that says what it was told to say, as slowly as it was told to. */
import type {
  EmbedOptions,
  Engine,
  EngineEvent,
  EngineInput,
  EngineState,
  EngineStats,
  GenerateRequest,
  ServedModel,
} from "../../../lib/serve/engine/mod.ts";
import { EngineRequestError, EngineUnavailableError } from "../../../lib/serve/engine/mod.ts";
import { StreamDecoder, Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { HOUSE_MODEL } from "../../support/house_model.ts";

/** What the script says to a request. */
export interface ScriptedReply {
  /** In tokens as the house model's tokenizer cuts it. */
  text: string;
  /** The whole script this many times. Default 1. */
  times?: number;
  begun?: string;
  /** Milliseconds before each token. Default 0. */
  pause?: number;
  finishReason?: "stop" | "length";
  /** Thrown where the start would be. */
  refusal?: Error;
  /** Thrown after so many tokens. */
  failure?: { after: number; error: Error };
}

/** The engine, and what it has seen. */
export interface ScriptedEngine extends Engine {
  readonly requests: GenerateRequest[];
  /** Adapters that were loaded while it ran: ids and folders. */
  readonly loaded: ReadonlyMap<string, string>;
  /** Replies that are being written now. */
  readonly active: number;
  /** Tokens that were made, of all replies. */
  readonly drawn: number;
  /** The worst that can happen. */
  crash(): void;
}

const created = 1_700_000_000;

/** A scripted engine with the models `base`, `doctor` (an adapter) and `vectors`. */
export async function scriptedEngine(
  script: (request: GenerateRequest, signal: AbortSignal | undefined) => ScriptedReply,
): Promise<ScriptedEngine> {
  const tokenizer = await Tokenizer.load(HOUSE_MODEL);
  const models: ServedModel[] = [
    { id: "base", kind: "base", contextTokens: 4096, created },
    { id: "doctor", kind: "adapter", contextTokens: 4096, created },
    { id: "vectors", kind: "embedder", contextTokens: 512, created },
  ];
  const requests: GenerateRequest[] = [];
  let [active, drawn, state] = [0, 0, "ready" as EngineState];
  const loaded = new Map<string, string>();
  const idsOf = (input: EngineInput): readonly number[] => {
    if ("tokenIds" in input) return input.tokenIds;
    return tokenizer.encode("text" in input ? input.text : JSON.stringify(input.messages));
  };
  const tokensOf = (input: EngineInput): number => idsOf(input).length;

  async function* generate(
    request: GenerateRequest,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncGenerator<EngineEvent, void> {
    signal?.throwIfAborted();
    if (state === "crashed") throw new EngineUnavailableError("crashed", "the engine has crashed");
    if (!models.some(({ id, kind }) => id === request.model && kind !== "embedder")) {
      throw new EngineRequestError("unknownModel", `no model ${request.model}: there are base, doctor`, "model");
    }
    requests.push(request);
    const reply = script(request, signal);
    if (reply.refusal) throw reply.refusal;
    active++;
    try {
      const promptTokens = tokensOf(request.input);
      yield {
        ...{ type: "start", promptTokens, cachedTokens: 1, begun: reply.begun ?? "" },
        ...(request.returnPromptTokenIds ? { promptTokenIds: idsOf(request.input) } : {}),
      };
      const ids = tokenizer.encode(reply.text);
      const decoder = new StreamDecoder(tokenizer);
      const limit = Math.min(request.maxTokens ?? Infinity, ids.length * (reply.times ?? 1));
      for (let i = 0; i < limit; i++) {
        if (reply.pause) await waited(reply.pause, signal);
        signal?.throwIfAborted();
        if (i === reply.failure?.after) throw reply.failure.error;
        drawn++;
        yield {
          type: "token",
          tokenId: ids[i % ids.length],
          ...tokenParts(ids[i % ids.length], decoder, request, tokenizer),
        };
      }
      const finishReason = reply.finishReason ?? (limit < ids.length * (reply.times ?? 1) ? "length" : "stop");
      yield { type: "end", finishReason, promptTokens, completionTokens: limit, cachedTokens: 1 };
    } finally {
      active--;
    }
  }

  return {
    models,
    tokenizer,
    requests,
    loaded,
    generate,
    loadAdapter: (id, folder) => {
      if (loaded.has(id)) throw new EngineRequestError("option", `model ${id} is served already`, "id");
      loaded.set(id, folder);
      return Promise.resolve();
    },
    unloadAdapter: (id) => {
      if (!loaded.delete(id)) throw new EngineRequestError("unknownModel", `model ${id} is not served`, "id");
      return Promise.resolve();
    },
    get state() {
      return state;
    },
    get active() {
      return active;
    },
    get drawn() {
      return drawn;
    },
    crash: () => void (state = "crashed"),
    countTokens: (_, input) => Promise.resolve(tokensOf(input)),
    embed: (texts: readonly string[], _options?: EmbedOptions) =>
      Promise.resolve({
        vectors: texts.map((text) => Float32Array.of(text.length, 0.1, -0.25)),
        tokens: texts.reduce((sum, text) => sum + tokenizer.encode(text).length, 0),
      }),
    stats: () => Promise.resolve(statsOf(state, active)),
    dispose: () => Promise.resolve(),
  };
}

function tokenParts(
  tokenId: number,
  decoder: StreamDecoder,
  { topLogProbs }: GenerateRequest,
  tokenizer: Tokenizer,
) {
  const text = decoder.push(tokenId);
  if (topLogProbs === undefined) return { text };
  const alternatives = [tokenId, 1].map((id, i) => ({ tokenId: id, text: tokenizer.decode([id]), logProb: -0.5 - i }));
  return {
    text,
    logProb: -0.5,
    tokenText: tokenizer.decode([tokenId]),
    topLogProbs: alternatives.slice(0, topLogProbs),
  };
}

function statsOf(state: EngineState, activeRows: number): EngineStats {
  return {
    state,
    activeRows,
    maxRows: 4,
    waiting: 0,
    paused: 0,
    maxQueue: 8,
    requests: { finished: 0, aborted: 0, failed: 0, refused: 0 },
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    tokensPerSecond: 0,
    prefixCache: { bytes: 0, maxBytes: 0, hits: 0, lookups: 0 },
    embeddings: { texts: 0, tokens: 0 },
    memory: { rss: 0, heapUsed: 0, external: 0 },
    uptimeSeconds: 1,
  };
}

async function waited(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
  });
}
