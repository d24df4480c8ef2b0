/** A conversation as Gemini's `generateContent` takes it. */
import type { ChatRequest } from "./chat_model.ts";
import { readTurns, type TurnResult } from "./turns.ts";

/** What Gemini wants back with a call: without the signature of its thoughts, newer models refuse the conversation. */
export interface CallMemory {
  /** Whether the id is Gemini's: an id of ours would mean nothing to it. */
  hasOwnId: boolean;
  thoughtSignature?: string;
}

/** How a model thinks, as the API's `thinkingConfig`. */
export interface GeminiThinking {
  /** Whether its thoughts are shown. */
  includeThoughts?: boolean;
  /** Tokens for it, in Gemini 2.5: 0 for none, -1 for as many as it likes. */
  thinkingBudget?: number;
  /** How much, since Gemini 3: such as `"low"` or `"high"`. */
  thinkingLevel?: string;
}

interface Part {
  text?: string;
  thought?: boolean;
  thoughtSignature?: string;
  functionCall?: { id?: string; name: string; args: Readonly<Record<string, unknown>> };
  functionResponse?: { id?: string; name: string; response: Record<string, unknown> };
}

interface Content {
  role: "user" | "model";
  parts: Part[];
}

/** Put where a call came from elsewhere, such as another model: Gemini takes it for "do not check". */
const UNKNOWN_SIGNATURE = "skip_thought_signature_validator";

/**
 * The body of a request. System messages, wherever they stand, become the system instruction.
 *
 * @param calls What is remembered of calls, by id.
 * @throws {TypeError} For a message that cannot be sent, naming it.
 */
export function geminiRequest(
  request: ChatRequest,
  { model, thinking, calls }: {
    model: string;
    thinking?: GeminiThinking;
    calls: ReadonlyMap<string, CallMemory>;
  },
): Record<string, unknown> {
  const { tools = [], temperature = 0, topP, maxTokens = 512, stop = [], seed } = request;
  const system: Part[] = [];
  const contents: Content[] = [];
  for (const turn of readTurns(request.messages)) {
    if (turn.role === "system") system.push({ text: turn.text });
    else if (turn.role === "user") contents.push({ role: "user", parts: [{ text: turn.text }] });
    else if (turn.role === "results") {
      contents.push({ role: "user", parts: turn.results.map((result) => responsePart(result, calls)) });
    } else {
      const parts: Part[] = turn.text === "" ? [] : [{ text: turn.text }];
      for (const [index, { id, name, arguments: args }] of turn.calls.entries()) {
        const memory = calls.get(id);
        // Of calls at once, only the first has a signature.
        const signature = memory ? memory.thoughtSignature : index === 0 && needsSignature(model) && UNKNOWN_SIGNATURE;
        parts.push({
          functionCall: { ...(memory?.hasOwnId ? { id } : {}), name, args },
          ...(signature ? { thoughtSignature: signature } : {}),
        });
      }
      // A turn without parts is refused.
      if (parts.length > 0) contents.push({ role: "model", parts });
    }
  }
  return {
    ...(system.length > 0 ? { systemInstruction: { parts: system } } : {}),
    contents,
    ...(tools.length > 0 ? { tools: [{ functionDeclarations: tools.map(declaration) }] } : {}),
    generationConfig: {
      temperature,
      maxOutputTokens: maxTokens,
      ...(topP === undefined ? {} : { topP }),
      ...(stop.length === 0 ? {} : { stopSequences: [...stop] }),
      ...(seed === undefined ? {} : { seed }),
      ...(thinking === undefined ? {} : { thinkingConfig: thinking }),
    },
  };
}

/** Models since Gemini 3 check signatures, and so may those whose name has no number, such as gemini-flash-latest. */
function needsSignature(model: string): boolean {
  const version = /gemini-(\d+)/.exec(model);
  return version === null || Number(version[1]) >= 3;
}

function declaration({ function: { name, description, parameters } }: NonNullable<ChatRequest["tools"]>[number]) {
  const { $schema: _, ...schema } = parameters ?? {};
  const hasParameters = Object.keys((schema.properties ?? {}) as Record<string, unknown>).length > 0;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(hasParameters ? { parametersJsonSchema: schema } : {}),
  };
}

/** Gemini takes results as objects. */
function responsePart({ id, name, text }: TurnResult, calls: ReadonlyMap<string, CallMemory>): Part {
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch { /* Then it is a text. */ }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const response = isObject ? value as Record<string, unknown> : { result: value };
  return { functionResponse: { ...(calls.get(id)?.hasOwnId ? { id } : {}), name, response } };
}
