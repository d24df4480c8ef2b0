import assert from "node:assert/strict";
import { z } from "zod";
import { isJudgeFailure, lexicalJudge } from "../../../lib/agent/judge/mod.ts";
import { Random } from "../../../lib/random/mod.ts";

const ROWS = new URL("../../../../shared/data/hotpotqa/questions.json", import.meta.url);
const rowsSchema = z.array(z.object({
  question: z.string(),
  supporting_facts: z.array(z.tuple([z.string(), z.number()])),
  context: z.array(z.tuple([z.string(), z.array(z.string())])),
}));

async function rowsOrNull(): Promise<z.infer<typeof rowsSchema> | null> {
  try {
    return rowsSchema.parse(JSON.parse(await Deno.readTextFile(ROWS)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
const rows = await rowsOrNull();

Deno.test({
  name: `lexicalJudge() finds HotpotQA's supporting passages more relevant${rows ? "" : " (skipped: no shared/data)"}`,
  ignore: rows === null,
  async fn() {
    const random = new Random(3);
    const judge = lexicalJudge();
    let [overDistractors, overOthers] = [0, 0];
    for (const [index, { question, supporting_facts, context }] of rows!.entries()) {
      const passages = context.map(([title, sentences]) => ({ title, text: sentences.join("") }));
      const needed = new Set(supporting_facts.map(([title]) => title));
      const others = rows![(index + 1) % rows!.length].context.slice(0, 2);
      const found = [
        passages.filter(({ title }) => needed.has(title)),
        random.sample(passages.filter(({ title }) => !needed.has(title)), 2),
        others.map(([title, sentences]) => ({ title, text: sentences.join("") })),
      ];
      const analysis = `I need to find out: ${question}`;
      const judgements = await judge.judgeSteps(found.map((documents) => ({
        ...{ question, earlier: [], analysis, query: question, answer: null, documents },
      })));
      const [gold, distractors, foreign] = judgements.map((one) => isJudgeFailure(one) ? NaN : one.relevance);
      overDistractors += Number(gold > distractors) + Number(gold === distractors) / 2;
      overOthers += Number(gold > foreign) + Number(gold === foreign) / 2;
    }
    assert.ok(overDistractors / rows!.length >= 0.85, `${overDistractors / rows!.length}`);
    assert.ok(overOthers / rows!.length >= 0.95, `${overOthers / rows!.length}`);
  },
});
