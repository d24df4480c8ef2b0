import assert from "node:assert/strict";
import fc from "fast-check";
import { MEMORY_PROMPT, memoryCorpus, patientFacts, recallPrompt } from "../../../lib/data/corpora/memory.ts";
import type { GeneratedExample, GradedCase } from "../../../lib/data/corpora/corpus.ts";

const DRAWS = 2000;
const examples = (split: "train" | "test") =>
  Array.from({ length: DRAWS }, (_, index) => memoryCorpus.exampleAt(index, { seed: 7, split }));
const train = examples("train");
const test = examples("test");
const all = [...train, ...test];

const lastOf = ({ messages }: GradedCase) => messages.at(-1)!.content as string;
const casesOf = (wanted: (example: GeneratedExample) => boolean) => all.filter(wanted).flatMap(({ cases }) => cases);
const facts = casesOf(({ kind }) => kind !== "recall");
const recall = casesOf(({ kind }) => kind === "recall");
const json = (value: unknown) => JSON.stringify(value);

Deno.test("memoryCorpus gives the same chat for the same seed, split and index", () => {
  for (const index of [0, 1, 99, 12345]) {
    const [one, other] = [1, 1].map((seed) => memoryCorpus.exampleAt(index, { seed }));
    assert.deepEqual(one.messages, other.messages);
    assert.notDeepEqual(one.messages, memoryCorpus.exampleAt(index, { seed: 2 }).messages);
  }
});

Deno.test("memoryCorpus shares no message with facts and no profile between train and test", () => {
  const seen = new Set(train.flatMap(keysOf));
  for (const key of test.flatMap(keysOf)) assert.ok(!seen.has(key), key);
  function keysOf({ kind, messages }: GeneratedExample) {
    if (kind === "recall") return [String(messages[0].content)];
    return messages.filter(({ role }) => role === "user").map(({ content }) => String(content).toLowerCase());
  }
});

Deno.test("memoryCorpus writes chats of several turns that fit into a training row", () => {
  for (const { messages, cases, kind } of all) {
    assert.ok(messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0) <= 1500);
    assert.deepEqual(
      messages.slice(1).map(({ role }) => role),
      cases.flatMap(() => ["user", "assistant"]),
    );
    assert.equal(kind === "recall" || messages[0].content === MEMORY_PROMPT, true);
    cases.forEach(({ reference }, turn) => assert.equal(messages[2 * turn + 2].content, reference));
  }
});

Deno.test("memoryCorpus names only what stands in the message", () => {
  for (const one of facts) {
    const message = lastOf(one);
    const said = patientFacts.parse(JSON.parse(one.reference));
    for (const name of [said.allergies, said.conditions, said.medicines].flatMap((names) => names ?? [])) {
      assert.ok(message.includes(name), `${name} in: ${message}`);
    }
    if (said.age !== undefined) assert.match(message, new RegExp(`\\b${said.age}\\b`));
    if (said.pregnant !== undefined) assert.match(message, /pregnan|expecting/i);
    assert.deepEqual(Object.keys(said), Object.keys(patientFacts.shape).filter((field) => field in said));
  }
});

Deno.test("memoryCorpus remembers neither other people's facts, nor denials, nor questions", () => {
  let seen = 0;
  for (const one of facts) {
    const said: string[] = Object.values(patientFacts.parse(JSON.parse(one.reference))).flat().map(String);
    for (const sentence of lastOf(one).split(/(?<=[.?]) /)) {
      const match =
        /^(?:My (?:mother|father|son|daughter|uncle|wife) (?:takes|is on|has|is allergic to)|Can I take|I do not take) (.+?)[.?]$/
          .exec(sentence);
      if (!match || sentence.includes(" but ")) continue;
      seen++;
      assert.ok(!said.includes(match[1]), `${one.reference}: ${sentence}`);
    }
  }
  assert.ok(seen > 300, `${seen} such sentences`);
});

Deno.test("memoryCorpus has messages without facts, empty lists and corrections", () => {
  const share = (wanted: (one: GradedCase) => boolean) => facts.filter(wanted).length / facts.length;
  const nothing = share(({ reference }) => reference === "{}");
  assert.ok(nothing > 0.05 && nothing < 0.3, `${nothing}`);
  assert.ok(share(({ reference }) => reference.includes("[]")) > 0.02);
  assert.ok(share((one) => /^(sorry|no,|i made a mistake|i got that wrong)/i.test(lastOf(one))) > 0.05);
});

Deno.test("memoryCorpus grades its references with ones", () => {
  for (const { reference, grade } of all.flatMap(({ cases }) => cases)) {
    for (const [metric, value] of Object.entries(grade(reference))) assert.equal(value, 1, `${metric}: ${reference}`);
  }
});

Deno.test("memoryCorpus takes lists as sets and keys in any order", () => {
  for (const { reference, grade } of facts) {
    const turned = Object.fromEntries(
      Object.entries(JSON.parse(reference)).reverse().map((
        [key, value],
      ) => [key, Array.isArray(value) ? value.reverse() : value]),
    );
    assert.deepEqual(grade(`${json(turned)}\n`), { valid_json: 1, exact: 1, fields: 1 });
  }
});

Deno.test("memoryCorpus finds facts that are missing, changed, made up or repeated", () => {
  for (const { reference, grade } of facts) {
    const said = JSON.parse(reference);
    const wrong: unknown[] = [
      { ...said, age: (said.age ?? 40) + 1 },
      { ...said, pregnant: !(said.pregnant ?? false) },
      { ...said, medicines: [...(said.medicines ?? []), "aspirin forte"] },
    ];
    for (const key of Object.keys(said)) {
      const { [key]: _dropped, ...rest } = said;
      wrong.push(rest);
      if (Array.isArray(said[key]) && said[key].length > 0) {
        wrong.push({ ...said, [key]: [...said[key], said[key][0]] });
      }
    }
    for (const reply of wrong) {
      const { valid_json, exact } = grade(json(reply));
      assert.deepEqual({ valid_json, exact }, { valid_json: 1, exact: 0 }, `${reference} ${json(reply)}`);
    }
    const none = { valid_json: 0, exact: 0, fields: 0 };
    for (
      const reply of ["", "null", "[]", reference.slice(0, -1), `${reference}}`, json({ ...said, name: "Ann" })]
    ) assert.deepEqual(grade(reply), none);
    assert.deepEqual(grade(json({ ...said, age: "54" })), none);
  }
});

Deno.test("memoryCorpus counts shared fields and values by F1", () => {
  const one = facts.find(({ reference }) => Object.values(JSON.parse(reference)).flat().length === 3)!;
  const said = JSON.parse(one.reference);
  const [key] = Object.keys(said);
  const one_less = Array.isArray(said[key]) && said[key].length > 1
    ? { ...said, [key]: said[key].slice(1) }
    : Object.fromEntries(Object.entries(said).slice(1));
  assert.equal(one.grade(json(one_less)).fields, 2 * 2 / 5);
});

Deno.test("memoryCorpus answers questions from the profile alone", () => {
  for (const one of recall) {
    const profile = patientFacts.parse(JSON.parse((one.messages[0].content as string).split("Profile: ")[1]));
    assert.equal(one.messages[0].content, recallPrompt(profile));
    const { reference } = one;
    const question = lastOf(one);
    if (/How old|my age/.test(question)) assert.equal(reference.includes("does not say"), profile.age === undefined);
    const list = /^(?:Which|What) .*\b(allergic|allergies|medicines|symptoms|illnesses)\b/.exec(question)?.[1];
    if (list && !question.includes("for")) {
      const field = list.startsWith("allerg") ? "allergies" : list === "illnesses" ? "conditions" : list;
      for (const name of profile[field as "allergies"] ?? []) assert.ok(reference.includes(name), question + reference);
    }
  }
});

Deno.test("memoryCorpus finds wrong answers from a profile", () => {
  for (const { reference, grade, messages } of recall) {
    const profile = patientFacts.parse(JSON.parse((messages[0].content as string).split("Profile: ")[1]));
    const wrong = [
      "",
      "I am a language model.",
      `${reference} You also take kavarolol.`,
      `${reference} You are 99 years old.`,
      `${reference} You have psoriasis and gout and migraine.`,
      messages[0].content as string,
    ];
    if (reference.includes("does not say")) {
      const other = reference.includes("old") ? "which medicines you take" : "how old you are";
      wrong.push(`Your profile does not say ${other}.`);
      wrong.push("You are 40 years old.", "Yes.", "No.", "You take aspirin.");
    } else wrong.push("Your profile does not say.");
    if (reference.startsWith("Yes")) wrong.push(reference.replace("Yes", "No"));
    if (reference.startsWith("No,")) wrong.push(reference.replace("No", "Yes"));
    const others = [profile.allergies, profile.medicines].flatMap((names) => names ?? [])
      .filter((name) => !reference.includes(name));
    if (others.length > 0) wrong.push(`${reference} And ${others[0]}.`);
    for (const reply of wrong) assert.equal(grade(reply).recalled, 0, `${reference} <- ${reply}`);
  }
});

Deno.test("memoryCorpus grades any text without throwing", () => {
  const some = [...facts.slice(0, 20), ...recall.slice(0, 20)];
  fc.assert(
    fc.property(fc.constantFrom(...some), fc.oneof(fc.string(), fc.json()), ({ grade }, reply) => {
      for (const value of Object.values(grade(reply))) assert.ok(value >= 0 && value <= 1);
    }),
    { numRuns: 500 },
  );
});
