/** The house model as an auditor, in the form that it was taught. */
import {
  type CritiqueInput,
  critiquePrompt,
  critiqueReply,
  parseCritique,
  type Problem,
  recheckRequest,
  REFINE_REQUEST,
} from "../../data/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { ChatModel } from "../chat/mod.ts";
import { askAuditor, type ChatAuditorOptions, checkedOptions, type ReadAs } from "./ask_auditor.ts";
import type { AuditInput, Critique } from "./audit.ts";
import type { Auditor } from "./auditor.ts";
import { readAnswer } from "./chat_auditor.ts";
import { shortEvidence } from "./short_evidence.ts";

/** How the house model is asked. */
export interface HouseAuditorOptions extends ChatAuditorOptions {
  /**
   * Tokens of the first prompt at most: evidence is shortened to the sentences that matter most until it fits. Default 300: the chats
   * that the model was taught have 448 with critique, mended draft and the second critique.
   */
  maxPromptTokens?: number;
}

/**
 * A model of ours that was taught `critiqueCorpus`, as an auditor: critique, mending and the check of what was mended are turns of one
 * chat. The mending is asked for after the problems that count, whoever found them. Replies that cannot be read are drawn again.
 *
 * @throws {RangeError} For a number that cannot be.
 */
export function houseAuditor(model: ChatModel, options: HouseAuditorOptions = {}): Auditor {
  const limits = checkedOptions({ maxTokens: 256, ...options });
  const { maxPromptTokens = 300 } = options;
  const ask = <Value>(messages: readonly ChatMessage[], read: (text: string) => ReadAs<Value>, signal?: AbortSignal) =>
    askAuditor({
      ...limits,
      model,
      messages,
      read,
      signal,
      // Greedy decoding would give the same again.
      again: (_text, _problem, retry) => ({ messages, temperature: 0.7, seed: retry }),
    });
  return {
    name: options.name ?? model.name,
    knowsOnlyEvidence: true,
    begin(input) {
      const asked = fitting(input, (messages) => model.countTokens(messages) <= maxPromptTokens);
      const first = critiquePrompt(asked);
      let mended: ChatMessage[] | null = null;
      return {
        critique: ({ signal } = {}) => ask(first, readHouseCritique, signal),
        async refine(problems, { signal } = {}) {
          const chat = refineChat(first, problems);
          const reply = await ask(chat, readAnswer, signal);
          if ("value" in reply) mended = [...chat, { role: "assistant", content: reply.value }];
          return reply;
        },
        recheck(draft, { signal } = {}) {
          // Where nothing was mended in this chat, the draft is a first one.
          const chat: ChatMessage[] = mended === null
            ? critiquePrompt({ ...asked, draft: oneLine(draft) })
            : [...mended, { role: "user", content: recheckRequest(oneLine(draft)) }];
          return ask(chat, readHouseCritique, signal);
        },
      };
    },
  };
}

function refineChat(first: readonly ChatMessage[], problems: readonly Problem[]): ChatMessage[] {
  const plain = problems.map(({ kind, quote }) => ({ kind, quote: oneLine(quote) }));
  return [...first, { role: "assistant", content: critiqueReply(plain) }, { role: "user", content: REFINE_REQUEST }];
}

function readHouseCritique(reply: string): ReadAs<Critique> {
  const critique = parseCritique(reply.trim());
  return critique === null ? { problem: "it is no critique" } : { value: critique };
}

/** The input in single lines, as the form has them, with as much of the evidence as fits. */
function fitting(input: AuditInput, fits: (messages: ChatMessage[]) => boolean): CritiqueInput {
  const plain = { ...input, question: oneLine(input.question), draft: oneLine(input.draft) };
  return {
    ...plain,
    evidence: shortEvidence(plain, (evidence) => fits(critiquePrompt({ ...plain, evidence }))),
  };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
