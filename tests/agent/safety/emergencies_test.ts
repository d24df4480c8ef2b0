import assert from "node:assert/strict";
import fc from "fast-check";
import { emergencyAnswer, findEmergencies } from "../../../lib/agent/safety/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { EMERGENCIES, NO_EMERGENCIES } from "./emergency_sentences.ts";
import { scoresOf } from "./labelled.ts";

/**
 * At the first try: 79 of 82 found (recall 96.3 %), 1 of 86 others taken for one (precision 98.8 %). The four were then mended, so that
 * this list now keeps what is won; the same person wrote rules and list, and other people's words will do worse.
 */
Deno.test("findEmergencies() finds emergencies of the labelled list and nothing else", () => {
  assert.ok(EMERGENCIES.length >= 80 && NO_EMERGENCIES.length >= 80);
  const finds = (text: string) => findEmergencies(text).length > 0;
  const { precision, recall, wrong } = scoresOf(finds, EMERGENCIES.map(([, text]) => text), NO_EMERGENCIES);
  assert.ok(precision >= 0.98 && recall >= 0.98, `precision ${precision}, recall ${recall}:\n${wrong.join("\n")}`);
});

Deno.test("findEmergencies() names the kind of the emergency, and the words that say so", () => {
  for (const [kind, text] of EMERGENCIES) {
    const found = findEmergencies(text).find((emergency) => emergency.kind === kind);
    assert.ok(found, `${kind}: ${text}`);
    for (const words of found.words) assert.ok(text.toLowerCase().includes(words), `${words} in ${text}`);
  }
});

Deno.test("findEmergencies() is none when a sign is denied, past, imagined or asked about", () => {
  const told = "I have chest pain and I am sweating.";
  assert.equal(findEmergencies(told)[0].kind, "heart attack");
  for (
    const other of [
      "I have no chest pain and I am not sweating.",
      "I had chest pain and I was sweating ten years ago.",
      "What if I had chest pain and sweating?",
      "Are chest pain and sweating signs of a heart attack?",
      "In the movie he had chest pain and was sweating.",
    ]
  ) assert.deepEqual(findEmergencies(other), [], other);
});

Deno.test("findEmergencies() puts signs of neighbouring sentences together, and not those far apart", () => {
  assert.equal(findEmergencies("My chest hurts. It began an hour ago. I feel faint.")[0].kind, "heart attack");
  const filler = "I like tea. I like bread. I like walks. I like music. ";
  assert.deepEqual(findEmergencies(`My chest hurts a bit when I press on it. ${filler}I was nauseous.`), []);
});

Deno.test("findEmergencies() counts for others who are in danger now, and a pregnancy that was told of before", () => {
  assert.equal(findEmergencies("The woman next to me is unconscious.")[0].kind, "unconsciousness");
  assert.deepEqual(findEmergencies("I am bleeding."), []);
  assert.deepEqual(findEmergencies("I am bleeding.", { profile: { pregnant: false } }), []);
  assert.equal(findEmergencies("I am bleeding.", { profile: { pregnant: true } })[0].kind, "pregnancy emergency");
});

Deno.test("findEmergencies() gives several when a message tells of several, the most urgent first", () => {
  const kinds = findEmergencies("I took too many pills because I want to die. I can't breathe.").map(({ kind }) =>
    kind
  );
  assert.deepEqual(kinds, ["breathing", "suicide", "poisoning"]);
});

Deno.test("findEmergencies() reads any text, and finds what is at the end of a long one", () => {
  fc.assert(fc.property(anyText({ maxLength: 300 }), (text) => {
    assert.ok(Array.isArray(findEmergencies(text)));
  }));
  const words = [
    "i",
    "my",
    "chest pain",
    "can't",
    "not",
    "bleeding",
    "stop",
    "swallowed",
    "a",
    "?",
    ".",
    ",",
    "\n",
    "is",
    "arm",
  ];
  fc.assert(fc.property(fc.array(fc.constantFrom(...words), { maxLength: 60 }), (parts) => {
    for (const { words } of findEmergencies(parts.join(" "))) assert.ok(words.length > 0);
  }));
  assert.equal(findEmergencies("I like long letters. ".repeat(20_000) + "I can't breathe!")[0].kind, "breathing");
});

Deno.test("findEmergencies() finds medicines that somebody swallowed, however many they were", () => {
  const found = [
    "My child swallowed a bottle of pills.",
    "The toddler ate several iron tablets",
    "He got into some pills.",
  ];
  for (const text of found) assert.deepEqual(findEmergencies(text).map(({ kind }) => kind), ["poisoning"], text);
  for (const text of ["I swallowed a tablet of ibuprofen.", "My mother takes several tablets a day."]) {
    assert.deepEqual(findEmergencies(text), [], text);
  }
});

Deno.test("emergencyAnswer() begins with whom to call, and names what each emergency needs", () => {
  const answer = emergencyAnswer([{ kind: "suicide" }, { kind: "poisoning" }], {
    emergencyNumber: "144",
    crisisLine: "143",
    poisonCenter: "145",
  });
  assert.ok(answer.startsWith("Call 144 now."));
  assert.match(answer, /call or text 143/);
  assert.match(answer, /ask 145/);
  assert.match(emergencyAnswer([{ kind: "heart attack" }]), /^Call your local emergency number/);
  assert.throws(() => emergencyAnswer([]), /at least one/);
});

Deno.test("emergencyAnswer() has advice for every kind, without an order of a dose", async () => {
  const { findDosingOrders } = await import("../../../lib/agent/safety/mod.ts");
  const kinds = [...new Set(EMERGENCIES.map(([kind]) => kind))];
  assert.equal(kinds.length, 13);
  const answers = kinds.map((kind) => emergencyAnswer([{ kind }]));
  assert.equal(new Set(answers).size, kinds.length);
  for (const answer of answers) assert.deepEqual(findDosingOrders(answer), []);
});
