import assert from "node:assert/strict";
import fc from "fast-check";
import { NOT_IN_LIST, readingCorpus } from "../../../lib/data/corpora/reading.ts";

const train = Array.from({ length: 2000 }, (_, index) => readingCorpus.exampleAt(index));
const test = Array.from({ length: 300 }, (_, index) => readingCorpus.exampleAt(index, { split: "test" }));
const all = [...train, ...test];
const lists = all.filter(({ kind }) => kind !== "repeat");

Deno.test("readingCorpus gives the same example for the same index, seed and split", () => {
  assert.deepEqual(readingCorpus.exampleAt(9).messages, train[9].messages);
  assert.notDeepEqual(readingCorpus.exampleAt(9, { seed: 1 }).messages, train[9].messages);
});

Deno.test("readingCorpus asks several short questions about a list of 3 to 8 lines", () => {
  const kinds = new Set<string>();
  for (const { kind, messages } of all) {
    kinds.add(kind);
    assert.ok(messages.reduce((length, { content }) => length + content!.length, 0) <= 1500);
    messages.forEach(({ role }, index) => assert.equal(role, index % 2 === 0 ? "user" : "assistant"));
    assert.ok(messages.length >= 6 && messages.length <= 20, `${messages.length}`);
  }
  assert.deepEqual([...kinds].sort(), ["drugs", "people", "repeat", "roads", "rooms", "shops"]);
  for (const { messages } of lists) {
    const lines = String(messages[0].content).split("\n").slice(0, -1);
    assert.ok(lines.length >= 3 && lines.length <= 8);
    assert.equal(new Set(lines.map((line) => line.split(":")[0])).size, lines.length);
  }
});

Deno.test("readingCorpus answers with what stands in the list, or says that it does not", () => {
  let absent = 0;
  for (const { messages } of lists) {
    const lines = String(messages[0].content).split("\n").slice(0, -1);
    const list = lines.join("\n");
    messages.forEach(({ role, content }, index) => {
      if (role !== "assistant") return;
      const answer = String(content);
      const question = String(messages[index - 1].content).split("\n").at(-1)!;
      const names = lines.map((line) => line.split(":")[0]).filter((name) =>
        new RegExp(`\\b${name}\\b`).test(question)
      );
      if (answer === NOT_IN_LIST) {
        absent++;
        assert.equal(names.length, 0, question);
      } else if (/^(?:Repeat|Write) the \w+ line\.$/.test(question)) {
        const place = question.split(" ")[2];
        const order = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"].indexOf(place);
        assert.equal(answer, lines.at(order), question);
      } else if (question === "Which names are in the list?") {
        assert.equal(answer, lines.map((line) => line.split(":")[0]).join(", "));
      } else if (question.startsWith("Repeat the line")) {
        assert.equal(answer, lines.filter((line) => names.includes(line.split(":")[0])).join("\n"), question);
      } else {
        assert.ok(list.includes(answer), `${question} ${answer}`);
        const owners = lines.filter((line) => names.includes(line.split(":")[0]));
        // A question by name: the value of that line. A question by value: the name of a line with it.
        if (owners.length > 0 && !question.includes("comes after")) {
          assert.ok(owners.some((line) => line.includes(answer)), `${question} ${answer}`);
        } else if (owners.length === 0) {
          const value = question.split(/[ ?]/).find((word) => /^\d+$/.test(word));
          const line = lines.find((line) => line.startsWith(`${answer}:`));
          assert.ok(line !== undefined && (value === undefined || line.includes(value)), `${question} ${answer}`);
        }
      }
    });
  }
  assert.ok(absent > 200, `${absent}`);
});

Deno.test("readingCorpus grades only the exact words with 1", () => {
  for (const { cases, messages } of all) {
    assert.equal(cases.length, 1);
    const [{ messages: asked, reference, grade }] = cases;
    assert.deepEqual(asked, messages.slice(0, asked.length));
    assert.equal(messages[asked.length].content, reference);
    assert.deepEqual(grade(reference), { copied: 1 });
    for (const reply of ["", `${reference}.`, reference.slice(0, -1), `${reference} `, reference.toUpperCase() + "x"]) {
      assert.deepEqual(grade(reply), { copied: 0 });
    }
  }
});

Deno.test("readingCorpus never throws when it grades", () => {
  fc.assert(fc.property(fc.string(), (reply) => {
    const { copied } = train[0].cases[0].grade(reply);
    assert.ok(copied === 0 || copied === 1);
  }));
});

Deno.test("readingCorpus shares no list between the splits", () => {
  const known = new Set(train.map(({ messages }) => messages[0].content));
  for (const { messages } of test) assert.ok(!known.has(messages[0].content), String(messages[0].content));
});
