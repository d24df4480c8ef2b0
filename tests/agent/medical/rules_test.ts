import assert from "node:assert/strict";
import fc from "fast-check";
import { type NumberedEvidence, shortView } from "../../../lib/agent/medical/mod.ts";
import { asksForBodyMass } from "../../../lib/agent/medical/body_mass.ts";
import { EventQueue } from "../../../lib/agent/medical/event_queue.ts";
import { isFollowUp, openQuestionOf } from "../../../lib/agent/medical/follow_up.ts";
import { ownQuestion } from "../../../lib/agent/medical/own_question.ts";
import { missingCautions } from "../../../lib/agent/medical/patient_cautions.ts";
import { fieldsAskedFor, greetingText, onlyTells } from "../../../lib/agent/medical/recall.ts";
import { entitiesIn, entitiesOfProfile, groupsIn } from "../../../lib/agent/medical/special_groups.ts";

const evidence = (...texts: string[]): NumberedEvidence[] =>
  texts.map((text, at) => ({
    number: at + 1,
    title: "A title",
    headings: [],
    text,
    source: "a.md",
    riskLevel: "low",
    category: "condition",
    updateDate: "",
    score: 1,
    quotes: [],
  }));

Deno.test("shortView() numbers what is cited from 1, and gives the numbers back", () => {
  const { draft, evidence: shown, back } = shortView(
    "Five [5]. Two [2]. Both [2, 5].",
    evidence("1", "2", "3", "4", "5"),
  );
  assert.equal(draft, "Five [1]. Two [2]. Both [2, 1].");
  assert.deepEqual(shown, ["5", "2"]);
  assert.equal(back(draft), "Five [5]. Two [2]. Both [2, 5].");
});

Deno.test("shortView() makes no citation exist that does not", () => {
  const all = evidence("one", "two");
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 6 }), (numbers) => {
    const text = numbers.map((number) => `A [${number}].`).join(" ");
    const { draft, evidence: shown, back } = shortView(text, all);
    const cited = Array.from(draft.matchAll(/\[(\d+)\]/g), ([, number]) => Number(number));
    cited.forEach((number, at) => {
      assert.equal(number >= 1 && number <= shown.length, numbers[at] >= 1 && numbers[at] <= 2);
    });
    const returned = Array.from(back(draft).matchAll(/\[(\d+)\]/g), ([, number]) => Number(number));
    returned.forEach((number, at) =>
      assert.equal(number <= 2 && number >= 1 ? number : 0, [1, 2].includes(numbers[at]) ? numbers[at] : 0)
    );
  }));
});

Deno.test("missingCautions() says what the patient has to avoid and the draft does not", () => {
  const passages = evidence("NSAIDs should be avoided by people with asthma.", "Pregnant women should avoid statins.");
  const cautionsOf = (draft: string, question: string, profile: Parameters<typeof missingCautions>[0]["profile"]) =>
    missingCautions({ draft, question, profile, evidence: passages });
  assert.deepEqual(cautionsOf("It helps [1].", "Can I take amoxicillin?", { allergies: ["penicillin"] }), [
    "Because you are allergic to penicillin, avoid amoxicillin.",
  ]);
  assert.deepEqual(
    cautionsOf("Do not take amoxicillin.", "Can I take amoxicillin?", { allergies: ["penicillin"] }),
    [],
  );
  assert.deepEqual(cautionsOf("It helps [1].", "Can I take amoxicillin?", {}), []);
  assert.deepEqual(cautionsOf("Statins lower cholesterol [2].", "What lowers cholesterol?", { pregnant: true }), [
    "Because you are pregnant, avoid statins [2].",
  ]);
});

Deno.test("isFollowUp() tells what goes on from what stands by itself", () => {
  for (
    const message of [
      "And for children?",
      "What about old people?",
      "Is it contagious?",
      "How long does it last?",
      "May I take them in pregnancy?",
    ]
  ) {
    assert.equal(isFollowUp(message), true, message);
  }
  for (
    const message of [
      "What is gout?",
      "I burned my hand. Should I cool it?",
      "It hurts when I swallow. What is it good to drink then for a sore throat?",
      "Is it safe to fly with a cold?",
    ]
  ) {
    assert.equal(isFollowUp(message), false, message);
  }
});

Deno.test("openQuestionOf() is the last question that needs none before it", () => {
  const said = (content: string) => ({ role: "user" as const, content });
  assert.equal(openQuestionOf([said("What is gout?"), said("And in children?"), said("I am 40.")]), "What is gout?");
  assert.equal(openQuestionOf([]), "");
  assert.equal(openQuestionOf([{ ...said("What is gout?"), withheld: [{ start: 0, end: 13 }] }]), "");
});

Deno.test("entitiesIn() finds medicines, numbers and special groups", () => {
  assert.deepEqual(entitiesIn("My 4-year-old son has had a fever of 39.5 for 3 days. Can he have ibuprofen?"), {
    medicines: ["ibuprofen"],
    numbers: ["4", "39.5", "3"],
    groups: ["child"],
  });
  assert.deepEqual(groupsIn("I am expecting a baby and my kidneys are bad"), ["pregnancy", "kidney disease"]);
  assert.deepEqual(groupsIn("What is gout?"), []);
});

Deno.test("entitiesOfProfile() names who the patient is, what they take and what they must not get", () => {
  assert.deepEqual(
    entitiesOfProfile({
      age: 80,
      pregnant: false,
      medicines: ["warfarin"],
      allergies: ["latex"],
      conditions: ["asthma"],
    }),
    ["older adult", "warfarin", "latex allergy", "asthma"],
  );
  assert.deepEqual(entitiesOfProfile({ age: 31, pregnant: true }), ["pregnancy"]);
  assert.deepEqual(entitiesOfProfile({}), []);
});

Deno.test("fieldsAskedFor() tells questions about the profile from others", () => {
  assert.deepEqual(fieldsAskedFor("What am I allergic to?"), ["allergies"]);
  assert.deepEqual(fieldsAskedFor("How old am I?"), ["age"]);
  assert.deepEqual(fieldsAskedFor("What do you know about me?"), []);
  assert.deepEqual(fieldsAskedFor("Do you remember my medicines?"), ["medicines"]);
  for (
    const message of [
      "What is an allergy?",
      "Which medicines help against gout?",
      "Can I take ibuprofen?",
      "What do I do about a burn?",
    ]
  ) {
    assert.equal(fieldsAskedFor(message), null, message);
  }
});

Deno.test("ownQuestion() leaves out who is asking, and keeps what may be asked about", () => {
  const told = (field: "pregnant" | "medicines" | "symptoms", quote: string) =>
    ({ kind: "set", field, value: "x", source: { turn: 1, quote, by: "patient" } }) as const;
  const both = [told("pregnant", "I am pregnant"), told("medicines", "I take warfarin")];
  const message = "I am pregnant and I take warfarin. ";
  assert.equal(ownQuestion(`${message}Can I take ibuprofen?`, both), "Can I take ibuprofen?");
  assert.equal(ownQuestion(`${message}What may I eat?`, both), `${message}What may I eat?`);
  assert.equal(ownQuestion("I am pregnant. What may I eat?", both), "What may I eat?");
  assert.equal(ownQuestion("I am pregnant.", both), "I am pregnant.");
  const rash = "I have a rash. What helps?";
  assert.equal(ownQuestion(rash, [told("symptoms", "I have a rash")]), rash);
});

Deno.test("onlyTells() holds for facts without a question or complaint", () => {
  const source = { turn: 1, quote: "", by: "patient" } as const;
  const age = { kind: "set", field: "age", value: 40, source } as const;
  assert.equal(onlyTells("I am 40.", [age]), true);
  assert.equal(onlyTells("I am 40. What helps with gout?", [age]), false);
  assert.equal(onlyTells("I have a rash.", [{ ...age, field: "symptoms", value: "a rash" }]), false);
  assert.equal(onlyTells("Thank you.", []), false);
});

Deno.test("greetingText() answers greetings and nothing else", () => {
  for (const message of ["Hello", "Good morning!", "Thanks a lot.", "ok"]) assert.ok(greetingText(message), message);
  for (const message of ["Hello, what is gout?", "I am ill", ""]) assert.equal(greetingText(message), null, message);
});

Deno.test("asksForBodyMass() needs measures", () => {
  assert.equal(asksForBodyMass("My weight is 80 kg and my height is 1.75 m. What is my BMI?"), true);
  assert.equal(asksForBodyMass("I weigh 92 kg and am 178 cm tall. Am I overweight?"), true);
  assert.equal(asksForBodyMass("What does the BMI tell?"), false);
  assert.equal(asksForBodyMass("I weigh 80 kg. What helps with gout?"), false);
});

Deno.test("EventQueue gives everything in order, then ends or throws", async () => {
  const queue = new EventQueue<number>();
  queue.push(1);
  const read = Array.fromAsync(queue);
  queue.push(2);
  await Promise.resolve();
  queue.push(3);
  queue.close();
  assert.deepEqual(await read, [1, 2, 3]);
  const failing = new EventQueue<number>();
  failing.push(1);
  failing.fail(new Error("broken"));
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const event of failing) seen.push(event);
  }, /broken/);
  assert.deepEqual(seen, [1]);
});
