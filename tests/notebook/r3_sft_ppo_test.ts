/** Notebook 08 on HotpotQA's rows, with a judge behind an endpoint that often fails; CI runs it with the house model's worlds. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CellError } from "../../lib/notebook/run.ts";
import { ADAPTER_FOLDER_FILES, readMetrics } from "../../lib/train/mod.ts";
import { eventStream } from "../agent/chat/chat_server.ts";
import { wholeReply } from "../agent/chat/openai_endpoint.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("08");
const REAL = fileURLToPath(new URL("../../../shared/data/hotpotqa/questions.json", import.meta.url));

/** Runs the notebook at smoke size; gives what it shows as text, and the folder of runs. */
async function run(folder: string, parameters: Record<string, string | number | boolean> = {}) {
  const outputs = `${folder}/outputs`;
  const text = await smoke({ outputs: fromNotebook(outputs), evalQuestions: 4, ...parameters });
  return { text, outputs };
}

/** Rows in HotpotQA's form: who founded a town, and where that person was born. */
function hotpotRows(count: number): unknown[] {
  return Array.from({ length: count }, (_, i) => ({
    _id: `row-${i}`,
    question: `Where was the founder of Town${i} born?`,
    answer: `Place${i}`,
    supporting_facts: [[`Town${i}`, 0], [`Person${i}`, 0]],
    context: [
      [`Town${i}`, [`Town${i} was founded by Person${i}.`]],
      [`Person${i}`, [`Person${i} was born in Place${i}.`]],
      [`River${i}`, [`River${i} is a river.`]],
      [`Hill${i}`, [`Hill${i} is a hill.`]],
    ],
    type: "bridge",
    level: "easy",
  }));
}

Deno.test("notebook 08 learns from rows of HotpotQA's form, and leaves out what its judge fails on", async () => {
  await using folder = await tempFolder();
  await Deno.writeTextFile(join(folder.path, "rows.json"), JSON.stringify(hotpotRows(30)));
  let calls = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body = await request.text();
    // Every third judgement is broken each time it is asked for.
    const isBroken = body.length % 3 === 0;
    calls++;
    const verdict = /isRight|is_right|reference/i.test(body)
      ? { reason: "so", right: true, isRight: true }
      : { reason: "so", coherence: 1, rationality: 1, relevance: 0.5 };
    return eventStream(wholeReply(isBroken ? "I cannot say." : JSON.stringify(verdict)))();
  });
  const { text, outputs } = await run(folder.path, {
    dataset: fromNotebook(join(folder.path, "rows.json")),
    judge: "tiny",
    judgeEndpoint: `http://127.0.0.1:${server.addr.port}/v1`,
    samples: 4,
  });
  assert.ok(calls > 0);
  assert.match(text, /120 articles .* 24 training questions, 4 held out/);
  const [, leftOut, asked] = /(\d+) steps left out; the judge: (\d+) calls/.exec(text)!;
  assert.ok(Number(leftOut) > 0 && Number(asked) > 0, `${leftOut} steps left out, ${asked} calls`);
  const metrics = await readMetrics(`${outputs}/08-r3-ppo-001`);
  assert.equal(metrics[0]["episodes/left_out"], Number(leftOut));
  for (const file of ADAPTER_FOLDER_FILES) {
    assert.ok((await Deno.stat(`${outputs}/08-r3-ppo-001/adapter/${file}`)).size > 0, file);
  }
  assert.match(await Deno.readTextFile(`${outputs}/08-r3-ppo-001/README.md`), /exact match on 4 held-out questions/);

  await assert.rejects(
    run(folder.path, { dataset: "nowhere.json" }),
    (error) => error instanceof CellError && /nowhere\.json/.test(error.message),
  );
});

Deno.test("notebook 08 runs on HotpotQA's own rows", async () => {
  if (!await Deno.stat(REAL).then(() => true, () => false)) {
    return console.log(`skipped: the real questions are not at ${REAL}`);
  }
  await using folder = await tempFolder();
  const { text, outputs } = await run(folder.path, {
    dataset: fromNotebook(REAL),
    sftQuestions: 3,
    maxContextTokens: 2000,
    evalQuestions: 2,
    questionsPerRound: 1,
  });
  assert.match(text, /\d+ articles in .* 48 training questions, 2 held out/);
  assert.equal((await readMetrics(`${outputs}/08-r3-ppo-001`)).length, 2);
});
