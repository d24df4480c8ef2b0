import assert from "node:assert/strict";
import { createRouter, loadRouter, saveRouter } from "../../../lib/agent/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { at, twoAxes } from "./two_axes.ts";

const making = (embedder = twoAxes()) =>
  createRouter({
    embedder,
    routes: [
      { name: "east", description: "where the sun rises", utterances: [at(0), at(7)] },
      { name: "north", description: "", utterances: [at(90)] },
    ],
    noneUtterances: [at(200)],
    n: 2,
    limits: { thresholds: { east: 0.3 }, margin: 0.01 },
  });

Deno.test("loadRouter() gives the router that was saved, without embedding anything", () =>
  inFolder(async (folder) => {
    const router = await making();
    await saveRouter(router, `${folder}/router.json`);
    const embedder = twoAxes();
    const loaded = await loadRouter(`${folder}/router.json`, embedder);
    assert.deepEqual(embedder.asked, []);
    assert.deepEqual(loaded.vectors, router.vectors);
    assert.deepEqual([loaded.routes, loaded.noneUtterances, loaded.n], [
      router.routes,
      router.noneUtterances,
      router.n,
    ]);
    assert.deepEqual(loaded.limits, { thresholds: { east: 0.3, north: -1 }, margin: 0.01 });
    const questions = [5, 50, 85, 190].map(at);
    assert.deepEqual(await loaded.routeAll(questions), await router.routeAll(questions));
  }));

Deno.test("loadRouter() refuses another embedder, naming each difference", () =>
  inFolder(async (folder) => {
    const path = `${folder}/router.json`;
    await saveRouter(await making(), path);
    const { description, ...other } = twoAxes();
    const embedder = { ...other, description: { ...description, revision: "2", queryPrefix: "query: " } };
    await assert.rejects(
      loadRouter(path, embedder),
      /router.json: it was made with another embedder: revision "1", not "2"; queryPrefix "", not "query: "\. Load that one/,
    );
  }));

Deno.test("loadRouter() refuses files that are damaged or no router's, naming file and field", () =>
  inFolder(async (folder) => {
    const path = `${folder}/router.json`;
    await saveRouter(await making(), path);
    const file = JSON.parse(await Deno.readTextFile(path));
    const cases: [unknown, RegExp][] = [
      [{ ...file, format: "x" }, /router.json: format: /],
      [{ ...file, version: 2 }, /version: /],
      [{ ...file, n: 0 }, /n: /],
      [{ ...file, vectors: file.vectors.slice(1) }, /3 vectors: expected 4, one an utterance/],
      [{ ...file, vectors: ["AAAA", ...file.vectors.slice(1)] }, /vectors.0: 3 bytes: expected 8/],
      [{ ...file, vectors: ["?", ...file.vectors.slice(1)] }, /vectors.0: /],
      [{ ...file, thresholds: { west: 1 } }, /router.json: thresholds: there is no route 'west'/],
      [{ ...file, routes: [file.routes[0], file.routes[0]] }, /(another has that name|vectors: expected)/],
      [{ ...file, more: 1 }, /the file: .*more/],
      [[], /the file: /],
    ];
    for (const [json, message] of cases) {
      await Deno.writeTextFile(path, JSON.stringify(json));
      await assert.rejects(loadRouter(path, twoAxes()), message);
    }
    await Deno.writeTextFile(path, JSON.stringify(file).slice(0, 100));
    await assert.rejects(loadRouter(path, twoAxes()), /router.json: not JSON/);
    await assert.rejects(loadRouter(`${folder}/absent.json`, twoAxes()), Deno.errors.NotFound);
  }));
