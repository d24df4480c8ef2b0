/** The sample server over HTTP, on this machine only. */
import { sampleServer } from "./sample_tools.ts";
import { type McpServer, WebStandardStreamableHTTPServerTransport } from "./sdk_server.ts";

/** Options of `serveSampleMcp`. */
export interface SampleServerOptions {
  /** Default: any free one. */
  port?: number;
  /** A header `Authorization: Bearer <token>` that each request must have. Default: none. */
  token?: string;
}

/** A sample server that runs. */
export interface SampleServer extends AsyncDisposable {
  /** For `connectMcp`. */
  url: string;
  close(): Promise<void>;
}

const MAX_SESSIONS = 20;

interface Session {
  server: McpServer;
  transport: WebStandardStreamableHTTPServerTransport;
}

/**
 * Serves the sample tools on 127.0.0.1, to each session its own notes. Requests that call this machine by another name are
 * refused: so a web page of somebody else's would reach it.
 */
export async function serveSampleMcp({ port = 0, token }: SampleServerOptions = {}): Promise<SampleServer> {
  const sessions = new Map<string, Session>();
  const listening = Promise.withResolvers<number>();
  const http = Deno.serve(
    { hostname: "127.0.0.1", port, onListen: (address) => listening.resolve(address.port) },
    async (request) => {
      if (token !== undefined && request.headers.get("authorization") !== `Bearer ${token}`) {
        return refusal(401, "a token is needed");
      }
      if (new URL(request.url).pathname !== "/mcp") return refusal(404, "the tools are at /mcp");
      const id = request.headers.get("mcp-session-id");
      if (id !== null) {
        const known = sessions.get(id);
        return known === undefined
          ? refusal(404, "there is no such session")
          : await known.transport.handleRequest(request);
      }
      if (sessions.size >= MAX_SESSIONS) return refusal(503, "there are too many sessions");
      return await newSession(sessions, await listening.promise).then(({ transport }) =>
        transport.handleRequest(request)
      );
    },
  );
  const url = `http://127.0.0.1:${await listening.promise}/mcp`;
  const close = async () => {
    await Promise.all([...sessions.values()].map(({ server }) => server.close()));
    await http.shutdown();
  };
  return { url, close, [Symbol.asyncDispose]: close };
}

async function newSession(sessions: Map<string, Session>, port: number): Promise<Session> {
  const server = sampleServer();
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => crypto.randomUUID(),
    enableDnsRebindingProtection: true,
    allowedHosts: [`127.0.0.1:${port}`],
    onsessioninitialized: (id) => {
      sessions.set(id, { server, transport });
    },
    onsessionclosed: (id) => {
      sessions.delete(id);
    },
  });
  await server.connect(transport);
  return { server, transport };
}

function refusal(status: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", id: null, error: { code: -32_000, message } }, { status });
}
