import assert from "node:assert/strict";
import {
  bezoutTool,
  calculatorTool,
  chatJudge,
  type ChatModel,
  type JudgeTask,
  openaiChatModel,
  pooledChatModel,
  runAgent,
} from "../../../lib/agent/mod.ts";
import { generateWordProblems, toReasoningChat } from "../../../lib/data/mod.ts";
import { endpointPool } from "../../../lib/endpoints/mod.ts";
import { withServices } from "../../endpoints/services.ts";
import { inFolder } from "../../support/in_folder.ts";

const ITEMS = generateWordProblems({ seed: 1, count: 60, split: "train" }).map((row) => toReasoningChat(row));

/** What the house model says to an item's question is the verdict: it cannot judge, but it answers each item in its own way. */
const SAYS: JudgeTask<(typeof ITEMS)[number], { said: string }> = {
  name: "says",
  instruction: "",
  form: {
    labels: ["said"],
    description: "",
    read: (reply) => ({ value: { said: reply } }),
    check: () => ({ problem: "nothing is kept" }),
  },
  material: ({ prompt }) => ({ prompt }),
};

function judgeOf(chat: ChatModel) {
  const stream: ChatModel["stream"] = (request) => {
    const { prompt } = JSON.parse(request.messages.at(-1)!.content as string);
    return chat.stream({ ...request, messages: prompt });
  };
  return chatJudge({ model: { ...chat, stream }, concurrency: 12, maxRetries: 0, maxTokens: 48 });
}

const OPTIONS = { model: "kiln-tiny", readTags: true };

/** An agent's run: what it did, and what it came to. */
async function agentRun(chat: ChatModel, onResult: () => Promise<unknown> = () => Promise.resolve()) {
  const messages = [{ role: "user", content: "What is 12*9?" }];
  const done: string[] = [];
  for await (const event of runAgent({ model: chat, messages, tools: [calculatorTool, bezoutTool] })) {
    if (event.type === "result") {
      done.push(`${event.call.name} ${event.outcome.text}`);
      await onResult();
    }
    if (event.type === "stop") done.push(`${event.run.reason}: ${event.run.answer}`);
  }
  return done;
}

Deno.test("a judge and an agent over three services go on when one is killed: nothing is lost, nothing is doubled", () =>
  inFolder((folder) =>
    withServices(3, folder, async (services) => {
      const pool = endpointPool({ endpoints: services.map(({ url }) => ({ url, maxConcurrency: 4 })) });
      const alone = openaiChatModel({ baseURL: services[0].url, ...OPTIONS });
      const chat = pooledChatModel(pool, OPTIONS);

      const undisturbed = judgeOf(alone);
      const expected = await undisturbed.judge(SAYS, ITEMS);
      assert.ok(
        new Set(expected.map((verdict) => JSON.stringify(verdict))).size > 20,
        "items have verdicts of their own",
      );
      const judge = judgeOf(chat);
      const judging = judge.judge(SAYS, ITEMS);
      while (pool.stats()[1].requests < 2 || pool.stats()[1].open === 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await services[1].kill();
      assert.deepEqual(await judging, expected);
      const counts = ({ calls, retries, promptTokens, completionTokens }: typeof judge.cost) => {
        return { calls, retries, promptTokens, completionTokens };
      };
      assert.deepEqual(counts(judge.cost), counts(undisturbed.cost));
      const stats = pool.stats();
      assert.equal(stats.reduce((sum, { requests }) => sum + requests, 0), 60, "every item was answered once");
      assert.equal(
        stats.reduce((sum, { completionTokens }) => sum + completionTokens, 0),
        undisturbed.cost.completionTokens,
      );
      assert.ok(stats[1].failures > 0, "it was killed while it judged");

      const told = await agentRun(alone);
      assert.deepEqual(told.map((line) => line.split(" ")[0]), ["calculator", "answered:"]);
      await services[1].restart();
      await pool.check();
      const before = pool.stats().map(({ failures }) => failures);
      let kills: Promise<unknown> | undefined;
      const kill = () => kills ??= Promise.all([services[1].kill(), services[2].kill()]);
      const runs = await Promise.all([1, 2, 3].map(() => agentRun(chat, kill)));
      assert.deepEqual(runs, [told, told, told]);
      const after = pool.stats();
      assert.deepEqual([after[0].failures, after[0].state], [before[0], "up"]);
      assert.ok(after[1].failures + after[2].failures > before[1] + before[2], "they were asked when they were gone");
      await pool.dispose();
    })
  ));
