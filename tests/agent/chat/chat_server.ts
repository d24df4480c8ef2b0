/** An endpoint on loopback that answers what a test says, in the wire forms of the real ones. */

/** What was asked. */
export interface Asked {
  path: string;
  headers: Headers;
  body: Record<string, unknown>;
}

export interface ChatServer extends AsyncDisposable {
  /** Without a slash at the end. */
  origin: string;
  asked: Asked[];
}

/** Answers one request after the other; the last answer serves all that follow. */
export function chatServer(...answers: (() => Response | Promise<Response>)[]): ChatServer {
  const asked: Asked[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push({ path: pathname + search, headers: request.headers, body: await request.json() });
    return await answers[Math.min(asked.length, answers.length) - 1]();
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** How a stream of events goes over the wire. */
export interface EventStreamOptions {
  /** Bytes of each piece. Default: all at once. */
  pieceBytes?: number;
  /** What is done after the last piece. Default: the stream ends. */
  after?: "end" | "hang";
  /** Called when the client goes away. */
  onCancel?: () => void;
}

/** Server-sent events; objects are sent as JSON, texts as they are. */
export function eventStream(
  events: readonly unknown[],
  { pieceBytes = Infinity, after = "end", onCancel }: EventStreamOptions = {},
): () => Response {
  return () => {
    const text = events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join(
      "",
    );
    const bytes = new TextEncoder().encode(text);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent < bytes.length) {
          const end = Math.min(bytes.length, sent + pieceBytes);
          controller.enqueue(bytes.slice(sent, end));
          sent = end;
          // A piece of its own on the wire.
          await new Promise((resolve) => setTimeout(resolve, 0));
        } else if (after === "end") controller.close();
        else await new Promise<void>(() => {});
      },
      cancel: () => onCancel?.(),
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}

/** A server that sends events, announces more, and breaks the connection off. */
export function breakingServer(events: readonly unknown[]): ChatServer {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const piece = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(100_000));
      const bytes = new TextEncoder().encode(piece);
      const chunk = `${head}${bytes.length.toString(16)}\r\n${piece}\r\nff\r\nhalf of`;
      await connection.write(new TextEncoder().encode(chunk));
      connection.close();
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  return {
    origin: `http://127.0.0.1:${port}`,
    asked: [],
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving.catch(() => {});
    },
  };
}

/** An error as OpenAI writes it. */
export function failure(status: number, message: string, headers: Record<string, string> = {}): () => Response {
  return () => Response.json({ error: { message, type: "some_error" } }, { status, headers });
}
