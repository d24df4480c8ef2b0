import assert from "node:assert/strict";
import fc from "fast-check";
import { ROUTING_PROMPT, routingCorpus, toRoutingChat } from "../../../lib/data/corpora/routing.ts";
import { conditionsOf, mentions } from "../../../lib/data/medical/mod.ts";
import { ROUTES, routingQuestionAt } from "../../../lib/data/routing/mod.ts";

const questions = (split: "train" | "test", count: number) =>
  Array.from({ length: count }, (_, index) => routingQuestionAt(index, { seed: 3, split }));
const train = questions("train", 8000);
const test = questions("test", 4000);

Deno.test("routingQuestionAt() gives the same question for the same index", () => {
  assert.deepEqual(routingQuestionAt(5), routingQuestionAt(5, { seed: 0, split: "train" }));
  const others = [{ seed: 1 }, { split: "test" as const }].map((options) => routingQuestionAt(5, options).question);
  assert.equal(new Set([routingQuestionAt(5).question, routingQuestionAt(6).question, ...others]).size, 4);
});

Deno.test("routingQuestionAt() draws the routes equally often, in many words", () => {
  for (const [list, least] of [[train, 0.6], [test, 0.5]] as const) {
    for (const route of ROUTES) {
      const own = list.filter((each) => each.route === route);
      assert.ok(Math.abs(own.length / list.length - 1 / 3) < 0.03, route);
      assert.ok(new Set(own.map(({ question }) => question)).size > least * own.length, route);
    }
  }
});

Deno.test("routingQuestionAt() keeps the splits apart, and no question has two routes", () => {
  const routes = new Map(train.map(({ question, route }) => [question, route]));
  for (const { question, route } of train) assert.equal(routes.get(question), route, question);
  assert.deepEqual(test.filter(({ question }) => routes.has(question)), []);
});

Deno.test("routingQuestionAt() asks in whole, short sentences", () => {
  for (const { question } of [...train, ...test]) {
    assert.match(question, /[.?!]$/);
    assert.match(question, /^[A-Z0-9]/);
    assert.doesNotMatch(question, /undefined|NaN|\s\s|^\s|\$\{/);
    assert.ok(question.length <= 220, question);
  }
});

Deno.test("routingQuestionAt() has numbers without mathematics, and medicine in stories", () => {
  const others = train.filter(({ route }) => route === "others").map(({ question }) => question);
  const share = (pattern: RegExp) => others.filter((question) => pattern.test(question)).length / others.length;
  assert.ok(share(/\d/) > 0.2);
  assert.ok(share(/how many/i) > 0.02);
  assert.ok(share(/doctor|nurse|hospital|heart|sick|head|pain|fever|virus/i) > 0.08);
  const medical = train.filter(({ route }) => route === "medical");
  assert.ok(medical.filter(({ question }) => /\d/.test(question)).length > 0.15 * medical.length);
});

Deno.test("routingQuestionAt() mentions no illness that is left to notebooks", () => {
  const names = conditionsOf("new").flatMap(({ name, lay }) => lay === undefined ? [name] : [name, lay]);
  const medical = train.filter(({ route }) => route === "medical").slice(0, 1500);
  for (const { question } of medical) {
    for (const name of names) assert.ok(!mentions(question, name), question);
  }
});

Deno.test("routingCorpus asks several questions and tests the first alone", () => {
  const lengths = new Set<number>();
  for (let index = 0; index < 500; index++) {
    const { kind, messages, cases } = routingCorpus.exampleAt(index, { seed: 3 });
    const { question, route } = routingQuestionAt(6 * index, { seed: 3 });
    assert.equal(kind, route);
    assert.deepEqual(messages.slice(0, 3), [
      { role: "system", content: ROUTING_PROMPT },
      { role: "user", content: question },
      { role: "assistant", content: route },
    ]);
    messages.slice(1).forEach(({ role, content }, turn) => {
      assert.equal(role, turn % 2 === 0 ? "user" : "assistant");
      if (role === "assistant") assert.ok(ROUTES.some((name) => name === content));
    });
    lengths.add((messages.length - 1) / 2);
    assert.equal(cases.length, 1);
    assert.deepEqual(cases[0].messages, toRoutingChat(question));
    assert.ok(messages.reduce((sum, { content }) => sum + String(content).length, 0) < 1500);
  }
  assert.deepEqual([...lengths].sort(), [1, 2, 3, 4, 5, 6]);
});

Deno.test("routingCorpus grades the one right word, and nothing else", () => {
  for (let index = 0; index < 300; index++) {
    const [{ reference, grade }] = routingCorpus.exampleAt(index).cases;
    assert.deepEqual(grade(reference), { route: 1 });
    assert.deepEqual(grade(` ${reference}\n`), { route: 1 });
    for (const route of ROUTES) if (route !== reference) assert.deepEqual(grade(route), { route: 0 });
    for (
      const reply of [
        "",
        `${reference} ${reference}`,
        `It is ${reference}.`,
        reference.toUpperCase(),
        ROUTES.join(", "),
      ]
    ) {
      assert.deepEqual(grade(reply), { route: 0 }, reply);
    }
  }
  const [{ grade }] = routingCorpus.exampleAt(0).cases;
  fc.assert(fc.property(fc.string(), (reply) => assert.ok([0, 1].includes(grade(reply).route))));
});
