import assert from "node:assert/strict";
import { createRouter } from "../../../lib/agent/mod.ts";
import { at, twoAxes } from "./two_axes.ts";

const route = (name: string, ...utterances: string[]) => ({ name, description: `about ${name}`, utterances });
const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, ${expected}`);
const cosine = (degrees: number) => Math.cos(degrees * Math.PI / 180);

Deno.test("createRouter() embeds each utterance once; a score is the mean of the n highest cosines", async () => {
  const embedder = twoAxes();
  const router = await createRouter({
    embedder,
    routes: [route("east", at(0), at(10), at(180)), route("north", at(90))],
    n: 2,
  });
  assert.deepEqual(embedder.asked, [at(0), at(10), at(180), at(90)]);
  const routing = await router.route(at(20));
  assert.deepEqual([routing.route, routing.best, routing.threshold], ["east", "east", -1]);
  close(routing.scores.east, (cosine(20) + cosine(10)) / 2);
  // One utterance is fewer than two.
  close(routing.scores.north, cosine(70));
  close(routing.lead, routing.scores.east - routing.scores.north);
  assert.deepEqual(embedder.asked.slice(4), [at(20)]);
});

Deno.test("route() does not depend on the vectors' lengths", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes: [route("east", "5 0"), route("north", "0 0.1")] });
  const { route: name, scores } = await router.route("0.2 0.9");
  assert.equal(name, "north");
  close(scores.north, 0.9 / Math.hypot(0.2, 0.9));
  assert.deepEqual((await router.route("0 0")).scores, { east: 0, north: 0 });
});

Deno.test("route() says none below the threshold, within the margin, or nearest to utterances of no route", async () => {
  const embedder = twoAxes();
  const bare = await createRouter({ embedder, routes: [route("east", at(0)), route("north", at(90))] });
  const names = async (router: typeof bare, ...degrees: number[]) =>
    (await router.routeAll(degrees.map(at))).map(({ route }) => route);
  assert.deepEqual(await names(bare, 10, 44, 46, 80, 200), ["east", "east", "north", "north", "north"]);
  const strict = bare.withLimits({ thresholds: { east: cosine(30), north: cosine(60) } });
  assert.deepEqual(await names(strict, 10, 29, 31, 46, 80), ["east", "east", null, "north", "north"]);
  const margin = bare.withLimits({ margin: 0.3 });
  assert.deepEqual(await names(margin, 10, 44, 46, 80), ["east", null, null, "north"]);
  const noneUtterances = [at(45)];
  const known = await createRouter({ embedder, routes: bare.routes, noneUtterances });
  const [routing] = await known.routeAll([at(40)]);
  assert.deepEqual([routing.route, routing.best, Object.keys(routing.scores)], [null, "none", [
    "east",
    "north",
    "none",
  ]]);
  assert.deepEqual(await names(known, 10, 80), ["east", "north"]);
  const single = await createRouter({ embedder, routes: [route("east", at(0))] });
  assert.equal((await single.route(at(5))).lead, Infinity);
});

Deno.test("createRouter() refuses routes and limits that make no sense", async () => {
  const embedder = twoAxes();
  const making = (...routes: ReturnType<typeof route>[]) => createRouter({ embedder, routes });
  const east = route("east", "1 0");
  await assert.rejects(making(), /routes: expected at least one/);
  await assert.rejects(making(east, east), /route 'east': another has that name/);
  await assert.rejects(making(route("none", "1 0")), /route 'none': that stands for no route/);
  await assert.rejects(making(route("7", "1 0")), /'7' is no name for a route/);
  await assert.rejects(making(route(" ", "1 0")), /' ' is no name/);
  await assert.rejects(making(route("__proto__", "1 0")), /no name/);
  await assert.rejects(making(route("west")), /route 'west' has no utterances/);
  await assert.rejects(making(route("west", "1 0", " ")), /route 'west': utterance 1 is empty/);
  await assert.rejects(
    createRouter({ embedder, routes: [east], noneUtterances: [""] }),
    /'none': utterance 0 is empty/,
  );
  await assert.rejects(createRouter({ embedder, routes: [east], n: 0 }), /n: expected a whole number above 0, got 0/);
  const router = await making(east);
  assert.throws(() => router.withLimits({ thresholds: { west: 0 } }), /there is no route 'west'; expected east/);
  assert.throws(() => router.withLimits({ thresholds: { east: NaN } }), /thresholds.east: expected a number, got NaN/);
  assert.throws(() => router.withLimits({ margin: -1 }), /margin: expected 0 or more, got -1/);
});
