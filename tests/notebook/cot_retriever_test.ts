/** Notebook 10 with rows that a model behind an endpoint writes, and with rows of a file; CI runs it with the generator's. */
import assert from "node:assert/strict";
import {
  foundIn,
  pageCollection,
  type PageQuestion,
  pagesByUrl,
  readSamples,
  saysHop,
  turnText,
  whyNoise,
} from "../../lib/cot_retriever/mod.ts";
import { sentenceCase, writeOutcome } from "../../lib/data/mod.ts";
import { CellError } from "../../lib/notebook/run.ts";
import { ADAPTER_FOLDER_FILES, readMetrics } from "../../lib/train/mod.ts";
import { eventStream } from "../agent/chat/chat_server.ts";
import { wholeReply } from "../agent/chat/openai_endpoint.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("10");
/** As in the notebook at smoke size. */
const { pages, train } = pageCollection({ seed: 1, trainWorlds: 3, testWorlds: 2 });
const byUrl = pagesByUrl(pages);

/** The next message of a model that knows the worlds: a query for each hop, then the outcome. */
function rightMessage({ hops, answer }: PageQuestion, messages: { role: string; content: string }[]): string {
  const found = messages.flatMap(({ role, content }) =>
    role === "user" ? [[...content.matchAll(/"url":"([^"]+)"/g)].map(([, url]) => url)] : []
  ).slice(1);
  const verdicts = (found.at(-1) ?? []).map((url) => {
    const noise = whyNoise(byUrl.get(url)!, hops[found.length - 1]);
    return `${url} ${noise === null ? "says it." : `${noise}: noise.`}`;
  });
  if (found.length < hops.length) {
    const query = sentenceCase(hops[found.length].queries[0]);
    return `${[...verdicts, "I search."].join(" ")}\n<query>${query}`;
  }
  const used = found.flat().filter((url) => hops.some((hop) => saysHop(byUrl.get(url)!, hop)));
  return `${verdicts.join(" ")}\n${writeOutcome({ answer, used })}`;
}

Deno.test("notebook 10 learns from rows that an endpoint's model wrote, drops the bad ones, and takes rows of a file", async () => {
  await using folder = await tempFolder();
  const outputs = fromNotebook(`${folder.path}/outputs`);
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { messages } = await request.json();
    const question = train.find((each) => each.question === messages[1].content)!;
    // Two of the eight are answered without a search, and wrongly.
    const isBad = train.indexOf(question) % 4 === 3;
    return eventStream(wholeReply(isBad ? "It is 42." : rightMessage(question, messages)))();
  });
  const text = await smoke({
    outputs,
    writer: "teacher",
    writerEndpoint: `http://127.0.0.1:${server.addr.port}/v1`,
    embeddings: "rows",
  });
  const run = `${folder.path}/outputs/10-cot-retriever-001`;
  const samples = await readSamples(`${run}/samples/samples.jsonl`);
  assert.ok(samples.length >= 4 && samples.length <= 6, `${samples.length} rows`);
  assert.ok(samples.every(({ writer, noise, usage }) => writer === "teacher" && noise !== null && usage !== null));
  assert.ok(samples.every(({ parts }) => foundIn(parts).length >= 4 && turnText(parts).startsWith("<think>\n")));
  assert.match(await Deno.readTextFile(`${run}/samples/README.md`), /\| dropped \| [^|]*2 grammar/);
  assert.match(text, /tokens read and \d+ written by teacher/);
  assert.match(text, /loaded again, it gives the same answers/);
  for (const file of ADAPTER_FOLDER_FILES) assert.ok((await Deno.stat(`${run}/adapter/${file}`)).size > 0, file);
  const config = JSON.parse(await Deno.readTextFile(`${run}/adapter/adapter_config.json`));
  assert.equal(JSON.stringify(config.trainable_token_indices).match(/4\d{3}/g)?.length, 8);

  const own = await smoke({
    outputs,
    samples: fromNotebook(`${run}/samples/samples.jsonl`),
    tags: "own",
    evalQuestions: 2,
    maxSteps: 1,
  });
  assert.match(own, /token 11\b/);
  assert.doesNotMatch(own, /, new/);
  assert.equal((await readMetrics(`${folder.path}/outputs/10-cot-retriever-002`)).length, 1);

  await assert.rejects(
    smoke({ outputs, samples: "nowhere.jsonl" }),
    (error) => error instanceof CellError && /nowhere\.jsonl/.test(error.message),
  );
});
