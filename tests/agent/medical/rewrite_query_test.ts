import assert from "node:assert/strict";
import fc from "fast-check";
import { scriptedChatModel, type ScriptLine } from "../../../lib/agent/mod.ts";
import { GENERAL_REWRITE, rewriteQuery } from "../../../lib/agent/medical/mod.ts";

/** Texts are as near as their letters are: enough to be near and far with. */
const embedder = {
  embedQueries: (texts: readonly string[]) =>
    Promise.resolve(texts.map((text) => {
      const vector = new Float32Array(27);
      for (const letter of text.toLowerCase()) vector[Math.max(0, letter.charCodeAt(0) - 96) % 27]++;
      const length = Math.hypot(...vector) || 1;
      return vector.map((value) => value / length);
    })),
};

function rewrite(question: string, reply: ScriptLine, about = "", patient: string[] = []) {
  return rewriteQuery({ question, about, patient }, {
    model: scriptedChatModel([reply]),
    form: GENERAL_REWRITE,
    embedder,
  });
}

Deno.test("rewriteQuery() adds the model's terms to the person's words", async () => {
  const query = await rewrite("What helps against pink eye?", "conjunctivitis; treatment; pink eye");
  assert.equal(query.outcome, "rewritten");
  assert.equal(query.text, "What helps against pink eye? (conjunctivitis; treatment)");
  assert.deepEqual(query.terms, ["conjunctivitis", "treatment"]);
});

Deno.test("rewriteQuery() does not believe numbers and medicines that nobody spoke of", async () => {
  const query = await rewrite("How is a sore throat treated?", "pharyngitis; treatment; 3 weeks; amoxicillin");
  assert.ok(query.dropped.includes("3 weeks"));
  assert.ok(query.dropped.includes("amoxicillin"));
  // A brand may stand for it.
  const brand = await rewrite("Is it safe to take Amoxil for a sore throat?", "amoxicillin; pharyngitis");
  assert.ok(brand.terms.includes("amoxicillin"));
});

Deno.test("rewriteQuery() tells what the model lost; the person's words keep it", async () => {
  const query = await rewrite(
    "I am pregnant. Can I take 400 mg of ibuprofen?",
    "pain relief in a person; taking tablets",
  );
  assert.deepEqual(query.lost, ["ibuprofen", "400", "pregnancy"]);
  assert.ok(query.text.startsWith("I am pregnant. Can I take 400 mg of ibuprofen?"));
});

Deno.test("rewriteQuery() searches for the question itself where a rewrite is far from it", async () => {
  const query = await rewrite("How is gout prevented?", "zzz; jjj; qqq");
  assert.equal(query.outcome, "implausible");
  assert.equal(query.text, "How is gout prevented?");
});

Deno.test("rewriteQuery() puts the question before in front of a follow-up", async () => {
  const query = await rewrite("And for children?", "gout; children", "How is gout treated?");
  assert.ok(query.text.startsWith("How is gout treated? And for children?"));
});

Deno.test("rewriteQuery() goes on without a model, and with one that fails", async () => {
  const question = "How is gout prevented?";
  const none = await rewriteQuery({ question, about: "", patient: [] }, { model: null, embedder });
  assert.deepEqual([none.text, none.outcome], [question, "not asked"]);
  const failed = await rewrite(question, { failure: new Error("no connection") });
  assert.deepEqual([failed.text, failed.outcome, failed.failure], [question, "failed", "no connection"]);
});

Deno.test("rewriteQuery() throws the signal's reason", async () => {
  const stop = new AbortController();
  const model = scriptedChatModel([{ text: "gout", hangs: true }]);
  const running = rewriteQuery({ question: "What is gout?", about: "", patient: [] }, {
    model,
    embedder,
    signal: stop.signal,
  });
  setTimeout(() => stop.abort(new Error("enough")), 5);
  await assert.rejects(running, /enough/);
});

Deno.test("rewriteQuery() keeps the question whatever a model writes", async () => {
  const question = "Can my 4-year-old son take ibuprofen?";
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 120 }), async (reply) => {
      const { text, terms } = await rewrite(question, { text: reply });
      assert.ok(text.startsWith(question));
      assert.ok((terms.join(" ").match(/\d+/g) ?? []).every((number) => number === "4"), text);
    }),
    { numRuns: 60 },
  );
});
