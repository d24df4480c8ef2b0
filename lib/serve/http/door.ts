/** Who may come in: the right host, no foreign page, and the token. */
import { createHash, timingSafeEqual } from "node:crypto";
import { ApiError } from "./api_error.ts";

/** What is asked at the door. */
export interface DoorOptions {
  /** Default: none, and everybody may come in. */
  token?: string;
  /**
   * Names by which the service may be called. A page whose name was made to point here (DNS rebinding) comes by another one.
   * Null: all.
   */
  hostNames: readonly string[] | null;
}

/** Names of a service that this machine alone can reach. */
export const LOOPBACK_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Sees who is at the door.
 *
 * @param isOpen Whether this path needs no token.
 * @throws {ApiError} 401 or 403.
 */
export function checkDoor(request: Request, { token, hostNames }: DoorOptions, isOpen: boolean): void {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (hostNames !== null && !hostNames.includes(name)) {
    throw new ApiError(403, `this service is not called ${JSON.stringify(name.slice(0, 100))}: use ${hostNames[0]}`, {
      code: "wrong_host",
    });
  }
  const origin = request.headers.get("origin");
  if (origin !== null && hostOf(origin) !== host.toLowerCase()) {
    throw new ApiError(403, "pages of other sites may not use this service", { code: "wrong_origin" });
  }
  if (token === undefined || isOpen) return;
  const given = /^Bearer +(\S.*)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined || !isSame(given, token)) {
    const what = given === undefined
      ? "this service wants a token, as Authorization: Bearer <token>"
      : "the token is wrong";
    throw new ApiError(401, what, { code: "invalid_api_key", headers: { "www-authenticate": "Bearer" } });
  }
}

/** In a time that tells nothing of where they differ, nor of how long they are. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}

/** Headers of every response. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** The policy of answers that are no page: should one be shown as such, it can do nothing. */
export const API_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";
