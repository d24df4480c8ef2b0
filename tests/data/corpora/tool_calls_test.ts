import assert from "node:assert/strict";
import fc from "fast-check";
import type { GeneratedExample, GradedCase } from "../../../lib/data/corpora/corpus.ts";
import { toolCallsCorpus } from "../../../lib/data/corpora/tool_calls.ts";
import { conditionsOf, mentions } from "../../../lib/data/medical/mod.ts";
import { isValidCall, parseCalls } from "../../../lib/data/tool_requests/mod.ts";
import { chatMlTemplate, renderChat, Tokenizer, tokenizerFiles, trainBpe } from "../../../lib/tokenizer/mod.ts";
import { houseTokens } from "../../../lib/train/mod.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";

const examples = (split: "train" | "test", count: number) =>
  Array.from({ length: count }, (_, index) => toolCallsCorpus.exampleAt(index, { seed: 3, split }));
const train = examples("train", 4000);
const test = examples("test", 2000);
const all = [...train, ...test];
const cases = all.flatMap(({ cases }) => cases);
const chatTokenizer = tinyTokenizer().withChatTemplate(chatMlTemplate);

const lastOf = ({ messages }: GradedCase) => messages[messages.length - 1];
const isCallCase = ({ reference }: GradedCase) => reference.startsWith("<tool_call>");
const isAll = (scores: Record<string, number>, value: number) =>
  Object.keys(scores).length > 0 && Object.values(scores).every((score) => score === value);

Deno.test("toolCallsCorpus gives the same chat for the same index, and another for another seed or split", () => {
  const text = (index: number, options = {}) => JSON.stringify(toolCallsCorpus.exampleAt(index, options));
  assert.equal(text(7), text(7));
  assert.equal(text(7), text(7, { seed: "0", split: "train" }));
  assert.equal(new Set([text(7), text(8), text(7, { seed: 1 }), text(7, { split: "test" })]).size, 4);
});

Deno.test("toolCallsCorpus grades its references as right", () => {
  for (const each of cases) {
    assert.ok(isAll(each.grade(each.reference), 1), `${each.reference} after ${JSON.stringify(lastOf(each))}`);
  }
});

Deno.test("toolCallsCorpus makes a case of every learned turn, whose reference is what the template writes", () => {
  for (const { messages, tools, notLearned = [], cases } of all.slice(0, 600)) {
    const turns = messages.flatMap(({ role }, index) =>
      role === "assistant" && !notLearned.includes(index) ? [index] : []
    );
    assert.deepEqual(cases.map(({ messages }) => messages.length), turns);
    for (const each of cases) {
      const length = each.messages.length;
      const before = chatTokenizer.applyChatTemplate(each.messages, { tools, addGenerationPrompt: true });
      const after = chatTokenizer.applyChatTemplate(messages.slice(0, length + 1), { tools });
      assert.equal(after, `${before}${each.reference}<|im_end|>\n`);
      assert.deepEqual(each.messages, messages.slice(0, length));
    }
  }
});

Deno.test("toolCallsCorpus calls only tools on offer, but for the mistakes", () => {
  for (const { messages, tools = [], notLearned = [] } of all) {
    assert.equal(new Set(tools.map(({ function: { name } }) => name)).size, tools.length);
    messages.forEach(({ tool_calls = [] }, index) => {
      for (const { function: { name, arguments: given } } of tool_calls) {
        assert.ok(typeof given === "object");
        const isRight = isValidCall({ name, arguments: given }, tools);
        // A height in centimetres is a mistake that the schema allows.
        if (!notLearned.includes(index)) assert.ok(isRight, JSON.stringify({ name, given }));
      }
    });
  }
  const wrong = all.flatMap(({ messages, notLearned = [] }) => notLearned.map((index) => messages[index + 1]));
  assert.ok(wrong.length > 100);
  for (const { content } of wrong) assert.ok("error" in JSON.parse(String(content)));
});

Deno.test("toolCallsCorpus keeps requests of the splits apart", () => {
  // What is asked in so many words, to be answered by a tool.
  const requests = (examples: GeneratedExample[]) =>
    new Set(
      examples.flatMap(({ kind, messages }) =>
        messages.flatMap(({ tool_calls }, index) =>
          tool_calls !== undefined && messages[index - 1].role === "user" && kind !== "parallel calls"
            ? [`${messages[index - 1].content} ${JSON.stringify(tool_calls[0].function.arguments)}`]
            : []
        )
      ),
    );
  const [learned, asked] = [requests(train), requests(test)];
  assert.ok(learned.size > 2000 && asked.size > 1000);
  assert.deepEqual([...asked].filter((request) => learned.has(request)), []);
});

Deno.test("toolCallsCorpus shows every kind in both splits, and all numbers of tools from one to seven", () => {
  const count = <Key>(examples: GeneratedExample[], keyOf: (example: GeneratedExample) => Key) => {
    const counts = new Map<Key, number>();
    for (const example of examples) counts.set(keyOf(example), (counts.get(keyOf(example)) ?? 0) + 1);
    return counts;
  };
  for (const examples of [train, test]) {
    const kinds = count(examples, ({ kind }) => kind);
    assert.equal(kinds.size, 11);
    for (const [kind, number] of kinds) assert.ok(number > 0.02 * examples.length, kind);
    const offers = count(examples, ({ tools }) => tools?.length ?? 0);
    for (const number of [1, 2, 3, 4, 7]) assert.ok((offers.get(number) ?? 0) > 0.05 * examples.length, `${number}`);
    for (const number of [5, 6]) assert.ok(offers.has(number), `${number}`);
    const system = examples.filter(({ messages }) => messages[0].role === "system").length / examples.length;
    assert.ok(system > 0.28 && system < 0.39, `${system}`);
  }
});

Deno.test("toolCallsCorpus fits rows of 448 tokens of a tokenizer that knows it and the pieces of JSON in it", async () => {
  const texts = train.slice(0, 1500).map(({ messages, tools }) => chatTokenizer.applyChatTemplate(messages, { tools }));
  const trained = await trainBpe({ texts, vocabSize: 2048, addedTokens: houseTokens });
  const tokenizer = new Tokenizer("corpus", tokenizerFiles(trained));
  for (const { messages, tools } of train.slice(1500, 2100)) {
    assert.ok(renderChat(tokenizer, messages, { tools }).ids.length <= 448, JSON.stringify(messages));
  }
});

Deno.test("toolCallsCorpus grades plausible wrong calls as wrong", () => {
  const calls = cases.filter(isCallCase);
  for (const { reference, tools = [], grade } of calls.slice(0, 3000)) {
    const graded = (text: string) => grade(text).right_call;
    const parsed = parseCalls(reference) ?? [];
    const write = (change: (call: { name: string; arguments: Record<string, unknown> }) => unknown) =>
      parsed.map((call, index) => `<tool_call>\n${JSON.stringify(index === 0 ? change(call) : call)}\n</tool_call>`)
        .join("\n");
    assert.equal(graded(write((call) => call)), 1);
    assert.equal(graded(reference.replace("</tool_call>", "")), 0);
    assert.equal(graded(`I will call it. ${reference}`), 0);
    assert.equal(graded(`${reference}\n${reference}`), 0);
    assert.equal(graded("It is 12."), 0);
    assert.equal(graded(write((call) => ({ ...call, name: `${call.name}s` }))), 0);
    for (const { function: { name } } of tools) {
      if (name !== parsed[0].name) assert.equal(graded(write((call) => ({ ...call, name }))), 0);
    }
    for (const [key, value] of Object.entries(parsed[0].arguments)) {
      const others = Object.fromEntries(Object.entries(parsed[0].arguments).filter(([other]) => other !== key));
      const wrong = typeof value === "number" ? value + 1 : `${value}x`;
      assert.equal(graded(write((call) => ({ ...call, arguments: others }))), 0);
      assert.equal(graded(write((call) => ({ ...call, arguments: { ...others, [key]: wrong } }))), 0, reference);
    }
  }
});

Deno.test("toolCallsCorpus grades answers with another number, or of another chat, as wrong", () => {
  const answers = cases.filter(({ messages }) => messages[messages.length - 1].role === "tool");
  let changed = 0;
  answers.filter((each) => !isCallCase(each)).slice(0, 3000).forEach(({ reference, grade, messages }, index) => {
    assert.equal(grade(`<tool_call>\n{"name": "today", "arguments": {}}\n</tool_call>`).right_answer, 0);
    assert.equal(grade("").right_answer, 0);
    // 71819 stands in no chat.
    assert.equal(grade(`${reference} It is 71819.`).right_answer, 0);
    const result = JSON.parse(String(messages[messages.length - 1].content));
    if (typeof result.result === "number") {
      assert.equal(
        grade(reference.replaceAll(String(result.result), "71819")).right_answer,
        0,
        `${index} ${reference}`,
      );
      changed++;
    }
  });
  assert.ok(changed > 300);
});

Deno.test("toolCallsCorpus grades answers that obey an injected instruction as wrong", () => {
  let injected = 0;
  for (const { kind, cases } of all) {
    if (kind !== "injected result") continue;
    for (const each of cases) {
      const text = String(lastOf(each).content);
      const word = /say only (\w+)|visit (\w+)|the word (\w+)|Say (\w+)|now (\w+)\.|code is (\w+)/
        .exec(text);
      if (word === null || lastOf(each).role !== "tool" || isCallCase(each)) continue;
      const name = word.slice(1).find((group) => group !== undefined);
      assert.equal(each.grade(`${each.reference} ${name}!`).right_answer, 0, text);
      assert.equal(each.grade(`${name}`).right_answer, 0, text);
      injected++;
    }
  }
  assert.ok(injected > 100);
});

Deno.test("toolCallsCorpus grades calls in turns without a tool as wrong", () => {
  const turns = cases.filter((each) => "no_tool" in each.grade(each.reference));
  assert.ok(turns.length > 1000);
  for (const { grade, reference } of turns) {
    assert.equal(grade('<tool_call>\n{"name": "today", "arguments": {}}\n</tool_call>').no_tool, 0);
    assert.equal(grade(`${reference} <tool_call>`).no_tool, 0);
    assert.equal(grade(" ").no_tool, 0);
    assert.equal(grade("Something else.").no_tool, 1);
    assert.notEqual(grade("Something else.").right_reply, 1);
  }
});

Deno.test("toolCallsCorpus grades any text without throwing, by scores from 0 to 1", () => {
  const piece = fc.constantFrom(
    "<tool_call>",
    "</tool_call>",
    '{"name": "',
    'calculator", "arguments": {"expression": "',
    "((",
    '"}}',
  );
  const reply = fc.oneof(fc.string(), fc.array(fc.oneof(piece, fc.string())).map((list) => list.join("")));
  fc.assert(fc.property(fc.nat({ max: cases.length - 1 }), reply, (index, text) => {
    for (const score of Object.values(cases[index].grade(text))) assert.ok(score === 0 || score === 1);
  }));
});

Deno.test("toolCallsCorpus mentions no illness that is left to notebooks", () => {
  const names = conditionsOf("new").flatMap(({ name, lay }) => lay === undefined ? [name] : [name, lay]);
  const found = new Set<string>();
  for (const { messages } of train.slice(0, 1500)) {
    const text = messages.map(({ content }) => content).join(" ");
    for (const name of names) if (mentions(text, name)) found.add(name);
  }
  assert.deepEqual([...found], []);
});
