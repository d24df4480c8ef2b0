import assert from "node:assert/strict";
import { CascadeRouter, type Router, type Routing } from "../../../lib/agent/mod.ts";

const routes = [{ name: "math" }, { name: "medical" }];

/** Routes everything to one route, with a lead that the question says. */
function fixed(route: string | null, own: Router["routes"] = routes) {
  const asked: string[] = [];
  const router: Router<Routing> = {
    routes: own,
    routeAll: (questions) => {
      asked.push(...questions);
      return Promise.resolve(
        questions.map((question) => ({
          route,
          best: route ?? "none",
          scores: {},
          threshold: -1,
          lead: Number(question),
        })),
      );
    },
  };
  return { router, asked };
}

Deno.test("CascadeRouter asks the second router only where the first is not sure", async () => {
  const [first, second] = [fixed("math"), fixed(null)];
  const cascade = new CascadeRouter({ first: first.router, second: second.router, minLead: 0.1 });
  const sent = await cascade.routeAll(["0.5", "0.05", "0.1", "0.01"]);
  assert.deepEqual(sent.map(({ route, by }) => [route, by]), [
    ["math", "first"],
    [null, "second"],
    ["math", "first"],
    [null, "second"],
  ]);
  assert.deepEqual(second.asked, ["0.05", "0.01"]);
  assert.equal((await cascade.route("0.2")).by, "first");
  assert.equal(second.asked.length, 2);
  assert.deepEqual(cascade.routes, routes);
});

Deno.test("CascadeRouter refuses routers of different routes and a lead that cannot be", () => {
  const [first, second] = [fixed("math").router, fixed(null, [{ name: "billing" }]).router];
  assert.throws(() => new CascadeRouter({ first, second, minLead: 0 }), /different routes: math, medical and billing/);
  for (const minLead of [-1, NaN]) {
    assert.throws(() => new CascadeRouter({ first, second: first, minLead }), /minLead: expected 0 or more/);
  }
});
