/** Rows written by a model behind an OpenAI-compatible endpoint on loopback. */
import assert from "node:assert/strict";
import { openaiChatModel } from "../../lib/agent/mod.ts";
import { checkSample, endpointSamples, turnText } from "../../lib/cot_retriever/mod.ts";
import { eventStream } from "../agent/chat/chat_server.ts";
import { delta, USAGE } from "../agent/chat/openai_endpoint.ts";
import { inFolder } from "../support/in_folder.ts";
import { goodSample, listRetriever, PAGES, QUESTION } from "./fixtures.ts";

type Message = { role: string; content: string };

/** What a right conversation says, reply by reply, without the texts that are given or that stop it. */
const RIGHT = goodSample().parts.flatMap((part) => "written" in part ? [part.written] : [])
  .map((written) => written.replace("<think>\n", "").replace("</query>", ""));

/** An endpoint whose model says what `replyTo` says to a conversation. */
function endpoint(replyTo: (messages: Message[]) => string | Response) {
  const asked: { messages: Message[]; stop: string[] }[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body = await request.json();
    asked.push(body);
    const reply = replyTo(body.messages);
    if (typeof reply !== "string") return reply;
    return eventStream([delta({ role: "assistant", content: reply }), delta({}, "stop"), USAGE, "[DONE]"])();
  });
  const model = openaiChatModel({
    baseURL: `http://127.0.0.1:${server.addr.port}/v1`,
    model: "writer",
    maxRetries: 0,
  });
  return { model, asked, [Symbol.asyncDispose]: () => server.shutdown() };
}

const turnsOf = (messages: Message[]) => messages.filter(({ role }) => role === "assistant").length;
const PAIR = [QUESTION, { ...QUESTION, id: "q2", question: "Where was Velmona's founder born?" }];

Deno.test("endpointSamples() has a model search message by message, and keeps the checked conversation as a row", () =>
  inFolder(async (folder) => {
    await using server = endpoint((messages) => RIGHT[turnsOf(messages)]);
    const { retriever, calls } = listRetriever();
    const made = await endpointSamples([QUESTION], {
      model: server.model,
      retriever,
      pages: PAGES,
      folder,
      prices: { prompt: 1, completion: 2 },
    });
    assert.equal(made.samples.length, 1);
    const [sample] = made.samples;
    assert.equal(checkSample(sample), null);
    assert.equal(sample.writer, "writer");
    assert.deepEqual(sample.noise!.toSorted(), goodSample().noise);
    assert.match(
      turnText(sample.parts),
      /^<think>\nI need to find who founded Velmona\.\n<query>Founder of Velmona<\/query>\n<query_res>/,
    );
    assert.deepEqual(calls, [["Founder of Velmona"], ["Mia Torvic born"]]);
    // Its own prompt, stopped at the query, and what was found as a message.
    assert.deepEqual(server.asked.map(({ messages }) => messages.length), [2, 4, 6]);
    assert.deepEqual(server.asked[0].stop, ["</query>"]);
    assert.match(server.asked[1].messages[3].content, /^<query_res>\n\[\{"content":"[^]*<\/query_res>\nGo on\.$/);
    assert.deepEqual(made.cost, { promptTokens: 63, completionTokens: 21, money: (63 + 42) / 1e6 });
  }));

Deno.test("endpointSamples() drops and counts what does not stand the check", () =>
  inFolder(async (folder) => {
    const { retriever } = listRetriever();
    const last = RIGHT[2];
    const cases: [string, (turn: number) => string | Response, string][] = [
      [
        "wrong",
        (turn) => turn === 2 ? last.replace('"answer":"Dalham"', '"answer":"Orna"') : RIGHT[turn],
        "wrongAnswer",
      ],
      ["noise", (turn) => turn === 2 ? last.replace('"a.org/2"', '"a.org/3"') : RIGHT[turn], "usedNoise"],
      ["made up", (turn) => turn === 2 ? last.replace('"a.org/2"', '"x.com/2"') : RIGHT[turn], "notFound"],
      ["no tags", () => "Dalham, I think.", "grammar"],
      [
        "own results",
        (turn) => turn === 0 ? `${RIGHT[0]}</query>\n<query_res>\n[]\n</query_res>` : RIGHT[turn],
        "grammar",
      ],
      ["endless", () => "More.\n<query>Velmona", "tooManySearches"],
      ["failing search", () => "More.\n<query>bad", "searchFailed"],
      ["refusing", () => Response.json({ error: { message: "no" } }, { status: 400 }), "endpointFailed"],
    ];
    for (const [name, replyTo, failure] of cases) {
      await using server = endpoint((messages) => replyTo(turnsOf(messages)));
      const made = await endpointSamples([QUESTION], {
        ...{ model: server.model, retriever, pages: PAGES, folder: `${folder}/${name}` },
      });
      assert.deepEqual(made.samples, [], name);
      const counted = Object.entries(made.failures).filter(([, count]) => count > 0);
      assert.deepEqual(counted, [[failure, 1]], name);
      const row = JSON.parse(await Deno.readTextFile(`${folder}/${name}/failures.jsonl`));
      assert.ok(row.failure === failure && row.message !== "", name);
    }
  }));

Deno.test("endpointSamples() goes on where it was, and asks again only what its endpoint failed on", () =>
  inFolder(async (folder) => {
    const { retriever } = listRetriever();
    const options = { retriever, pages: PAGES, folder, concurrency: 1 };
    let isUp = false;
    await using server = endpoint((messages) => {
      if (messages[1].content === PAIR[1].question && !isUp) return new Response("busy", { status: 503 });
      return RIGHT[turnsOf(messages)];
    });
    const first = await endpointSamples(PAIR, { ...options, model: server.model });
    assert.deepEqual([first.samples.map(({ id }) => id), first.failures.endpointFailed], [["q1"], 1]);
    isUp = true;
    // As after a crash in the middle of a line.
    await Deno.writeTextFile(`${folder}/samples.jsonl`, '{"id":"q9","quest', { append: true });
    const before = server.asked.length;
    const second = await endpointSamples(PAIR, { ...options, model: server.model });
    assert.equal(server.asked.length, before + 3);
    assert.deepEqual([second.samples.map(({ id }) => id), second.failures.endpointFailed], [["q1", "q2"], 0]);
    const third = await endpointSamples(PAIR, { ...options, model: server.model });
    assert.equal(server.asked.length, before + 3);
    assert.deepEqual(third, second);
    // Another question of the same id is another question.
    const other = { ...QUESTION, question: "In which town was Velmona's founder born?" };
    const fourth = await endpointSamples([other], { ...options, model: server.model });
    assert.equal(fourth.samples[0].question, other.question);
    assert.equal(server.asked.length, before + 6);
  }));

Deno.test("endpointSamples() stops when it is told to, and refuses numbers that cannot be", () =>
  inFolder(async (folder) => {
    const { retriever } = listRetriever();
    const stop = new AbortController();
    await using server = endpoint((messages) => {
      stop.abort(new Error("enough"));
      return RIGHT[turnsOf(messages)];
    });
    const options = { model: server.model, retriever, pages: PAGES, folder };
    await assert.rejects(endpointSamples(PAIR, { ...options, signal: stop.signal }), /enough/);
    await assert.rejects(endpointSamples(PAIR, { ...options, concurrency: 0 }), /concurrency: expected/);
  }));
