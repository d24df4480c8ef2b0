/**
 * The service over HTTP.
 *
 * @module
 */
export { ApiError, type ApiErrorDetails, badRequest } from "./api_error.ts";
export type { AgentEvent, ChatAgent, ChatBackend, ChatMode } from "./chat_backend.ts";
export { LOOPBACK_NAMES } from "./door.ts";
export { Endpoint, type EndpointOptions } from "./endpoint.ts";
export { type LimitOptions, type Limits, limitsSchema } from "./limits.ts";
export { Counter, Histogram, ServiceMetrics } from "./metrics.ts";
export { type Arrival, createService, type Service, type ServiceOptions } from "./service.ts";
export {
  isLoopbackHost,
  ListenError,
  OpenServiceError,
  type RunningService,
  serve,
  type ServeOptions,
} from "./serve.ts";
export { readServeSettings, SERVE_HELP, type ServeSettings, ServeSettingsError } from "./settings.ts";
