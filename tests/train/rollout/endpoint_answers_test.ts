import assert from "node:assert/strict";
import fc from "fast-check";
import { createLora, type LoraAdapter } from "../../../lib/adapters/mod.ts";
import { type Clock, endpointPool, type EndpointPoolOptions, EndpointRefusal } from "../../../lib/endpoints/mod.ts";
import type { CausalLM } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { endpointSampler, type EndpointSamplerOptions } from "../../../lib/train/mod.ts";
import { EOS, inFolder, withTinyModel } from "../../support/tiny_model.ts";

type Body = Record<string, unknown> & { prompt: number[]; n: number; model: string; seed: number };

/** An endpoint as vLLM is one, with what it was asked. */
class FakeEndpoint {
  readonly adapters = new Map<string, string>();
  readonly asked: { path: string; body: Body }[] = [];

  /** @param answer What it says to a request for completions. */
  constructor(readonly answer: (body: Body) => unknown) {}

  fetch(url: URL, init: RequestInit | undefined): Response {
    const path = url.pathname;
    if (path === "/health") return new Response();
    if (path === "/v1/models") return Response.json({ data: [...this.adapters.keys()].map((id) => ({ id })) });
    const body = JSON.parse(init!.body as string);
    this.asked.push({ path, body });
    const { lora_name, lora_path } = body;
    if (path === "/v1/load_lora_adapter") {
      if (this.adapters.has(lora_name)) return Response.json({ message: "already loaded" }, { status: 400 });
      this.adapters.set(lora_name, lora_path);
      return new Response("Success");
    }
    if (path === "/v1/unload_lora_adapter") {
      return new Response("", { status: this.adapters.delete(lora_name) ? 200 : 404 });
    }
    if (!this.adapters.has(body.model)) return Response.json({ message: "no such model" }, { status: 404 });
    const answer = this.answer(body);
    return answer instanceof Response ? answer : Response.json(answer);
  }
}

/** Completions as they should be: each says its seed. */
function good({ n, seed, prompt }: Body) {
  const choices = Array.from({ length: n }, (_, index) => ({
    ...{ index, text: "", logprobs: null, finish_reason: index % 2 === 0 ? "stop" : "length", stop_reason: null },
    ...{ prompt_token_ids: prompt, token_ids: [2 + (seed + index) % 90, index % 2 === 0 ? EOS : 3] },
  }));
  return { object: "text_completion", choices, usage: { prompt_tokens: prompt.length, completion_tokens: 2 * n } };
}

/** Runs a test with a sampler over such endpoints, in a folder for adapters. */
function withSampler(
  endpoints: readonly FakeEndpoint[],
  run: (
    sampling: {
      sampler: ReturnType<typeof endpointSampler>;
      pool: ReturnType<typeof endpointPool>;
      model: CausalLM;
      adapter: LoraAdapter;
      folder: string;
    },
  ) => Promise<void>,
  options: Partial<EndpointSamplerOptions> = {},
  poolOptions: Partial<EndpointPoolOptions> = {},
): Promise<void> {
  return inFolder((folder) =>
    withTinyModel(async (model) => {
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const pool = endpointPool({
        endpoints: endpoints.map((_, at) => ({ url: `http://e${at}/v1` })),
        fetch: (input, init) => {
          const url = new URL(`${input}`);
          return Promise.resolve(endpoints[Number(url.hostname.slice(1))].fetch(url, init));
        },
        ...poolOptions,
      });
      const sampler = endpointSampler({
        ...{ pool, model, adapter, adapterFolder: folder, baseModel: "tiny", maxCompletionLength: 6, ...options },
      });
      await run({ sampler, pool, model, adapter, folder });
      await sampler.dispose();
      await pool.dispose();
      adapter.factors.forEach((factor) => factor.dispose());
    })
  );
}

const prompts = [[5, 6, 7], [8]];

Deno.test("endpointSampler() asks for all that decides a draw, by a seed for each completion, and puts all in its place", async () => {
  const endpoints = [new FakeEndpoint(good), new FakeEndpoint(good)];
  const drawing = { temperature: 0.8, topK: 5, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1, samplesPerRequest: 2 };
  await withSampler(endpoints, async ({ sampler, folder }) => {
    const completions = await sampler.sample({ prompts, samples: 5, round: 2 });
    const asked = endpoints.flatMap(({ asked }) => asked).filter(({ path }) => path === "/v1/completions");
    assert.equal(asked.length, 6);
    const expected = prompts.flatMap((prompt) => {
      const own = asked.filter(({ body }) => body.prompt.join() === prompt.join()).map(({ body }) => body);
      const seeds = own.flatMap(({ seed, n }) => Array.from({ length: n }, (_, i) => seed + i)).sort((a, b) => a - b);
      assert.deepEqual(seeds, Array.from({ length: 5 }, (_, i) => seeds[0] + i));
      return seeds.map((seed, i) => ({
        tokenIds: [2 + seed % 90, i % 2 === 0 ? EOS : 3],
        terminated: i % 2 === 0,
      }));
    });
    assert.deepEqual(completions, expected);
    const { prompt: _, n: __, seed: ___, model, ...rest } = asked[0].body;
    assert.deepEqual(rest, {
      ...{ temperature: 0.8, top_k: 5, top_p: 0.9, min_p: 0.1, repetition_penalty: 1.1 },
      ...{ max_tokens: 6, stop_token_ids: [EOS], return_token_ids: true, skip_special_tokens: false },
    });
    assert.match(model, /^kiln-round-2-[0-9a-f]{8}$/);
    for (const { adapters } of endpoints) assert.deepEqual([...adapters], [[model, `${folder}/${model}`]]);
    const other = await sampler.sample({ prompts, samples: 5, round: 3 });
    assert.notDeepEqual(other, completions);
    assert.deepEqual(sampler.sample.fingerprint, {
      ...{ temperature: 0.8, topK: 5, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1, maxCompletionLength: 6, seed: 42 },
      sampler: "endpoints",
    });
  }, drawing);
  for (const { adapters } of endpoints) assert.equal(adapters.size, 0, "its adapters are taken out again");
});

Deno.test("endpointSampler() gives every endpoint the weights of the round, under a name that nothing else has had", async () => {
  const endpoint = new FakeEndpoint(good);
  await withSampler([endpoint], async ({ sampler, adapter, folder }) => {
    const names: string[] = [];
    const sample = async (round: number) => {
      await sampler.sample({ prompts, samples: 2, round });
      assert.equal(endpoint.adapters.size, 1, "the one before is taken out");
      const [[name, path]] = endpoint.adapters;
      assert.equal(path, `/mnt/adapters/${name}`);
      assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name), [name]);
      assert.deepEqual(
        (await Array.fromAsync(Deno.readDir(`${folder}/${name}`))).map((entry) => entry.name).sort(),
        ["adapter_config.json", "adapter_model.safetensors"],
      );
      names.push(name);
    };
    await sample(0);
    await sample(1);
    (adapter.factors.values().next().value!.data as Float32Array)[0] += 1;
    await sample(1);
    assert.equal(new Set(names).size, 3);
    assert.equal(names[0].slice(-8), names[1].slice(-8));
    // It is started anew, and nobody has noticed.
    endpoint.adapters.clear();
    await sample(1);
    assert.equal(names[3], names[2]);
    // Somebody has loaded it already: the name stands for the weights.
    await sample(2);
    const [[name]] = endpoint.adapters;
    await sample(3);
    endpoint.adapters.set(name, `/mnt/adapters/${name}`);
    endpoint.adapters.delete([...endpoint.adapters.keys()][0]);
    await sampler.sample({ prompts, samples: 2, round: 2 });
    assert.ok(endpoint.adapters.has(name));
  }, { endpointAdapterFolder: "/mnt/adapters/" });
});

Deno.test("endpointSampler() asks for greedy completions one by one, which vLLM wants", async () => {
  const endpoint = new FakeEndpoint(good);
  await withSampler([endpoint], async ({ sampler }) => {
    assert.equal((await sampler.sample({ prompts, samples: 3, round: 0 })).length, 6);
    const asked = endpoint.asked.filter(({ path }) => path === "/v1/completions");
    assert.deepEqual(asked.map(({ body }) => body.n), [1, 1, 1, 1, 1, 1]);
  }, { temperature: 0 });
});

Deno.test("endpointSampler() says what to do where endpoints take no adapters, and what is wrong with an answer", async () => {
  const closed = new FakeEndpoint(good);
  closed.fetch = (url) =>
    url.pathname === "/v1/models"
      ? Response.json({ data: [] })
      : Response.json({ detail: "Not Found" }, { status: 404 });
  await withSampler([closed], async ({ sampler }) => {
    await assert.rejects(sampler.sample({ prompts, samples: 2, round: 0 }), (error) => {
      assert.ok(error instanceof EndpointRefusal && error.status === 404, String(error));
      assert.match(error.message, /VLLM_ALLOW_RUNTIME_LORA_UPDATING.*--allow-adapters/);
      return true;
    });
  });
  type Choices = ReturnType<typeof good>["choices"];
  const wrong: [(choices: Choices) => unknown, RegExp][] = [
    [(choices) => choices.map(({ token_ids: _, ...rest }) => rest), /there are no token_ids.*0\.10\.2/],
    [(choices) => choices.map((one) => ({ ...one, token_ids: [96, EOS] })), /token id 96 is outside .* of 96/],
    [(choices) => choices.map((one) => ({ ...one, prompt_token_ids: [1] })), /has read another prompt/],
    [
      (choices) => choices.map((one) => ({ ...one, token_ids: [5], finish_reason: "stop" })),
      /at token 5; expected "stop"/,
    ],
    [(choices) => choices.map((one) => ({ ...one, token_ids: [], finish_reason: "stop" })), /at token undefined/],
    [(choices) => choices.map((one) => ({ ...one, finish_reason: "abort" })), /ended by "abort"/],
    [(choices) => choices.slice(1), /expected 2 completions, numbered from 0, got 1/],
    [(choices) => choices.map((one) => ({ ...one, index: 0 })), /expected 2 completions/],
    [(choices) => [...choices, choices[0]], /expected 2 completions.*got 3/],
  ];
  for (const [change, message] of wrong) {
    const endpoint = new FakeEndpoint((body) => ({ choices: change(good(body).choices) }));
    await withSampler([endpoint], async ({ sampler, pool }) => {
      await assert.rejects(sampler.sample({ prompts, samples: 2, round: 0 }), message);
      assert.deepEqual(pool.stats().map(({ open }) => open), [0]);
    });
  }
});

Deno.test("endpointSampler() makes of any answer completions or an error that names the endpoint", async () => {
  let answer: unknown;
  const endpoint = new FakeEndpoint(() => answer);
  // What is to be waited for comes at once.
  const clock: Clock = {
    now: () => 0,
    after(_, run) {
      const timer = setTimeout(run, 0);
      return () => clearTimeout(timer);
    },
  };
  const kinds = { answered: 0, refused: 0 };
  await withSampler(
    [endpoint],
    async ({ sampler, pool }) => {
      const { choices } = good({ n: 2, seed: 1, prompt: [8], model: "" });
      const any = fc.oneof(
        fc.json().map((text) => JSON.parse(text)),
        fc.record({ choices: fc.array(fc.oneof(fc.anything(), fc.constantFrom(...choices))) }),
        fc.record({
          choices: fc.array(fc.record({ index: fc.anything(), finish_reason: fc.string(), token_ids: fc.anything() })),
        }),
      );
      await fc.assert(
        fc.asyncProperty(any, async (given) => {
          answer = given;
          try {
            const completions = await sampler.sample({ prompts: [[8], [8]], samples: 2, round: 0 });
            assert.equal(completions.length, 4);
            kinds.answered++;
            for (const { tokenIds } of completions) assert.ok(tokenIds.every((id) => Number.isInteger(id) && id < 96));
          } catch (error) {
            assert.ok(error instanceof Error);
            kinds.refused++;
            assert.match(error.message, /^http:\/\/e0\/v1\/completions/);
          }
          assert.equal(pool.stats()[0].open, 0);
        }),
        { numRuns: 200 },
      );
      answer = { choices };
      assert.equal((await sampler.sample({ prompts: [[8]], samples: 2, round: 0 })).length, 2);
    },
    {},
    { clock, maxRetries: 1 },
  );
  assert.ok(kinds.refused > 100, JSON.stringify(kinds));
});

Deno.test("endpointSampler() ends all its requests when one fails for good, or the signal is aborted", async () => {
  const ends: string[] = [];
  await inFolder((folder) =>
    withTinyModel(async (model) => {
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const pool = endpointPool({
        endpoints: [{ url: "http://a/v1" }],
        fetch: (input, init) => {
          if (!`${input}`.endsWith("/completions")) return Promise.resolve(new Response());
          const { prompt } = JSON.parse(init!.body as string);
          if (prompt[0] === 8) return Promise.resolve(Response.json({ message: "no" }, { status: 422 }));
          return new Promise((_, reject) =>
            init!.signal!.addEventListener("abort", () => {
              ends.push("aborted");
              reject(init!.signal!.reason);
            })
          );
        },
      });
      const sampler = endpointSampler({ pool, model, adapter, adapterFolder: folder, baseModel: "tiny" });
      await assert.rejects(sampler.sample({ prompts, samples: 2, round: 0 }), (error) => {
        return error instanceof EndpointRefusal && error.status === 422;
      });
      assert.deepEqual(ends, ["aborted"]);
      const abort = new AbortController();
      const sampling = sampler.sample({ prompts: [[5]], samples: 2, round: 0, signal: abort.signal });
      setTimeout(() => abort.abort(new Error("enough")), 10);
      await assert.rejects(sampling, /^Error: enough$/);
      assert.deepEqual(pool.stats().map(({ open, failures }) => [open, failures]), [[0, 0]]);
      await assert.rejects(
        sampler.sample({ prompts, samples: 1, round: 0, signal: AbortSignal.abort(new Error("before")) }),
        /before/,
      );
      for (const option of ["maxCompletionLength", "samplesPerRequest"]) {
        const wrong = { pool, model, adapter, adapterFolder: folder, baseModel: "tiny", [option]: 0 };
        assert.throws(() => endpointSampler(wrong), new RegExp(option));
      }
      await sampler.dispose();
      await pool.dispose();
      adapter.factors.forEach((factor) => factor.dispose());
    })
  );
});

Deno.test("endpointSampler() loads a round's adapter anew after a load that failed when nobody waited for it any more", async () => {
  const endpoint = new FakeEndpoint(good);
  const loads: PromiseWithResolvers<Response>[] = [];
  await withSampler(
    [endpoint],
    async ({ sampler }) => {
      const abort = new AbortController();
      const given = { prompts: [[5]], samples: 1, round: 0 };
      const first = sampler.sample({ ...given, signal: abort.signal });
      while (loads.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      abort.abort(new Error("enough"));
      await assert.rejects(first, /enough/);
      loads[0].resolve(Response.json({ message: "no room" }, { status: 400 }));
      await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal((await sampler.sample(given)).length, 1);
    },
    {},
    {
      fetch: (input, init) => {
        const url = new URL(`${input}`);
        if (url.pathname === "/v1/load_lora_adapter" && loads.length === 0) {
          loads.push(Promise.withResolvers());
          return loads[0].promise;
        }
        return Promise.resolve(endpoint.fetch(url, init));
      },
    },
  );
});
