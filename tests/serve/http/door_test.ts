import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { gunzipSync } from "node:zlib";
import { OpenAI } from "openai";
import { ListenError, OpenServiceError, serve } from "../../../lib/serve/http/mod.ts";
import { errorOf, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

const token = "a-token-of-some-length";

Deno.test("without the token everything but the page and the health is refused by 401", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine, token }, async (service) => {
    for (
      const authorization of [undefined, "", "Bearer", "Bearer wrong", `Basic ${token}`, `Bearer ${token}x`, token]
    ) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      for (const path of ["/v1/models", "/metrics", "/history", "/nothing"]) {
        const response = await fetch(`${service.url}${path}`, { headers });
        assert.equal(response.headers.get("www-authenticate"), "Bearer");
        const error = await errorOf(response);
        assert.deepEqual([error.status, error.code], [401, "invalid_api_key"], `${path} ${authorization}`);
        assert.equal(error.message.includes(token), false);
      }
      const chat = await service.post("/v1/chat/completions", {}, { headers });
      assert.equal((await errorOf(chat)).status, 401);
    }
    for (const path of ["/health", "/", "/main.js"]) {
      const response = await fetch(`${service.url}${path}`);
      assert.equal(response.status, 200, path);
      await response.body?.cancel();
    }
    await assert.rejects(service.client().models.list(), OpenAI.AuthenticationError);
    assert.equal((await service.client({ apiKey: token }).models.list()).data.length, 3);
  });
});

/** A request as it goes over the wire, with headers that fetch would not send. */
async function raw(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ port, hostname: "127.0.0.1" });
  await connection.write(new TextEncoder().encode(text));
  const bytes = new Uint8Array(64 * 1024);
  const length = await connection.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, length ?? 0));
}

Deno.test("a name that is not this machine's is refused: a foreign page could have been pointed here", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine, hostNames: ["Kiln.test"] }, async ({ port }) => {
    const status = async (host: string) =>
      Number((await raw(port, `GET /v1/models HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).split(" ")[1]);
    for (const host of ["localhost", `localhost:${port}`, "127.0.0.1:9", "[::1]:80", "LOCALHOST", "kiln.test:5"]) {
      assert.equal(await status(host), 200, host);
    }
    for (const host of ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "evil.test:8000", "10.0.0.1"]) {
      assert.equal(await status(host), 403, host);
    }
  });
});

Deno.test("a page of another site is refused, and none is told that it may read", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    for (const origin of ["https://evil.test", "null", "http://localhost:1", `https://127.0.0.1:${service.port + 1}`]) {
      for (const path of ["/v1/models", "/health", "/"]) {
        const response = await fetch(`${service.url}${path}`, { headers: { origin } });
        assert.equal(response.status, 403, `${path} ${origin}`);
        assert.equal(response.headers.get("access-control-allow-origin"), null);
        await response.body?.cancel();
      }
    }
    const own = await fetch(`${service.url}/v1/models`, { headers: { origin: service.url } });
    assert.equal(own.status, 200);
    await own.body?.cancel();
  });
});

Deno.test("every answer has headers that keep browsers from doing more with it", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    for (const path of ["/", "/main.js", "/health", "/v1/models", "/nothing"]) {
      const response = await fetch(`${service.url}${path}`);
      await response.body?.cancel();
      const { headers } = response;
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
      assert.equal(headers.get("x-frame-options"), "DENY");
      assert.equal(headers.get("referrer-policy"), "no-referrer");
      assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
      assert.doesNotMatch(headers.get("content-security-policy") ?? "", /unsafe/);
    }
  });
});

Deno.test("the page's files come with a tag, by which a browser that has them asks in short", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    const first = await fetch(`${service.url}/`);
    assert.match(first.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(await first.text(), /<!doctype html>/i);
    const etag = first.headers.get("etag") ?? "";
    const again = await fetch(`${service.url}/`, { headers: { "if-none-match": etag } });
    assert.equal(again.status, 304);
    const head = await fetch(`${service.url}/`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
  });
});

Deno.test("the page's files are sent compressed to who takes that, and streams never are", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    const whole = new Uint8Array(await (await fetch(`${service.url}/style.css`)).arrayBuffer());
    const got = (path: string, headers: Record<string, string>, body?: string) =>
      new Promise<{ status?: number; headers: IncomingHttpHeaders; body: Uint8Array }>((resolve, reject) => {
        const asked = httpRequest(`${service.url}${path}`, { method: body ? "POST" : "GET", headers }, (response) => {
          const parts: Uint8Array[] = [];
          response.on("data", (part) => parts.push(part));
          response.on("end", () => {
            resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) });
          });
        });
        asked.on("error", reject);
        asked.end(body);
      });
    for (const accepted of ["gzip", "br, GZIP;q=0.5", "deflate,gzip ; q=1"]) {
      const { headers, body } = await got("/style.css", { "accept-encoding": accepted });
      assert.deepEqual([headers["content-encoding"], headers.vary], ["gzip", "accept-encoding"], accepted);
      assert.ok(body.length < whole.length / 2);
      assert.deepEqual(new Uint8Array(gunzipSync(body)), whole);
      const known = { "accept-encoding": accepted, "if-none-match": `"other", ${headers.etag}` };
      const again = await got("/style.css", known);
      assert.deepEqual([again.status, again.headers["content-encoding"], again.body.length], [304, undefined, 0]);
    }
    for (const refused of ["identity", "br", "gzip;q=0", "gzip; q=0.000", "xgzip"]) {
      const { headers, body } = await got("/style.css", { "accept-encoding": refused });
      assert.deepEqual([headers["content-encoding"], headers.vary], [undefined, "accept-encoding"], refused);
      assert.deepEqual(new Uint8Array(body), whole);
    }
    const streamed = await got(
      "/v1/chat/completions",
      { "accept-encoding": "gzip", "content-type": "application/json" },
      JSON.stringify({ model: "base", messages: [{ role: "user", content: "x" }], stream: true }),
    );
    assert.equal(streamed.headers["content-encoding"], undefined);
    assert.match(new TextDecoder().decode(streamed.body), /^data: /);
  });
});

Deno.test("serve() says what to do when it cannot listen", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, ({ port }) => {
    assert.throws(() => serve({ engine, port }), (error) => {
      assert.ok(error instanceof ListenError && error.cause instanceof Deno.errors.AddrInUse);
      assert.match(error.message, new RegExp(`port ${port}: .*--port ${port + 1}`));
      return true;
    });
    return Promise.resolve();
  });
});

Deno.test("serve() refuses to be open to others without a token, or with a short one", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  for (const given of [undefined, "", "short"]) {
    assert.throws(() => serve({ engine, host: "0.0.0.0", port: 0, token: given }), (error) => {
      assert.ok(error instanceof OpenServiceError);
      assert.match(error.message, /0\.0\.0\.0.*KILN_TOKEN/);
      return true;
    });
  }
  await withService({ engine, host: "0.0.0.0", token }, async ({ port }) => {
    const answer = await raw(port, `GET /v1/models HTTP/1.1\r\nHost: any.name\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 401/);
  });
});
