/**
 * Any number of OpenAI-compatible endpoints (vLLM, Kiln's own service and others) behind one door.
 *
 * @module
 */
export { type AskedEndpoint, askEndpoint, type AskOptions, retryAfter } from "./ask.ts";
export type { AttemptOptions, Attempts, Turn } from "./attempts.ts";
export { type Clock, systemClock } from "./clock.ts";
export { EndpointFault, EndpointRefusal, type FaultKind, NoEndpointError } from "./errors.ts";
export type { EndpointStats, TokenCounts } from "./member.ts";
export type { EndpointAddress, EndpointChange, EndpointPoolOptions } from "./options.ts";
export { type EndpointPool, endpointPool } from "./pool.ts";
