/** The house model, asked as it is: it knows the tags from its pretraining. */
import assert from "node:assert/strict";
import { answerQuestions, type PageRetriever, streamAnswer, turnText } from "../../lib/cot_retriever/mod.ts";
import { withHouseModel } from "../support/house_model.ts";
import { listRetriever, PAGES, QUESTION } from "./fixtures.ts";

const QUESTIONS = [
  QUESTION.question,
  "Who founded Velmona?",
  "Do Mia Torvic and Tom Lanov have the same birthplace?",
];

Deno.test("answerQuestions() writes, searches and reads in one batch, and streamAnswer() gives the same answer", () =>
  withHouseModel(async (house) => {
    const { retriever, calls } = listRetriever();
    const options = { ...house, retriever, maxTurnTokens: 128 };
    const progress: number[] = [];
    const answers = await answerQuestions(QUESTIONS, {
      ...options,
      onProgress: ({ answered }) => progress.push(answered),
    });
    assert.equal(answers.length, 3);
    assert.equal(calls[0].length, 3, "the first queries are searched together");
    assert.equal(progress.at(-1), 3);
    const known = PAGES.map(({ url }) => url);
    for (const { searches, outcome, parts, ids, drawnMask } of answers) {
      assert.ok(searches.length > 0 && searches[0].found.length === 4);
      assert.ok(outcome === null || outcome.used.every((url) => known.includes(url)));
      assert.match(turnText(parts), /^<think>\n/);
      // What was found is in the context and was not drawn.
      const drawn = house.tokenizer.decode(ids.filter((_, at) => drawnMask[at]));
      assert.doesNotMatch(drawn, /query_res|Some News/);
      assert.match(house.tokenizer.decode(ids), /<query_res>\n\[\{"content":[^]*Some News/);
    }
    for (const temperature of [0, 1]) {
      const [, , alone] = await answerQuestions(QUESTIONS, { ...options, temperature });
      const events = await Array.fromAsync(streamAnswer(QUESTIONS[2], { ...options, temperature }));
      const last = events.at(-1)!;
      assert.ok(last.type === "answer");
      assert.deepEqual(last.answer, alone);
      assert.deepEqual(
        events.flatMap((event) => event.type === "query" ? [event.query] : []),
        alone.searches.map(({ query }) => query),
      );
      assert.deepEqual(
        events.flatMap((event) => event.type === "found" ? [event.pages] : []),
        alone.searches.map(({ found }) => found),
      );
      const text = events.flatMap((event) => event.type === "text" ? [event.text] : []).join("");
      assert.ok(text.includes(alone.searches[0].query));
    }
  }));

Deno.test("answerQuestions() keeps to its limits, and a failing search ends its own question only", () =>
  withHouseModel(async (house) => {
    const { retriever } = listRetriever();
    const moody: PageRetriever = {
      async find(requests, options) {
        const found = await retriever.find(requests, options);
        return found.map((pages, at) => /same|Tom/.test(requests[at].query) ? { failure: "gone" } : pages);
      },
    };
    const limits = { maxSearches: 1, pagesPerSearch: 2, maxTurnTokens: 96, maxContextTokens: 600 };
    const answers = await answerQuestions([...QUESTIONS, "Who is Tom Lanov?"], {
      ...house,
      retriever: moody,
      ...limits,
    });
    for (const { searches, ids, ending, failure } of answers) {
      assert.ok(searches.length <= 1 && ids.length <= 600);
      assert.ok(searches.every(({ found }) => found.length <= 2));
      assert.equal(ending === "failed", failure !== null);
    }
    assert.ok(answers.some(({ ending }) => ending === "failed"));
    assert.ok(answers.some(({ ending }) => ending === "answered"));

    const stop = new AbortController();
    const stopping: PageRetriever = {
      find() {
        stop.abort(new Error("enough"));
        return Promise.reject(new Error("aborted"));
      },
    };
    const options = { ...house, retriever: stopping, signal: stop.signal };
    await assert.rejects(answerQuestions(QUESTIONS, options), /aborted|enough/);
    for await (const { type } of streamAnswer(QUESTIONS[0], { ...house, retriever })) if (type === "text") break;
  }));
