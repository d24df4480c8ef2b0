/** A small library and an agent over it, for tests: the real search on the real encoder, with models that say what they are told. */
import {
  type ChatScript,
  MedicalAgent,
  type MedicalAgentOptions,
  memorySessionStore,
  scriptedChatModel,
} from "../../../lib/agent/mod.ts";
import { type MedicalEvent, type MedicalKnowledge, openKnowledge } from "../../../lib/agent/medical/mod.ts";
import type { AskOptions } from "../../../lib/agent/medical/mod.ts";
import { houseEmbedder } from "../../../lib/retrieval/embed/mod.ts";
import { withEngine } from "../../support/tiny_model.ts";

const LIBRARY = `${import.meta.dirname}/../../../data/library/medicine`;

/** Opens a library of a few of the articles that ship. */
export async function withKnowledge(
  run: (knowledge: MedicalKnowledge) => Promise<void>,
  include: readonly string[] = [
    "gout.md",
    "statins.md",
    "non*.md",
    "anticoagulants.md",
    "strep_throat.md",
    "migraine.md",
    "acetaminophen.md",
  ],
): Promise<void> {
  await withEngine(async (engine) => {
    const embedder = await houseEmbedder({ engine });
    const knowledge = await openKnowledge({ embedder, documents: LIBRARY, include });
    try {
      await run(knowledge);
    } finally {
      knowledge.close();
      await embedder.dispose();
    }
  });
}

/** An agent of a script, in the general form, whose drafts the rules alone audit. */
export function agentOf(knowledge: MedicalKnowledge, script: ChatScript, options: Partial<MedicalAgentOptions> = {}) {
  const model = scriptedChatModel(script);
  const store = memorySessionStore();
  return { model, store, agent: new MedicalAgent({ model, knowledge, store, auditor: null, ...options }) };
}

/** What a model behind the agent says to each of its requests, by what they ask for. */
export function script(says: { facts?: string; rewrite?: string; draft?: string }): ChatScript {
  return ({ messages }) => {
    const system = String(messages[0]?.content);
    if (/Rewrite/.test(system)) return says.rewrite ?? "";
    if (/careful medical assistant/.test(system)) return says.draft ?? "I do not know.";
    return says.facts ?? "{}";
  };
}

/** All events of a turn, and its answer. */
export async function asked(agent: MedicalAgent, message: string, options: AskOptions) {
  const events: MedicalEvent[] = await Array.fromAsync(agent.ask(message, options));
  const answer = events.at(-1);
  if (answer?.type !== "answer") throw new Error("a turn ended without an answer");
  return { events, answer };
}
