import assert from "node:assert/strict";
import fc from "fast-check";
import {
  editProfile,
  emptyProfile,
  forgetAll,
  forgetEntry,
  mergeTurn,
  type PatientProfile,
  patientProfile,
  profileFacts,
  type TurnFacts,
} from "../../../lib/agent/memory/mod.ts";

type Said = TurnFacts["said"][number];

const LISTS = ["allergies", "conditions", "medicines", "symptoms"] as const;
const name = fc.constantFrom("aspirin", "Asthma", "latex", "gout", "cough");

const said: fc.Arbitrary<Said> = fc.oneof(
  fc.record({ field: fc.constant("age" as const), value: fc.integer({ min: 20, max: 24 }), corrects: fc.boolean() }),
  fc.record({ field: fc.constant("sex" as const), value: fc.constantFrom("female", "male"), corrects: fc.boolean() }),
  fc.record({ field: fc.constant("pregnant" as const), value: fc.boolean(), corrects: fc.boolean() }),
  fc.record({ field: fc.constantFrom(...LISTS), value: fc.option(name, { freq: 5 }) }),
).map((fact) => ({ ...fact, quote: `I said ${fact.field} ${fact.value}` }));

/** A message has one age. */
const saidInOneTurn = fc.uniqueArray(said, {
  maxLength: 4,
  selector: ({ field, value }) => (LISTS as readonly string[]).includes(field) ? `${field} ${value}` : field,
});

const ended = fc.record({
  field: fc.constantFrom(...LISTS),
  value: name,
  quote: fc.constant("no more"),
  reason: fc.constantFrom("ended" as const, "corrected" as const, "denied" as const),
});

/** Turns as they come: numbered from 1. */
const turns = fc.array(
  fc.record({ said: saidInOneTurn, ended: fc.array(ended, { maxLength: 2 }) }),
  { maxLength: 6 },
).map((all) => all.map((turn, index): TurnFacts => ({ turn: index + 1, ...turn })));

function merged(all: readonly TurnFacts[], profile: PatientProfile = emptyProfile()): PatientProfile {
  return all.reduce((soFar, turn) => mergeTurn(soFar, turn).profile, profile);
}

function fact(field: Said["field"], value: Said["value"], corrects = false): Said {
  return { field, value, quote: `${field} ${value}`, corrects };
}

function turn(number: number, facts: Said[], ends: TurnFacts["ended"] = []): TurnFacts {
  return { turn: number, said: facts, ended: ends };
}

Deno.test("mergeTurn() gives valid profiles, and the same for the same turn twice", () => {
  fc.assert(fc.property(turns, (all) => {
    let profile = emptyProfile();
    for (const one of all) {
      profile = mergeTurn(profile, one).profile;
      assert.deepEqual(patientProfile.parse(profile), profile);
      const again = mergeTurn(profile, one);
      assert.deepEqual(again.profile, profile);
      assert.deepEqual(again.conflicts, []);
    }
  }));
});

Deno.test("mergeTurn() gives the same whatever the order of facts that have nothing to do with each other", () => {
  const independent = fc.uniqueArray(
    fc.oneof(
      fc.tuple(fc.constantFrom<Said["field"]>(...LISTS), name),
      fc.constantFrom<[Said["field"], NonNullable<Said["value"]>]>(["age", 33], ["sex", "female"], ["pregnant", true]),
    ),
    { selector: ([field, value]) => `${field} ${value}`, maxLength: 8 },
  ).chain((facts) => fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })));
  fc.assert(fc.property(independent, ([facts, shuffled]) => {
    const turnOf = new Map(facts.map((one, index) => [one, turn(index + 1, [fact(one[0], one[1])])]));
    assert.deepEqual(merged(shuffled.map((one) => turnOf.get(one)!)), merged(facts.map((one) => turnOf.get(one)!)));
    const together = (all: typeof facts) => merged([turn(1, all.map((one) => fact(one[0], one[1])))]);
    assert.deepEqual(together(shuffled), together(facts));
  }));
});

Deno.test("mergeTurn() gives the same for single values whatever the order in which turns come", () => {
  const ages = fc.array(fc.integer({ min: 30, max: 33 }), { minLength: 1, maxLength: 5 })
    .map((all) => all.map((age, index) => turn(index + 1, [fact("age", age)])))
    .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
  fc.assert(fc.property(ages, ([all, shuffled]) => {
    const [one, other] = [merged(all), merged(shuffled)];
    assert.deepEqual(one.age, other.age);
    const others = ({ conflicts }: PatientProfile) => new Set(conflicts.map(({ other }) => other.value));
    assert.deepEqual(others(one), others(other));
    assert.deepEqual(profileFacts(one), { age: all[all.length - 1].said[0].value });
  }));
});

Deno.test("mergeTurn() keeps for each value the words of the turn that said it", () => {
  fc.assert(fc.property(turns, (all) => {
    const profile = merged(all);
    const words = (number: number) => [...all[number - 1].said, ...all[number - 1].ended].map(({ quote }) => quote);
    const { age, sex, pregnant, conflicts, past, none } = profile;
    const sources = [
      ...[age, sex, pregnant].flatMap((held) => held ? [held.source] : []),
      ...LISTS.flatMap((field) => profile[field].map(({ source }) => source)),
      ...Object.values(none),
      ...conflicts.flatMap(({ kept, other }) => [kept.source, other.source]),
      ...past.flatMap(({ source, ended }) => [source, ended]),
    ];
    for (const source of sources) assert.ok(words(source.turn).includes(source.quote));
    for (const { source, value } of LISTS.flatMap((field) => profile[field])) {
      assert.ok(source.quote.toLowerCase().includes(value.toLowerCase()));
    }
    // Every value that was ever said is held, in a contradiction, or in the past.
    for (const { said } of all) {
      for (const { field, value } of said) {
        if (field !== "age") continue;
        const places = [age?.value, ...conflicts.map(({ other }) => other.value), ...past.map((one) => one.value)];
        assert.ok(
          places.includes(value!) || all.some(({ said }) => said.filter((one) => one.field === "age").length > 1),
        );
      }
    }
  }));
});

Deno.test("mergeTurn() never has in a contradiction as kept what the profile does not hold", () => {
  fc.assert(fc.property(turns, (all) => {
    const profile = merged(all);
    for (const { field, kept } of profile.conflicts) {
      const held = profile[field];
      if (kept.isDenied) continue;
      if (kept.value === null) assert.ok(field in profile.none);
      else if (Array.isArray(held)) assert.ok(held.some(({ value }) => value === kept.value));
      else assert.equal(held?.value, kept.value);
    }
  }));
});

Deno.test("forgetEntry() is final: the value is nowhere, and no turn until then brings it back", () => {
  const deletion = fc.tuple(turns, fc.constantFrom(...LISTS), name);
  fc.assert(fc.property(deletion, ([all, field, value]) => {
    const before = merged(all);
    const { profile } = forgetEntry(before, field, value, { turn: all.length });
    const again = merged(all, profile);
    const isIt = (other: unknown) => typeof other === "string" && other.toLowerCase() === value.toLowerCase();
    for (const each of [profile, again]) {
      assert.ok(!each[field].some((one) => isIt(one.value)));
      if (JSON.stringify(before[field]) === JSON.stringify(profile[field])) continue;
      for (const one of each.past) assert.ok(one.field !== field || !isIt(one.value));
      for (const one of each.conflicts) {
        assert.ok(one.field !== field || !(isIt(one.kept.value) || isIt(one.other.value)));
      }
    }
    if (profile !== before) assert.deepEqual(again[field], profile[field]);
    // Said anew, it is known anew.
    const anew = merged([turn(all.length + 1, [fact(field, value)])], profile);
    assert.ok(anew[field].some((one) => isIt(one.value)));
  }));
});

Deno.test("forgetAll() leaves nothing, and nothing comes back from the turns until then", () => {
  fc.assert(fc.property(turns, (all) => {
    const { profile } = forgetAll(merged(all), { turn: all.length });
    assert.deepEqual(merged(all, profile), profile);
    assert.deepEqual(profileFacts(profile), {});
    const { settled: _, ...rest } = profile;
    assert.ok(!/aspirin|asthma|latex|gout|cough|said/i.test(JSON.stringify(rest)));
  }));
});

Deno.test("editProfile() holds against all messages until then, and against newer ones about a single value", () => {
  fc.assert(
    fc.property(turns, fc.integer({ min: 60, max: 69 }), fc.subarray(["aspirin", "mold"]), (all, age, allergies) => {
      const { profile } = editProfile(merged(all), { age, allergies }, { turn: all.length });
      const again = merged(all, profile);
      assert.deepEqual([again.age, again.allergies], [profile.age, profile.allergies]);
      assert.deepEqual(profileFacts(again).age, age);
      assert.deepEqual(new Set(profileFacts(again).allergies?.map((one) => one.toLowerCase())), new Set(allergies));
      const later = mergeTurn(again, turn(all.length + 1, [fact("age", 30)]));
      assert.equal(later.profile.age?.value, age);
      assert.deepEqual(later.conflicts.map(({ kept, other }) => [kept.value, kept.source.by, other.value]), [[
        age,
        "edit",
        30,
      ]]);
    }),
  );
});

Deno.test("mergeTurn() keeps both sides of a contradiction, and of a correction only the new one", () => {
  const told = merged([turn(1, [fact("age", 34), fact("allergies", "penicillin")])]);
  const contradicted = mergeTurn(told, turn(2, [fact("age", 43)]));
  assert.equal(contradicted.profile.age?.value, 43);
  assert.deepEqual(
    contradicted.conflicts.map(({ kept, other }) => [kept.value, kept.source.turn, other.value, other.source.turn]),
    [
      [43, 2, 34, 1],
    ],
  );
  const corrected = mergeTurn(told, turn(2, [fact("age", 43, true)]));
  assert.deepEqual(corrected.profile.conflicts, []);
  assert.deepEqual(
    corrected.profile.past.map(({ value, reason, source, ended }) => [value, reason, source.turn, ended.turn]),
    [
      [34, "corrected", 1, 2],
    ],
  );
  const none = mergeTurn(told, turn(3, [fact("allergies", null)]));
  assert.deepEqual(profileFacts(none.profile), { age: 34, allergies: [] });
  assert.deepEqual(none.conflicts.map(({ kept, other }) => [kept.value, other.value]), [[null, "penicillin"]]);
  const again = mergeTurn(none.profile, turn(4, [fact("allergies", "penicillin")]));
  assert.deepEqual(profileFacts(again.profile).allergies, ["penicillin"]);
});

Deno.test("forgetEntry() takes the deleted words out of the quotes of other facts", () => {
  const quote = "I am allergic to penicillin and latex";
  const told = merged([turn(1, [
    { field: "allergies", value: "penicillin", quote },
    { field: "allergies", value: "latex", quote },
  ])]);
  const { profile, changes } = forgetEntry(told, "allergies", "Penicillin", { turn: 1 });
  assert.deepEqual(profile.allergies, [{ value: "latex", source: { turn: 1, quote: "latex", by: "patient" } }]);
  assert.ok(!JSON.stringify(profile).includes("penicillin"));
  assert.deepEqual(changes.map(({ kind, value }) => [kind, value]), [["deleted", "Penicillin"]]);
});

Deno.test("editProfile() refuses what is no patch, naming the field", () => {
  assert.throws(() => editProfile(emptyProfile(), { age: -1 }, { turn: 0 }), /age/);
  assert.throws(() => editProfile(emptyProfile(), { allergies: ["a\nb"] }, { turn: 0 }), /allergies/);
  // @ts-expect-error There is no such field.
  assert.throws(() => editProfile(emptyProfile(), { weight: 80 }, { turn: 0 }), /weight/);
});
