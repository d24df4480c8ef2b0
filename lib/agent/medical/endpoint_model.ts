/** A model behind an endpoint, named by one variable of the environment. */
import { z } from "zod";
import { type ChatModel, openaiChatModel } from "../chat/mod.ts";

const models = z.object({ data: z.array(z.object({ id: z.string() })).min(1) });

/** Which endpoint. */
export interface EndpointModelOptions {
  /** Base URL, such as `http://127.0.0.1:8000/v1`. */
  endpoint: string;
  /** As the endpoint calls it. Default: the first that it lists. */
  model?: string;
  apiKey?: string;
  signal?: AbortSignal;
}

/**
 * A model of an endpoint that speaks OpenAI's language, such as vLLM, as a chat model; the endpoint is asked which it has.
 *
 * @throws When the endpoint cannot be reached or lists no model; the message names it.
 */
export async function endpointModel({ endpoint, model, apiKey, signal }: EndpointModelOptions): Promise<ChatModel> {
  const baseURL = endpoint.replace(/\/+$/, "");
  return openaiChatModel({
    baseURL,
    apiKey,
    model: model ?? await firstModel(baseURL, apiKey, signal),
    readTags: true,
  });
}

async function firstModel(
  baseURL: string,
  apiKey: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const patience = AbortSignal.timeout(10_000);
  try {
    const response = await fetch(`${baseURL}/models`, {
      headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
      signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`it answered ${response.status}`);
    }
    return models.parse(await response.json()).data[0].id;
  } catch (error) {
    signal?.throwIfAborted();
    const why = error instanceof z.ZodError
      ? "it lists no models"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new Error(`${baseURL}/models: ${why}. Check KILN_ENDPOINT, or name the model by KILN_MODEL.`, {
      cause: error,
    });
  }
}

/**
 * The model that the environment names: KILN_ENDPOINT, and where they are needed KILN_MODEL and KILN_API_KEY. Null where there is no
 * KILN_ENDPOINT.
 *
 * @throws As `endpointModel`.
 */
export async function endpointModelFromEnvironment(
  { signal, get = (name) => Deno.env.get(name) }: { signal?: AbortSignal; get?: (name: string) => string | undefined } =
    {},
): Promise<ChatModel | null> {
  const endpoint = get("KILN_ENDPOINT")?.trim();
  if (!endpoint) return null;
  return await endpointModel({
    endpoint,
    model: get("KILN_MODEL") || undefined,
    apiKey: get("KILN_API_KEY") || undefined,
    signal,
  });
}
