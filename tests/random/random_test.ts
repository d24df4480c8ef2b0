import assert from "node:assert/strict";
import fc from "fast-check";
import { Random, type RandomState } from "../../lib/random/mod.ts";

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.bits());
const seeds = fc.oneof(
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);

Deno.test("bits() gives xoshiro128** reference output for the state 1 2 3 4", () => {
  const state: RandomState = {
    algorithm: "xoshiro128**",
    origin: [1, 2, 3, 4],
    words: [1, 2, 3, 4],
    spareNormal: null,
  };
  // First outputs of the authors' C program.
  assert.deepEqual(draws(Random.restore(state), 10), [
    11520,
    0,
    5927040,
    70819200,
    2031721883,
    1637235492,
    1287239034,
    3734860849,
    3729100597,
    4258142804,
  ]);
});

Deno.test("Random gives the same stream for the same seed, pinned for good", () => {
  assert.deepEqual(draws(new Random(42), 4), [1907025433, 371365622, 166098926, 5070395]);
  assert.deepEqual(draws(new Random("42"), 4), [1907025433, 371365622, 166098926, 5070395]);
  assert.deepEqual(draws(new Random(42).fork("rollout").fork(7), 4), [26817657, 1188199836, 3948147606, 2820632955]);
});

Deno.test("Random gives different streams for different seeds", () => {
  fc.assert(fc.property(seeds, seeds, (a, b) => {
    const same = JSON.stringify(draws(new Random(a), 4)) === JSON.stringify(draws(new Random(b), 4));
    assert.equal(same, String(a) === String(b));
  }));
  const firsts = new Set(Array.from({ length: 20_000 }, (_, i) => draws(new Random(1).fork(i), 2).join()));
  assert.equal(firsts.size, 20_000);
});

Deno.test("Random rejects a seed that is not finite", () => {
  assert.throws(() => new Random(NaN), RangeError);
  assert.throws(() => new Random(1).fork(Infinity), RangeError);
});

Deno.test("fork() does not depend on how far the parent has been read, nor moves it", () => {
  fc.assert(fc.property(seeds, seeds, fc.integer({ min: 0, max: 50 }), (seed, label, count) => {
    const parent = new Random(seed);
    const expected = draws(parent.fork(label), 3);
    draws(parent, count);
    const before = parent.save();
    assert.deepEqual(draws(parent.fork(label), 3), expected);
    assert.deepEqual(parent.save(), before);
  }));
  assert.notDeepEqual(draws(new Random(1).fork("ab"), 4), draws(new Random(1).fork("a").fork("b"), 4));
});

Deno.test("restore() continues every kind of draw exactly, through JSON", () => {
  const everyDraw = (random: Random) => [
    random.float(),
    random.integer(-5, 17),
    random.normal(),
    random.shuffle("kiln".split("")).join(""),
    random.fork("x").bits(),
    random.normal(),
    random.normal(),
  ];
  fc.assert(fc.property(seeds, fc.integer({ min: 0, max: 9 }), (seed, count) => {
    const random = new Random(seed);
    for (let i = 0; i < count; i++) random.normal();
    const copy = Random.restore(JSON.parse(JSON.stringify(random.save())));
    assert.deepEqual(everyDraw(copy), everyDraw(random));
  }));
});

Deno.test("restore() rejects what save() never wrote", () => {
  const good = new Random(1).save();
  const bad = [
    null,
    {},
    { ...good, algorithm: "pcg32" },
    { ...good, words: [0, 0, 0, 0] },
    { ...good, words: [1, 2, 3] },
    { ...good, origin: [1, 2, 3, 2 ** 32] },
    { ...good, words: [1.5, 2, 3, 4] },
    { ...good, spareNormal: "0" },
  ];
  for (const state of bad) assert.throws(() => Random.restore(state as RandomState), /not a state saved by/);
});

Deno.test("integer() stays within its bounds, reaches both, and is even", () => {
  fc.assert(
    fc.property(
      seeds,
      fc.integer({ min: -1e9, max: 1e9 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (seed, low, width) => {
        const random = new Random(seed);
        for (let i = 0; i < 20; i++) {
          const value = random.integer(low, low + width);
          assert.ok(Number.isInteger(value) && value >= low && value <= low + width);
        }
      },
    ),
  );
  const counts = new Map<number, number>();
  const random = new Random("dice");
  for (let i = 0; i < 60_000; i++) {
    const face = random.integer(1, 6);
    counts.set(face, (counts.get(face) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const count of counts.values()) assert.ok(Math.abs(count - 10_000) < 500, `${count} of 60000`); // 5 sigma is 456
});

Deno.test("integer() has no modulo bias when the span is near 2^32", () => {
  const random = new Random(3);
  const span = 3 * 2 ** 30; // plain modulo would give the lowest third half of all draws
  let lowest = 0;
  for (let i = 0; i < 30_000; i++) if (random.integer(0, span - 1) < 2 ** 30) lowest++;
  assert.ok(Math.abs(lowest / 30_000 - 1 / 3) < 0.015, `${lowest} of 30000`);
});

Deno.test("integer() rejects bounds that cannot be met", () => {
  const random = new Random(1);
  for (const [low, high] of [[2, 1], [0.5, 3], [0, 2 ** 32], [NaN, 3], [0, Infinity]]) {
    assert.throws(() => random.integer(low, high), RangeError);
  }
});

Deno.test("float() is in [0, 1) with mean 1/2 and variance 1/12", () => {
  const random = new Random("floats");
  const count = 100_000;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const value = random.float();
    assert.ok(value >= 0 && value < 1);
    sum += value;
    squares += (value - 0.5) ** 2;
  }
  assert.ok(Math.abs(sum / count - 0.5) < 0.005);
  assert.ok(Math.abs(squares / count - 1 / 12) < 0.002);
});

Deno.test("normal() has the asked mean, standard deviation and tails", () => {
  const random = new Random("bell");
  const count = 100_000;
  let sum = 0;
  let squares = 0;
  let beyondTwo = 0;
  for (let i = 0; i < count; i++) {
    const value = random.normal(3, 2);
    sum += value;
    squares += (value - 3) ** 2;
    if (Math.abs(value - 3) > 4) beyondTwo++;
  }
  assert.ok(Math.abs(sum / count - 3) < 0.04);
  assert.ok(Math.abs(Math.sqrt(squares / count) - 2) < 0.03);
  assert.ok(Math.abs(beyondTwo / count - 0.0455) < 0.004);
});

Deno.test("shuffle() keeps the items, leaves its input alone and makes every order equally likely", () => {
  fc.assert(fc.property(seeds, fc.array(fc.integer()), (seed, items) => {
    const copy = [...items];
    const shuffled = new Random(seed).shuffle(items);
    assert.deepEqual(items, copy);
    assert.deepEqual(shuffled.toSorted(), copy.toSorted());
  }));
  const orders = new Map<string, number>();
  const random = new Random("orders");
  for (let i = 0; i < 24_000; i++) {
    const order = random.shuffle(["a", "b", "c", "d"]).join("");
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  assert.equal(orders.size, 24);
  for (const count of orders.values()) assert.ok(Math.abs(count - 1000) < 160, `${count} of 24000`);
});

Deno.test("sample() and pick() take only what is there", () => {
  fc.assert(fc.property(seeds, fc.uniqueArray(fc.integer(), { minLength: 1 }), fc.nat(), (seed, items, n) => {
    const random = new Random(seed);
    const count = n % (items.length + 1);
    const taken = random.sample(items, count);
    assert.equal(new Set(taken).size, count);
    assert.ok(taken.every((item) => items.includes(item)));
    assert.ok(items.includes(random.pick(items)));
  }));
  assert.throws(() => new Random(1).pick([]), RangeError);
  assert.throws(() => new Random(1).sample([1, 2], 3), RangeError);
});

Deno.test("weightedIndex() follows the weights and never takes one of zero", () => {
  const random = new Random("weights");
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 40_000; i++) counts[random.weightedIndex([1, 0, 3, 0])]++;
  assert.equal(counts[1] + counts[3], 0);
  assert.ok(Math.abs(counts[0] / 40_000 - 0.25) < 0.012, `${counts}`);
  for (const weights of [[], [0, 0], [1, -1], [NaN], [Infinity, 1]]) {
    assert.throws(() => random.weightedIndex(weights), RangeError);
  }
});
