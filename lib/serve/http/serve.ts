/** The service on a socket. */
import { LOOPBACK_NAMES } from "./door.ts";
import { createService, type Service, type ServiceOptions } from "./service.ts";
import { settledWithin } from "../time.ts";

/** Where a service listens, and what it is made of. */
export interface ServeOptions extends Omit<ServiceOptions, "hostNames"> {
  /** Default `127.0.0.1`: this machine alone. Any other needs a token. */
  host?: string;
  /** Default 8000; 0 takes one that is free. */
  port?: number;
  /** Further names by which the service may be called on the loopback, such as a tunnel's. */
  hostNames?: readonly string[];
}

/** A service that listens. */
export interface RunningService {
  readonly service: Service;
  /** Such as `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly port: number;
  /** Refuses new requests, waits for replies that are being written, and stops listening. */
  stop(): Promise<void>;
}

/** The service would be open to everybody. */
export class OpenServiceError extends Error {
  override name = "OpenServiceError";
}

/** The service cannot listen where it was told to. The message says why, and what to do. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** Seconds that connections have to close when all replies have ended. */
const CLOSE_SECONDS = 2;

/** Characters of a token at least, where others can try. */
const MIN_TOKEN_LENGTH = 16;

/**
 * Starts to listen.
 *
 * Deno itself gives clients all the time they want for a request's head: a connection that sends none holds a socket, and nothing
 * else. Where strangers can reach the service, put a proxy before it, which also brings TLS.
 *
 * @throws {OpenServiceError} When the host is not the loopback and there is no token, or a short one.
 * @throws {ListenError} When something listens there already, or the address is none of this machine's.
 */
export function serve({ host = "127.0.0.1", port = 8000, hostNames = [], ...options }: ServeOptions): RunningService {
  const isLoopback = isLoopbackHost(host);
  if (!isLoopback && (options.token ?? "").length < MIN_TOKEN_LENGTH) {
    throw new OpenServiceError(
      `at ${host} others can reach the service: give it a token of at least ${MIN_TOKEN_LENGTH} characters by KILN_TOKEN, or ` +
        "let it listen at 127.0.0.1",
    );
  }
  const service = createService({
    ...options,
    // With a token, a foreign page that came by another name could do nothing.
    hostNames: isLoopback
      ? [...LOOPBACK_NAMES, host.toLowerCase(), ...hostNames.map((name) => name.toLowerCase())]
      : null,
  });
  const server = listen(host, port, service);
  const name = host.includes(":") ? `[${host}]` : host;
  let stopping: Promise<void> | null = null;
  return {
    service,
    port: server.addr.port,
    url: `http://${name}:${server.addr.port}`,
    stop: () => stopping ??= stop(service, server),
  };
}

function listen(host: string, port: number, service: Service): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve(
      { hostname: host, port, onListen() {} },
      (request, { remoteAddr, completed }) => service.fetch(request, { client: remoteAddr.hostname, completed }),
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ListenError(`${host}, port ${port}: ${advice(error, port)} (${why})`, { cause: error });
  }
}

function advice(error: unknown, port: number): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "something listens there already, maybe this service: end it, or take another port by --port, such as " +
      `--port ${port < 65_535 ? port + 1 : 8000}, or --port 0 for any that is free`;
  }
  if (error instanceof Deno.errors.PermissionDenied && port < 1024) {
    return "this port is kept for the system: take one from 1024 by --port";
  }
  return "it cannot listen there: give an address of this machine by --host, such as 127.0.0.1";
}

async function stop(service: Service, server: Deno.HttpServer): Promise<void> {
  await service.close();
  // A connection that is still sending keeps it open, but no process from ending.
  await settledWithin(server.shutdown(), CLOSE_SECONDS);
}

/** Whether only this machine can reach it. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
