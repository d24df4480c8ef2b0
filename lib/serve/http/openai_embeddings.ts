/** `POST /v1/embeddings`. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { ApiError, badRequest } from "./api_error.ts";
import { readBody } from "./read_body.ts";
import type { Exchange, ServiceContext } from "./service_context.ts";

const embeddingsSchema = z.object({
  model: z.string().min(1).max(512),
  input: z.union([z.string(), z.array(z.string()).min(1), z.array(z.number()), z.array(z.array(z.number()))]),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.number().int().min(1).nullish(),
  /** What the texts are, for models that tell questions from passages. Default: passages. */
  input_type: z.enum(["query", "passage"]).nullish(),
});

/**
 * A vector for each text.
 *
 * @throws {ApiError} 400 for token ids, empty texts and too many of them, 404 for a model that makes no vectors.
 */
export async function embeddings(context: ServiceContext, exchange: Exchange): Promise<Response> {
  const { limits, metrics, admission } = context;
  const body = await readBody(exchange.request, embeddingsSchema, limits);
  const texts = readTexts(body.input, limits.maxInputs);
  const engine = context.engine();
  const model = engine.models.find(({ id }) => id === body.model);
  if (model?.kind !== "embedder") {
    const known = engine.models.filter(({ kind }) => kind === "embedder").map(({ id }) => id);
    throw new ApiError(
      404,
      `${JSON.stringify(body.model)} makes no vectors here; ${
        known.length === 0 ? "no model does: start the service with --embedder" : `${known.join(", ")} does`
      }`,
      { code: "model_not_found", param: "model" },
    );
  }
  const ticket = admission.enter(exchange.client);
  const lifetime = context.lifetime(exchange);
  const work = (async () => {
    const { vectors, tokens } = await engine.embed(texts, {
      kind: body.input_type ?? "passage",
      signal: lifetime.signal,
    });
    metrics.promptTokens.add(tokens);
    return answerOf(body, vectors, tokens);
  })();
  return await context.answer({ exchange, lifetime, work, free: () => ticket.leave() });
}

function answerOf(
  { model, dimensions, encoding_format: format }: z.infer<typeof embeddingsSchema>,
  vectors: readonly Float32Array[],
  tokens: number,
): object {
  const width = vectors[0].length;
  if ((dimensions ?? width) !== width) {
    throw badRequest(`dimensions: ${model} gives ${width}, and cannot give others`, "dimensions");
  }
  return {
    object: "list",
    model,
    data: vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: format === "base64" ? base64(vector) : [...vector],
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function readTexts(input: z.infer<typeof embeddingsSchema>["input"], maxInputs: number): string[] {
  const texts = typeof input === "string" ? [input] : input;
  if (!texts.every((text) => typeof text === "string")) {
    throw badRequest("input: token ids of other tokenizers mean nothing here; send texts", "input");
  }
  if (texts.length > maxInputs) {
    throw badRequest(`input: at most ${maxInputs} texts here, got ${texts.length}`, "input");
  }
  const empty = texts.findIndex((text) => text.trim() === "");
  if (empty >= 0) throw badRequest(`input${typeof input === "string" ? "" : `[${empty}]`}: the text is empty`, "input");
  return texts;
}

/** 32-bit floats, little-endian. */
function base64(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  vector.forEach((value, i) => bytes.writeFloatLE(value, 4 * i));
  return bytes.toString("base64");
}
