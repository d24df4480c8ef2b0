import assert from "node:assert/strict";
import fc from "fast-check";
import { IN_NO_PASSAGE, quotingCorpus } from "../../../lib/data/corpora/quoting.ts";

const train = Array.from({ length: 1000 }, (_, index) => quotingCorpus.exampleAt(index));
const test = Array.from({ length: 200 }, (_, index) => quotingCorpus.exampleAt(index, { split: "test" }));
const all = [...train, ...test];

/** Number, title and text of the passages that a chat begins with. */
function passagesOf(content: unknown): { title: string; text: string }[] {
  return String(content).split("\n").slice(0, -1).map((line, index) => {
    const [, number, title, text] = /^\[(\d)\] (.+?): (.+)$/.exec(line)!;
    assert.equal(Number(number), index + 1);
    return { title, text };
  });
}

Deno.test("quotingCorpus gives the same example for the same index, seed and split", () => {
  assert.deepEqual(quotingCorpus.exampleAt(9).messages, train[9].messages);
  assert.notDeepEqual(quotingCorpus.exampleAt(9, { seed: 1 }).messages, train[9].messages);
});

Deno.test("quotingCorpus asks several short questions about two to five numbered passages", () => {
  for (const { kind, messages } of all) {
    assert.match(kind, /^(medical|world)$/);
    const { length } = passagesOf(messages[0].content);
    assert.ok(length >= 2 && length <= 5, `${length} passages`);
    messages.forEach(({ role }, index) => assert.equal(role, index % 2 === 0 ? "user" : "assistant"));
    assert.ok(messages.length >= 4 && messages.length <= 16, `${messages.length} messages`);
    assert.ok(messages.reduce((sum, { content }) => sum + String(content).length, 0) <= 1650);
  }
});

Deno.test("quotingCorpus answers with the number, the title and the words that stand there, and only there", () => {
  const seen = new Set<string>();
  for (const { messages } of all) {
    const passages = passagesOf(messages[0].content);
    for (let index = 0; index < messages.length; index += 2) {
      const question = String(messages[index].content).split("\n").at(-1)!;
      const answer = String(messages[index + 1].content);
      const about = /^Which passage is about (.+)\?$/.exec(question)?.[1];
      const says = /^Which passage says "(.+)"\?$/.exec(question)?.[1];
      const sentenceWith = /^Quote the sentence with "(.+)"\.$/.exec(question)?.[1];
      const number = /^What is \[(\d)\] about\?$/.exec(question)?.[1];
      const quoted = /^Evidence \[(\d)\]: "(.+)"$/.exec(answer);
      if (quoted) {
        assert.ok(passages[Number(quoted[1]) - 1].text.includes(quoted[2]), `${question} ${answer}`);
        if (sentenceWith) assert.ok(quoted[2].includes(sentenceWith), `${question} ${answer}`);
        else assert.match(question, /^(Where does it stand\? .+|Quote the sentence \d of \[\d\]\.)$/);
        seen.add(sentenceWith ? "words" : question.startsWith("Where") ? "statement" : "place");
      } else if (says) {
        const having = passages.flatMap(({ text }, at) => text.includes(says) ? [`[${at + 1}]`] : []);
        assert.deepEqual([answer], having, question);
        seen.add("says");
      } else if (about) {
        const at = passages.findIndex(({ title }) => title === about);
        assert.equal(answer, at < 0 ? IN_NO_PASSAGE : `[${at + 1}]`, question);
        seen.add(at < 0 ? "absent" : "about");
      } else {
        assert.equal(answer, passages[Number(number) - 1].title, question);
        seen.add("title");
      }
    }
  }
  assert.deepEqual([...seen].sort(), ["about", "absent", "place", "says", "statement", "title", "words"]);
});

Deno.test("quotingCorpus shares no passages with the same question between its splits", () => {
  const first = ({ messages }: typeof all[number]) => String(messages[0].content);
  const inTrain = new Set(train.map(first));
  assert.ok(test.every((example) => !inTrain.has(first(example))));
});

Deno.test("quotingCorpus grades the reference 1, another quote of the same chat 0, and never throws", () => {
  for (const { cases, messages } of test) {
    for (const { reference, grade } of cases) {
      assert.deepEqual(grade(reference), { quoted: 1 });
      const others = messages.filter(({ role, content }) => role === "assistant" && content !== reference);
      for (const { content } of others) assert.deepEqual(grade(String(content)), { quoted: 0 });
    }
  }
  fc.assert(fc.property(fc.string(), fc.nat(test.length - 1), (reply, index) => {
    const [{ reference, grade }] = test[index].cases;
    assert.equal(grade(reply).quoted, reply === reference ? 1 : 0);
  }));
});
