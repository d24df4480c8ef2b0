import assert from "node:assert/strict";
import fc from "fast-check";
import { type PatientFacts, patientFacts } from "../../../lib/data/mod.ts";
import { checkFacts, type NotSaid } from "../../../lib/agent/memory/mod.ts";
import { anyText } from "../../support/any_text.ts";

/** What is left of facts: their values by field. */
function left(facts: PatientFacts, message: string): unknown[] {
  return checkFacts(facts, message).said.map(({ field, value }) => [field, value]);
}

const KEPT: [string, PatientFacts][] = [
  ["I'm a 34-year-old woman and I've had asthma since childhood.", { age: 34, sex: "female", conditions: ["asthma"] }],
  ["Forty-three, male, on lisinopril.", { age: 43, sex: "male", medicines: ["lisinopril"] }],
  ["I turned 61 last month.", { age: 61 }],
  ["43", { age: 43 }],
  ["My mother has gout and I have asthma.", { conditions: ["asthma"] }],
  ["Can I take ibuprofen with my warfarin?", { medicines: ["warfarin"] }],
  ["I have asthma, can I go running?", { conditions: ["asthma"] }],
  ["I can't have peanuts because of an allergy.", { allergies: ["peanuts"] }],
  ["I am not allergic to penicillin but to codeine.", { allergies: ["codeine"] }],
  ["I take codeine, not morphine.", { medicines: ["codeine"] }],
  ["I do not know why I have a headache.", { symptoms: ["headache"] }],
  ["I haven't taken my metformin today.", { medicines: ["metformin"] }],
  ["I’m worried about my migraine.", { conditions: ["migraine"] }],
  ["My knees hurt and I can't sleep.", { symptoms: ["knee pain", "poor sleep"] }],
  ["I take cetirizine for my pollen allergy.", { medicines: ["cetirizine"] }],
  ["I'm expecting a baby in May", { pregnant: true }],
  ["I'm not pregnant.", { pregnant: false }],
  ["I have no allergies and I don't take any medicines.", { allergies: [], medicines: [] }],
  ["my doctor says that I have high  blood pressure", { conditions: ["High blood pressure"] }],
  ["My allergy is cat hair.", { allergies: ["cat hair"] }],
  ["I take no medicines, and acid comes up my throat.", { symptoms: ["heartburn"] }],
  ["I am allergic to a peanut.", { allergies: ["peanuts"] }],
];

Deno.test("checkFacts() keeps what a message says of its writer", () => {
  for (const [message, facts] of KEPT) {
    const { said, dropped } = checkFacts(facts, message);
    assert.deepEqual(dropped, [], message);
    for (const { quote, clause } of said) {
      assert.ok(quote !== "" && message.includes(quote), message);
      assert.equal(message.slice(clause.start, clause.end), quote);
    }
  }
});

const DROPPED: [string, PatientFacts, NotSaid][] = [
  ["I have asthma.", { age: 34 }, "absent"],
  ["I take 50 mg of losartan.", { age: 50 }, "absent"],
  ["I have had asthma for 12 years.", { age: 12 }, "absent"],
  ["I am in week 30 of my pregnancy.", { age: 30 }, "absent"],
  ["My blood pressure is 140/90.", { age: 90 }, "absent"],
  ["My best friend has gout.", { conditions: ["gout"] }, "others"],
  ["My father is 72 years old.", { age: 72 }, "others"],
  ["I am 43, not 34.", { age: 34 }, "denied"],
  ["My wife is a woman of few words.", { sex: "female" }, "others"],
  ["Hello.", { sex: "male" }, "absent"],
  ["My sister is pregnant.", { pregnant: true }, "others"],
  ["I am not pregnant.", { pregnant: true }, "denied"],
  ["I am pregnant.", { pregnant: false }, "denied"],
  ["Could I be pregnant?", { pregnant: true }, "asked"],
  ["My mother is 70. She takes warfarin.", { medicines: ["warfarin"] }, "others"],
  ["Can I take ibuprofen?", { medicines: ["ibuprofen"] }, "asked"],
  ["What if I take ibuprofen", { medicines: ["ibuprofen"] }, "asked"],
  ["I do not take aspirin, ibuprofen or naproxen.", { medicines: ["naproxen"] }, "denied"],
  ["I stopped taking metformin years ago.", { medicines: ["metformin"] }, "denied"],
  ["I'm no longer on sertraline.", { medicines: ["sertraline"] }, "denied"],
  ["I am not allergic to latex.", { allergies: ["latex"] }, "denied"],
  ["I am afraid of diabetes.", { conditions: ["diabetes"] }, "asked"],
  ["I think it might be gout.", { conditions: ["gout"] }, "asked"],
  ["My headache is gone.", { symptoms: ["headache"] }, "denied"],
  ["My head does not hurt.", { symptoms: ["headache"] }, "absent"],
  ["I am allergic to penicillin.", { medicines: ["penicillin"] }, "otherField"],
  ["I take penicillin twice a day.", { allergies: ["penicillin"] }, "otherField"],
  ["I have a rash.", { conditions: ["psoriasis"] }, "absent"],
  ["I am allergic to nuts.", { allergies: ["I am"] }, "absent"],
  ["I am not allergic to penicillin.", { allergies: [] }, "absent"],
  ["I have asthma.", { medicines: [] }, "absent"],
  ["My brother has no allergies.", { allergies: [] }, "absent"],
];

Deno.test("checkFacts() drops what a message does not say of its writer, and says why", () => {
  for (const [message, facts, reason] of DROPPED) {
    const { said, dropped } = checkFacts(facts, message);
    assert.deepEqual(said, [], message);
    assert.deepEqual(dropped.map((fact) => fact.reason), [reason], message);
  }
});

Deno.test("checkFacts() takes a name that was copied with a slip as it stands in the message", () => {
  const message = "I take notilodine and I have soperovak syndrome.";
  assert.deepEqual(left({ medicines: ["notlodine"], conditions: ["socperovak syndrome"] }, message), [
    ["conditions", "soperovak syndrome"],
    ["medicines", "notilodine"],
  ]);
  assert.deepEqual(left({ medicines: ["noc"] }, message), [], "too short to tell");
  assert.deepEqual(left({ medicines: ["amlodipine"] }, "I take amlodipino or amlodipina"), [], "two are as near");
});

Deno.test("checkFacts() never keeps a name of which the message has no word, and quotes what stands in it", () => {
  const names = fc.array(fc.stringMatching(/^[a-z]{3,9}( [a-z]{3,9})?$/), { maxLength: 3 });
  const facts = fc.record({ age: fc.nat(130), allergies: names, medicines: names }, { requiredKeys: [] });
  fc.assert(
    fc.property(
      facts,
      fc.oneof(anyText({ maxLength: 80 }), names.map((all) => all.join(". I take "))),
      (facts, message) => {
        const { said, dropped } = checkFacts(patientFacts.parse(facts), message);
        for (const { value, quote } of said) {
          assert.ok(message.includes(quote));
          if (typeof value === "string") assert.ok(quote.toLowerCase().includes(value.slice(0, 2).toLowerCase()));
        }
        const distinct = [
          facts.age === undefined ? [] : [1],
          new Set(facts.allergies ?? []),
          new Set(facts.medicines ?? []),
        ];
        const empties = [facts.allergies, facts.medicines].filter((list) => list?.length === 0).length;
        const count = distinct.reduce((sum, list) => sum + [...list].length, 0) + empties;
        // Two slips of the same word are one name.
        assert.ok(said.length + dropped.length <= count);
      },
    ),
  );
});
