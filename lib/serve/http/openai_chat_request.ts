/** What is asked of `POST /v1/chat/completions`. */
import { z } from "zod";
import type { ChatMessage, ToolDefinition } from "../../tokenizer/mod.ts";
import type { GenerateRequest } from "../engine/mod.ts";
import { badRequest } from "./api_error.ts";
import type { Limits } from "./limits.ts";
import { readChoices, readSampling, samplingFields, seedOf } from "./openai_fields.ts";

const textPart = z.object({ type: z.literal("text", "only text parts are read here"), text: z.string() });
const content = z.union([z.string(), z.array(textPart)]);

const toolCall = z.object({
  id: z.string().optional(),
  type: z.literal("function").default("function"),
  function: z.object({ name: z.string().min(1), arguments: z.string() }),
});

const message = z.discriminatedUnion("role", [
  z.object({ role: z.literal(["system", "developer"]), content, name: z.string().nullish() }),
  z.object({ role: z.literal("user"), content, name: z.string().nullish() }),
  z.object({
    role: z.literal("assistant"),
    content: content.nullish(),
    name: z.string().nullish(),
    tool_calls: z.array(toolCall).nullish(),
  }),
  z.object({ role: z.literal("tool"), content, tool_call_id: z.string().min(1), name: z.string().nullish() }),
]);

const tool = z.object({
  type: z.literal("function", "only tools of type function are known here"),
  function: z.object({
    name: z.string().regex(/^[\w.-]{1,64}$/, "expected 1 to 64 letters, digits, _, . or -"),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

/** The request as clients send it; what is not named here is passed over. */
export const chatCompletionSchema = z.object({
  ...samplingFields,
  messages: z.array(message).min(1, "expected at least one message"),
  tools: z.array(tool).max(128).nullish(),
  tool_choice: z.union([z.enum(["none", "auto", "required"]), z.object({ type: z.string() })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: z.object({ type: z.enum(["text", "json_object", "json_schema"]) }).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.number().int().min(0).max(20).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  /** As vLLM calls other variables of the chat template, such as `enable_thinking`. */
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
  functions: z.array(z.unknown()).nullish(),
});

/** A request that can be served. */
export interface ChatCompletionCall {
  model: string;
  messages: readonly ChatMessage[];
  /** Empty: calls are no calls, but text. */
  tools: readonly ToolDefinition[];
  /** Whether more than one call of a reply is given. */
  allowsParallelCalls: boolean;
  isStreamed: boolean;
  includeUsage: boolean;
  /** Whether the answer says which tokens prompt and replies are. */
  showsTokenIds: boolean;
  /** One for each reply. */
  requests: readonly GenerateRequest[];
}

/**
 * Makes requests of the engine from a request of a client.
 *
 * @throws {ApiError} 400 for what cannot be kept, naming the field.
 */
export function readChatCompletion(
  body: z.infer<typeof chatCompletionSchema>,
  limits: Pick<Limits, "maxTokens" | "maxChoices">,
): ChatCompletionCall {
  if (body.functions) throw badRequest("functions are not known here: use tools", "functions");
  const format = body.response_format?.type ?? "text";
  if (format !== "text") {
    throw badRequest(
      `response_format ${format} cannot be promised here, since drawing is not bound to a grammar: ask for JSON in the ` +
        "messages, and check what comes",
      "response_format",
      "unsupported_response_format",
    );
  }
  const choice = body.tool_choice ?? "auto";
  if (choice !== "auto" && choice !== "none") {
    throw badRequest("tool_choice: only none and auto can be kept here", "tool_choice");
  }
  if ((body.top_logprobs ?? 0) > 0 && !body.logprobs) {
    throw badRequest("top_logprobs needs logprobs: true", "top_logprobs");
  }
  const isNew = body.max_completion_tokens !== null && body.max_completion_tokens !== undefined;
  const sampling = readSampling(body, {
    value: isNew ? body.max_completion_tokens : body.max_tokens,
    field: isNew ? "max_completion_tokens" : "max_tokens",
  }, limits);
  const messages = body.messages.map(chatMessage);
  const tools = choice === "none" ? [] : (body.tools ?? []).map(toolDefinition);
  const input = { messages, tools, templateVariables: body.chat_template_kwargs ?? undefined };
  return {
    model: body.model,
    messages,
    tools,
    allowsParallelCalls: body.parallel_tool_calls !== false,
    isStreamed: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
    showsTokenIds: body.return_token_ids === true,
    requests: Array.from({ length: readChoices(body.n, 1, limits) }, (_, index) => ({
      ...sampling,
      model: body.model,
      input,
      seed: seedOf(sampling, index),
      topLogProbs: body.logprobs ? body.top_logprobs ?? 0 : undefined,
    })),
  };
}

/** As chat templates read it. Earlier reasoning is left out: models are not trained to read it. */
function chatMessage(given: z.infer<typeof message>): ChatMessage {
  const read: ChatMessage = {
    role: given.role === "developer" ? "system" : given.role,
    content: textOf(given.content),
  };
  if (given.name) read.name = given.name;
  if (given.role === "tool") read.tool_call_id = given.tool_call_id;
  if (given.role === "assistant" && given.tool_calls && given.tool_calls.length > 0) read.tool_calls = given.tool_calls;
  return read;
}

function textOf(given: z.infer<typeof content> | null | undefined): string {
  if (typeof given === "string") return given;
  return (given ?? []).map(({ text }) => text).join("");
}

function toolDefinition({ function: { name, description, parameters } }: z.infer<typeof tool>): ToolDefinition {
  return {
    type: "function",
    function: {
      name,
      ...(description ? { description } : {}),
      parameters: parameters ?? { type: "object", properties: {} },
    },
  };
}
