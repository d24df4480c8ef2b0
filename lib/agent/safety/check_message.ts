/** What is decided about a message before a model sees it. */
import type { Router } from "../route/mod.ts";
import {
  type Emergency,
  emergencyAnswer,
  type EmergencyNumbers,
  type EmergencyOptions,
  findEmergencies,
} from "./emergencies.ts";
import { findRefusedRequest, refusalAnswer, type RefusedKind } from "./refused_requests.ts";

/** Who sends messages where, and whom to call. */
export interface MessageCheckOptions extends EmergencyNumbers, EmergencyOptions {
  /** Says what a message is about, such as the house router. Default: none, and nothing is out of scope. */
  router?: Pick<Router, "routeAll">;
  /** Routes that are answered. Default: `["medical"]`. */
  routes?: readonly string[];
  signal?: AbortSignal;
}

/** What is to be done with a message. */
export type MessageCheck =
  /** Show the answer and do nothing else. */
  | { kind: "emergency"; emergencies: Emergency[]; answer: string }
  | { kind: "refused"; reason: RefusedKind | "out of scope"; answer: string }
  /** Go on. `route` is null where no router was asked. */
  | { kind: "pass"; route: string | null };

/**
 * Emergencies first, then requests that are refused, then what the message is about. The same message always gets the same decision, as far
 * as the router's do.
 *
 * @throws What the router throws, and the signal's reason when it is aborted.
 */
export async function checkMessage(message: string, options: MessageCheckOptions = {}): Promise<MessageCheck> {
  const { router, routes = ["medical"], signal } = options;
  signal?.throwIfAborted();
  const emergencies = findEmergencies(message, options);
  if (emergencies.length > 0) return { kind: "emergency", emergencies, answer: emergencyAnswer(emergencies, options) };
  const refused = findRefusedRequest(message);
  if (refused !== null) return { kind: "refused", reason: refused.kind, answer: refusalAnswer(refused.kind) };
  if (router === undefined) return { kind: "pass", route: null };
  const [{ route }] = await router.routeAll([message], { signal });
  signal?.throwIfAborted();
  if (route === null || !routes.includes(route)) {
    return { kind: "refused", reason: "out of scope", answer: refusalAnswer("out of scope") };
  }
  return { kind: "pass", route };
}
