import assert from "node:assert/strict";
import { errorOf, type TestService, until, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

const messages = [{ role: "user", content: "Hello" }];
const path = "/v1/chat/completions";
const encoder = new TextEncoder();

function connect({ port }: TestService): Promise<Deno.TcpConn> {
  return Deno.connect({ port, hostname: "127.0.0.1" });
}

function request(body: object): string {
  const text = JSON.stringify(body);
  return `${head(encoder.encode(text).length)}${text}`;
}

function head(length: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
}

async function statusOf(connection: Deno.TcpConn): Promise<number> {
  const bytes = new Uint8Array(4096);
  const length = await connection.read(bytes);
  return Number(new TextDecoder().decode(bytes.subarray(0, length ?? 0)).split(" ")[1]);
}

Deno.test("a body beyond the limit is refused by 413, by what it says and by what comes", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine, limits: { maxBodyBytes: 1000 } }, async (service) => {
    const large = { model: "base", messages: [{ role: "user", content: "x".repeat(2000) }] };
    const error = await errorOf(await service.post(path, large));
    assert.deepEqual([error.status, error.code], [413, "request_too_large"]);
    // Nothing says how long it will be.
    let pieces = 0;
    const endless = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (pieces++ < 2000) controller.enqueue(new Uint8Array(300));
        else controller.close();
      },
    });
    const headers = { "content-type": "application/json" };
    const status = await fetch(`${service.url}${path}`, { method: "POST", body: endless, headers })
      .then(async (response) => (await errorOf(response)).status, () => "broken off");
    assert.ok(status === 413 || status === "broken off", `${status}`);
    assert.ok(pieces < 2000, `${pieces} pieces were read`);
    // A small one says that it is large, and never comes.
    using connection = await connect(service);
    await connection.write(encoder.encode(head(1e9)));
    assert.equal(await statusOf(connection), 413);
    assert.equal(engine.requests.length, 0);
  });
});

Deno.test("a client that sends its body too slowly is refused by 408", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine, limits: { bodySeconds: 0.2 } }, async (service) => {
    using connection = await connect(service);
    await connection.write(encoder.encode(head(500)));
    const dripping = (async () => {
      for (let i = 0; i < 100; i++) {
        await connection.write(encoder.encode("x"));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })().catch(() => {});
    assert.equal(await statusOf(connection), 408);
    connection.close();
    await dripping;
    assert.equal(service.service.inService, 0);
  });
});

Deno.test("a body that breaks off leaves nothing running", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    for (let i = 0; i < 20; i++) {
      const connection = await connect(service);
      await connection.write(encoder.encode(request({ model: "base", messages }).slice(0, -5 - i)));
      connection.close();
    }
    const response = await service.post(path, { model: "base", messages });
    assert.equal(response.status, 200);
    await response.body?.cancel();
    assert.equal(engine.requests.length, 1);
    assert.equal(service.service.inService, 0);
  });
});

Deno.test("a slow reader holds back its own reply, and one that stops reading is given up", async () => {
  const engine = await scriptedEngine(() => ({ text: "a long word ", times: 1_000_000 }));
  await withService({ engine, limits: { stallSeconds: 0.5, maxTokens: 1_000_000 } }, async (service) => {
    const body = { model: "base", messages, stream: true, max_tokens: 1_000_000 };
    using connection = await connect(service);
    await connection.write(encoder.encode(request(body)));
    assert.equal(await statusOf(connection), 200);
    // Nothing is read any more: the network's buffers fill, and no more tokens are drawn.
    await until(() => engine.active === 0, "the reply to be given up");
    assert.ok(engine.drawn < 200_000, `${engine.drawn} tokens were drawn`);
    assert.equal(service.service.inService, 0);
    assert.equal(service.service.metrics.aborted.total, 1);
  });
});

Deno.test("1,000 connections that are opened and dropped leave nothing running", async () => {
  const engine = await scriptedEngine(() => ({ text: "again ", times: 100_000, pause: 5 }));
  await withService({ engine, limits: { maxRequests: 40 } }, async (service) => {
    const drop = async (i: number) => {
      const connection = await connect(service);
      const stream = i % 2 === 0;
      const text = request({ model: "base", messages, stream, n: 1 + i % 3 });
      // Nothing, half a head, a head in one packet and a body in another, half a body, or all of it.
      const cut = [0, 20, text.indexOf("{"), text.length - 9, text.length][i % 5];
      if (cut > 0) await connection.write(encoder.encode(text.slice(0, cut)));
      if (i % 5 === 2) await connection.write(encoder.encode(text.slice(cut)));
      await new Promise((resolve) => setTimeout(resolve, i % 7));
      connection.close();
    };
    for (let i = 0; i < 1000; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => drop(i + j)));
    await until(() => engine.active === 0 && service.service.inService === 0, "all of them to be over");
    assert.ok(engine.requests.length > 20, `${engine.requests.length} were begun`);
    const drawn = engine.drawn;
    const { choices } = await service.client().chat.completions.create({
      model: "base",
      messages: [{ role: "user", content: "Still there?" }],
      max_tokens: 3,
    });
    assert.equal(choices[0].finish_reason, "length");
    assert.equal(engine.drawn, drawn + 3);
    assert.deepEqual(service.logged, []);
  });
});
