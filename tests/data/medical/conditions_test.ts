import assert from "node:assert/strict";
import { BODY_SYSTEMS, type Condition, CONDITIONS, mentions } from "../../../lib/data/medical/mod.ts";

const spoken = (condition: Condition) => [
  condition.symptoms.map(({ lay }) => lay),
  condition.symptoms.map(({ lay, term }) => term ?? lay),
];

Deno.test("CONDITIONS has five conditions for each system of the body, two of them known", () => {
  assert.equal(CONDITIONS.length, 65);
  assert.equal(new Set(CONDITIONS.map(({ name }) => name)).size, CONDITIONS.length);
  for (const system of BODY_SYSTEMS) {
    const chapters = CONDITIONS.filter((condition) => condition.system === system).map(({ chapter }) => chapter);
    assert.deepEqual(chapters, ["known", "known", "new", "new", "new"], system);
  }
});

Deno.test("CONDITIONS share no pair of symptoms and no finding, in everyday words and in terms", () => {
  const owners = new Map<string, string>();
  const claim = (fact: string, name: string) => {
    assert.equal(owners.get(fact) ?? name, name, `${fact} is said of ${name} too`);
    owners.set(fact, name);
  };
  for (const condition of CONDITIONS) {
    claim(condition.finding, condition.name);
    for (const symptoms of spoken(condition)) {
      assert.equal(new Set(symptoms).size, 4, condition.name);
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < i; j++) claim([symptoms[i], symptoms[j]].sort().join(" + "), condition.name);
      }
    }
  }
});

Deno.test("CONDITIONS have short answers, and no case tells its own answer", () => {
  for (const condition of CONDITIONS) {
    const { name, lay, treatment, avoid, warning, test, finding, ages } = condition;
    for (const answer of [name, treatment.name, avoid.name, warning.replace(/^an? /, ""), test]) {
      assert.ok(answer.split(" ").length <= 4, `${name}: "${answer}" is longer than four words`);
    }
    assert.ok(ages[0] < ages[1], name);
    const told = [...spoken(condition).flat(), finding, avoid.who ?? ""].join(". ");
    for (const answer of [name, lay ?? name, treatment.name, avoid.name, warning, test]) {
      assert.ok(!mentions(told, answer), `${name}: a case tells "${answer}"`);
    }
  }
});

Deno.test("CONDITIONS never treat with what is to be avoided, nor with its kin for whom it is forbidden", () => {
  const kin: Record<string, string[]> = {
    "is allergic to penicillin": ["amoxicillin", "penicillin V", "dicloxacillin"],
    "has kidney disease": ["ibuprofen", "naproxen", "diclofenac"],
    "is pregnant": [
      "ciprofloxacin",
      "rivaroxaban",
      "apixaban",
      "valproate",
      "isotretinoin",
      "fluconazole",
      "enalapril",
      "lisinopril",
      "methotrexate",
      "doxycycline",
    ],
  };
  for (const { name, treatment, avoid } of CONDITIONS) {
    assert.notEqual(treatment.name, avoid.name, name);
    if (avoid.who !== undefined) assert.ok(!kin[avoid.who]?.includes(treatment.name), `${name}: ${treatment.name}`);
  }
});
