/**
 * What a service asks of its models: tokens of many requests at once, vectors, and how it is doing. The models themselves run in
 * a worker, since a run of ONNX Runtime blocks its thread.
 */
import type { ChatMessage, Tokenizer, ToolDefinition } from "../../tokenizer/mod.ts";

/** A model that requests can name. */
export interface ServedModel {
  id: string;
  kind: "base" | "adapter" | "embedder";
  /** Tokens that it reads, its reply included. */
  contextTokens: number;
  /** When it was loaded, in seconds since 1970. */
  created: number;
}

/** What the model goes on with. */
export type EngineInput =
  | {
    /** Rendered by the chat template. What looks like a special token in them is given to the model as plain text. */
    messages: readonly ChatMessage[];
    tools?: readonly ToolDefinition[];
    /** Text that the reply begins with; it is no part of the tokens that come. */
    prefill?: string;
    /** Other variables of the chat template, such as `{ enable_thinking: false }`. */
    templateVariables?: Readonly<Record<string, unknown>>;
  }
  /** A text as it is; special tokens in it are special. */
  | { text: string }
  | { tokenIds: readonly number[] };

/** A request for tokens; the names are those of `generate`. */
export interface GenerateRequest {
  /** The id of the base model or of an adapter. */
  model: string;
  input: EngineInput;
  /** Default 1; 0 is greedy. */
  temperature?: number;
  topP?: number;
  topK?: number;
  minP?: number;
  repetitionPenalty?: number;
  /** Tokens at most. Default: what the context has left, 512 at most. More than the context has left means what it has left. */
  maxTokens?: number;
  /** Texts at which it ends; they are left out of the text. */
  stop?: readonly string[];
  /** Tokens at which it ends besides the model's own. */
  stopTokenIds?: readonly number[];
  /** Leave special tokens out of the text, where stop texts are looked for too. Default true. */
  skipSpecialTokens?: boolean;
  /** The same seed draws the same tokens, whatever else is running. Default: another one each time. */
  seed?: number;
  /** Alternatives reported with each token, 0 to 20. Undefined: none, and no log-probability either. */
  topLogProbs?: number;
  /** Whether the start says which tokens the prompt is. Default false. */
  returnPromptTokenIds?: boolean;
}

/** A token that might have been drawn. */
export interface TokenAlternative {
  tokenId: number;
  /** Its text; a piece of a character is shown as U+FFFD, and what the tokenizer has no text for as nothing. */
  text: string;
  logProb: number;
}

/** What comes of a request: a start, tokens, an end. */
export type EngineEvent =
  | {
    /** The prompt has been read: the first token comes next. */
    type: "start";
    promptTokens: number;
    /** Of them, those that earlier requests had read already. */
    cachedTokens: number;
    /** What the reply begins with although no token says so: reasoning that the chat template began, then `prefill`. May be empty. */
    begun: string;
    /** Where the request asks for them. */
    promptTokenIds?: readonly number[];
  }
  | {
    type: "token";
    tokenId: number;
    /** The text that is certain with this token; may be empty. */
    text: string;
    /** At the request's temperature (at 1 when greedy), before truncation and penalty. */
    logProb?: number;
    /** Beside `logProb`: the token by itself, as in {@linkcode TokenAlternative}; `text` may be more or less than that. */
    tokenText?: string;
    /** Likeliest first. */
    topLogProbs?: readonly TokenAlternative[];
  }
  | {
    type: "end";
    /** `"stop"`: at an end-of-text token or a stop text. `"length"`: at `maxTokens` or the end of the context. */
    finishReason: "stop" | "length";
    promptTokens: number;
    completionTokens: number;
    cachedTokens: number;
  };

/** How an engine is doing. */
export type EngineState = "ready" | "closing" | "closed" | "crashed";

/** Counts since the engine was opened, and what is going on now. */
export interface EngineStats {
  state: EngineState;
  /** Why it crashed; undefined otherwise. */
  failure?: string;
  /** Requests whose tokens are being drawn. */
  activeRows: number;
  /** Rows that there are. */
  maxRows: number;
  /** Requests that wait for a row, those whose prompt is being read included. */
  waiting: number;
  /** Requests that wait because their reader does not keep up. */
  paused: number;
  /** Requests that may be waiting or paused at most. */
  maxQueue: number;
  requests: { finished: number; aborted: number; failed: number; refused: number };
  /** Tokens of prompts, of them those that were not read again, and tokens drawn. */
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** Of them, tokens drawn in the last ten seconds, a second. */
  tokensPerSecond: number;
  /** Beginnings of prompts that are kept. */
  prefixCache: { bytes: number; maxBytes: number; hits: number; lookups: number };
  embeddings: { texts: number; tokens: number };
  /** Of the whole process, in bytes. */
  memory: { rss: number; heapUsed: number; external: number };
  uptimeSeconds: number;
}

/** Options of `Engine.generate`. */
export interface GenerateCallOptions {
  /** Frees the row; the iteration throws its reason. */
  signal?: AbortSignal;
}

/** Options of `Engine.embed`. */
export interface EmbedOptions {
  /** Default `"passage"`. A query that is too long is cut, a passage that is too long is an error. */
  kind?: "query" | "passage";
  signal?: AbortSignal;
}

/** Models in a worker. */
export interface Engine {
  /** The base model first, then adapters, then the embedder; as they are now. */
  readonly models: readonly ServedModel[];
  /** The base model's, for counting in this thread. */
  readonly tokenizer: Tokenizer;
  /** Known at once, also when the worker has crashed. */
  readonly state: EngineState;
  /**
   * Draws tokens. Nothing happens before the first `next()`. Leaving the iteration frees the row; a reader that does not keep up
   * has its row taken away until it reads on, and the tokens are the same.
   *
   * @throws {EngineRequestError} Before the start: the request makes no sense, names no model, or is too long.
   * @throws {EngineBusyError} Before the start: the queue is full.
   * @throws {EngineUnavailableError} The engine is closed or has crashed.
   * @throws {EngineFailure} The model failed in the midst of it, or the reader has stopped reading.
   */
  generate(request: GenerateRequest, options?: GenerateCallOptions): AsyncIterableIterator<EngineEvent>;
  /** Tokens of an input as the model reads it. Throws as `generate` does. */
  countTokens(model: string, input: EngineInput): Promise<number>;
  /**
   * A vector for each text, and how many tokens they have together.
   *
   * @throws {EngineRequestError} There is no embedder, or a text is too long; the message names its place.
   */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<{ vectors: Float32Array[]; tokens: number }>;
  /**
   * Loads an adapter while others are written, which go on after it. An adapter of a rank or with layers that no other has needs
   * programs of its own: that takes a moment, and memory for one more copy of the weights.
   *
   * @param id What requests call it. To replace an adapter, unload it first.
   * @param folder As PEFT or Kiln saved it.
   * @throws {EngineRequestError} There is such an id, there are as many as may be (`runtimeAdapters`), or it is no adapter of the model.
   */
  loadAdapter(id: string, folder: string): Promise<void>;
  /**
   * Takes away an adapter that was loaded so. Requests that began with it finish on it; then its memory is given back.
   *
   * @throws {EngineRequestError} There is none of that id that was loaded so.
   */
  unloadAdapter(id: string): Promise<void>;
  /** Never throws: a crashed engine gives what was known last. */
  stats(): Promise<EngineStats>;
  /**
   * Takes no more requests, and ends.
   *
   * @param options.graceSeconds Time for those that are pending to finish; what is left then is rejected. Default 0.
   */
  dispose(options?: { graceSeconds?: number }): Promise<void>;
}
