/** `GET /health` and `GET /metrics`. */
import type { Engine, EngineStats } from "../engine/mod.ts";
import type { Endpoint } from "./endpoint.ts";
import { gaugeText } from "./metrics.ts";
import type { ServiceContext } from "./service_context.ts";

/**
 * How the service is doing: `starting` while models are loaded, `ready`, `degraded` when what it needs has failed, `closing`
 * when it is about to end.
 */
export type HealthStatus = "starting" | "ready" | "degraded" | "closing";

/** What health depends on. */
export interface HealthSources {
  /** Null: there is none, or it is not loaded yet. */
  engine: () => Engine | null;
  /** Whether the engine or the agent is still being made ready. */
  isStarting: () => boolean;
  /** Why the engine or the agent could not be opened. */
  failure: () => string | null;
  endpoint: Endpoint | null;
}

/** 200 when requests can be served, else 503. Needs no token, and so tells little. */
export async function health(context: ServiceContext, sources: HealthSources): Promise<Response> {
  const status = await statusOf(context, sources);
  return Response.json({ status }, { status: status === "ready" ? 200 : 503 });
}

async function statusOf({ admission }: ServiceContext, sources: HealthSources): Promise<HealthStatus> {
  if (admission.isClosed) return "closing";
  if (sources.failure() !== null) return "degraded";
  if (sources.isStarting()) return "starting";
  if (sources.endpoint !== null) return await sources.endpoint.isWell() ? "ready" : "degraded";
  const engine = sources.engine();
  return engine === null || engine.state === "ready" ? "ready" : "degraded";
}

/** Counts and times for Prometheus. */
export async function metricsPage({ metrics, admission }: ServiceContext, sources: HealthSources): Promise<Response> {
  const gauges = [
    gaugeText("kiln_requests_in_service", "Replies that are written or wait.", admission.inside),
    gaugeText("kiln_resident_memory_bytes", "Memory of the process.", Deno.memoryUsage().rss),
  ];
  const stats = await sources.engine()?.stats();
  if (stats) gauges.push(...engineGauges(stats));
  return new Response(metrics.text(gauges), {
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
}

function engineGauges(stats: EngineStats): string[] {
  return [
    gaugeText("kiln_engine_ready", "Whether the engine takes requests.", stats.state === "ready" ? 1 : 0),
    gaugeText("kiln_engine_active_rows", "Replies whose tokens are being drawn.", stats.activeRows),
    gaugeText("kiln_engine_max_rows", "Replies that can be drawn at one time.", stats.maxRows),
    gaugeText("kiln_engine_waiting", "Replies that wait for a row.", stats.waiting),
    gaugeText("kiln_engine_paused", "Replies that wait for a slow reader.", stats.paused),
    gaugeText("kiln_engine_prompt_tokens", "Tokens of all prompts, those of agents included.", stats.promptTokens),
    gaugeText("kiln_engine_completion_tokens", "Tokens drawn, for agents too.", stats.completionTokens),
    gaugeText("kiln_engine_tokens_per_second", "Tokens drawn a second, lately.", stats.tokensPerSecond),
    gaugeText("kiln_engine_cached_prompt_tokens", "Tokens of prompts that were not read again.", stats.cachedTokens),
    gaugeText("kiln_engine_prefix_cache_bytes", "Memory of kept prompts.", stats.prefixCache.bytes),
  ];
}
