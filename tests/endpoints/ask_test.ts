import assert from "node:assert/strict";
import fc from "fast-check";
import { askEndpoint, EndpointFault, EndpointRefusal, retryAfter } from "../../lib/endpoints/mod.ts";

const KEY = "sk-very-secret-0123456789";

/** Asks a server that answers what it is told to. */
async function asked(
  answer: (request: Request) => Response | Promise<Response>,
  options: Parameters<typeof askEndpoint>[2] = {},
): Promise<unknown> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  try {
    return await askEndpoint({ url: `http://127.0.0.1:${server.addr.port}/v1`, key: KEY }, "/completions", options);
  } finally {
    await server.shutdown();
  }
}

/** What goes wrong. */
async function failure(...given: Parameters<typeof asked>): Promise<EndpointFault | EndpointRefusal> {
  try {
    await asked(...given);
  } catch (error) {
    assert.ok(error instanceof EndpointFault || error instanceof EndpointRefusal, String(error));
    assert.ok(!Deno.inspect(error).includes(KEY), error.message);
    assert.match(error.message, /^http:\/\/127\.0\.0\.1:\d+\/v1\/completions/);
    return error;
  }
  assert.fail("nothing went wrong");
}

Deno.test("askEndpoint() sends JSON with the key, and reads JSON or text", async () => {
  const body = { model: "m", prompt: [1, 2] };
  const seen = await asked(async (request) => {
    const { method, url, headers } = request;
    return Response.json({
      method,
      path: new URL(url).pathname,
      key: headers.get("authorization"),
      body: await request.json(),
    });
  }, { body });
  assert.deepEqual(seen, { method: "POST", path: "/v1/completions", key: `Bearer ${KEY}`, body });
  assert.equal(await asked(({ method }) => new Response(`by ${method}`)), "by GET");
});

Deno.test("askEndpoint() tells the endpoint's faults from the request's, without the key", async () => {
  const faults: [() => Response, EndpointFault["kind"], number | undefined][] = [
    [() => new Response("no", { status: 500 }), "server", undefined],
    [() => new Response("no", { status: 502 }), "server", undefined],
    [() => new Response("no", { status: 503 }), "server", undefined],
    [() => new Response("no", { status: 503, headers: { "retry-after": "2" } }), "busy", 2000],
    [() => new Response("no", { status: 429, headers: { "retry-after": "0.5" } }), "busy", 500],
    [() => new Response("no", { status: 429 }), "busy", undefined],
    [() => new Response("no", { status: 408 }), "server", undefined],
  ];
  for (const [answer, kind, retryAfterMs] of faults) {
    const error = await failure(answer);
    assert.ok(error instanceof EndpointFault);
    assert.deepEqual([error.kind, error.retryAfterMs], [kind, retryAfterMs]);
  }
  const bodies = [{ error: { message: `bad key ${KEY}` } }, { error: `bad key ${KEY}` }, { detail: `bad key ${KEY}` }];
  for (const status of [307, 400, 401, 404, 422]) {
    const error = await failure(() => Response.json(bodies[status % 3], { status, headers: { location: "http://x" } }));
    assert.ok(error instanceof EndpointRefusal);
    assert.equal(error.status, status);
    assert.match(error.message, /answered \d+: bad key \*\*\*$/);
  }
  const long = await failure(() => new Response("x".repeat(5000), { status: 400 }));
  assert.ok(long.message.length < 700);
});

Deno.test("askEndpoint() takes a connection that breaks and an answer that does not come for the endpoint's fault", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const breaking = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(10_000));
    await connection.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"choices": ['));
    connection.close();
  })();
  const url = `http://127.0.0.1:${listener.addr.port}/v1`;
  const broken = await askEndpoint({ url }, "/completions", { body: {} }).catch((error) => error);
  await breaking;
  listener.close();
  assert.equal(broken instanceof EndpointFault && broken.kind, "connection");
  const free = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = free.addr;
  free.close();
  const gone = askEndpoint({ url: `http://127.0.0.1:${port}` }, "/models");
  await assert.rejects(gone, (error) => error instanceof EndpointFault && error.kind === "connection");
  let release = () => {};
  const late = await failure(() => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    release = () => resolve(new Response());
    setTimeout(release, 300);
    return promise;
  }, { timeoutMs: 50 });
  assert.equal(late instanceof EndpointFault && late.kind, "timeout");
  assert.match(late.message, /nothing came in 0.05 s/);
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("enough")), 20);
  const aborted = asked(() => new Promise((resolve) => setTimeout(() => resolve(new Response()), 200)), abort);
  await assert.rejects(aborted, /^Error: enough$/);
});

Deno.test("askEndpoint() makes of any answer a value, a fault or a refusal", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 200, max: 599 }),
      fc.oneof(fc.string(), fc.json()),
      fc.option(fc.string({ unit: "grapheme-ascii" })),
      async (status, body, header) => {
        const headers: Record<string, string> = header === null ? {} : { "retry-after": header.trim() };
        const isNull = [204, 205, 304].includes(status);
        const answer = () => Promise.resolve(new Response(isNull ? null : body, { status, headers }));
        try {
          await askEndpoint({ url: "http://a/v1", fetch: answer }, "/models");
          assert.ok(status < 300);
        } catch (error) {
          assert.ok(error instanceof EndpointFault || error instanceof EndpointRefusal, String(error));
          assert.ok(error instanceof EndpointRefusal || !(error.retryAfterMs! < 0));
        }
      },
    ),
  );
});

Deno.test("retryAfter() reads seconds and dates, and nothing else", () => {
  assert.equal(retryAfter("3"), 3000);
  assert.equal(retryAfter("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  const soon = retryAfter(new Date(Date.now() + 60_000).toUTCString())!;
  assert.ok(soon > 55_000 && soon <= 60_000);
  for (const nothing of [null, undefined, "", "soon", "NaN", "-", "Infinity"]) {
    assert.equal(retryAfter(nothing), undefined);
  }
});
