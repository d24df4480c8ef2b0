import assert from "node:assert/strict";
import { ZmtpSocket } from "../../lib/notebook/zmtp.ts";
import { encodeFrame, encodeGreeting, encodeMessage, encodeReady, ZmtpError } from "../../lib/notebook/zmtp_frames.ts";

/** A server that sends the given bytes to whoever connects, then closes. */
async function serving<T>(bytes: Uint8Array, use: (port: number) => Promise<T>): Promise<T> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    const connection = await listener.accept();
    await connection.write(bytes);
    await connection.closeWrite();
    // Read to the end, so that closing does not reset the connection before the client has read all.
    while (await connection.read(new Uint8Array(4096)) !== null);
    connection.close();
  })();
  const result = await use(listener.addr.port);
  await served;
  return result;
}

Deno.test("ZmtpSocket.connect() says that something else listens when the peer does not greet", async () => {
  await serving(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n".padEnd(80)), async (port) => {
    await assert.rejects(ZmtpSocket.connect({ hostname: "127.0.0.1", port, type: "SUB" }), /something else listens/);
  });
});

Deno.test("ZmtpSocket.connect() fails when the peer leaves during the greeting", async () => {
  await serving(encodeGreeting().subarray(0, 20), async (port) => {
    await assert.rejects(ZmtpSocket.connect({ hostname: "127.0.0.1", port, type: "DEALER" }), ZmtpError);
  });
});

Deno.test("ZmtpSocket yields messages, skips commands and ends with the connection", async () => {
  const message = [new Uint8Array([1]), new Uint8Array(70_000).fill(2)];
  const parts = [
    encodeGreeting(),
    encodeFrame({ command: true, more: false, body: encodeReady({ "Socket-Type": "PUB" }) }),
    encodeMessage(message),
    encodeMessage([new Uint8Array([3])]),
  ];
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  await serving(bytes, async (port) => {
    const socket = await ZmtpSocket.connect({ hostname: "127.0.0.1", port, type: "SUB" });
    assert.deepEqual(await Array.fromAsync(socket), [message, [new Uint8Array([3])]]);
    socket.close();
  });
});

Deno.test("ZmtpSocket fails with the peer's words when it sends ERROR", async () => {
  const reason = new TextEncoder().encode("\x05ERROR\x09no thanks");
  const parts = [encodeGreeting(), encodeFrame({ command: true, more: false, body: reason })];
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  await serving(bytes, async (port) => {
    const socket = await ZmtpSocket.connect({ hostname: "127.0.0.1", port, type: "DEALER" });
    await assert.rejects(Array.fromAsync(socket), /refused the connection: no thanks/);
    socket.close();
  });
});
