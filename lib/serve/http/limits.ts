/** How much one request, one client and all of them together may ask for. */
import { z } from "zod";

const whole = (least: number) => z.number().int().min(least);

/** What is allowed, with its defaults. */
export const limitsSchema = z.object({
  /** Bytes of a request's body. */
  maxBodyBytes: whole(1).default(2 ** 20),
  /** Seconds that a client has to send its body. */
  bodySeconds: z.number().positive().default(15),
  /** Tokens of a prompt. Default: what the model reads. */
  maxPromptTokens: whole(1).optional(),
  /** Tokens of a reply that may be asked for. */
  maxTokens: whole(1).default(2048),
  /** Replies of one request: `n` times the prompts. */
  maxChoices: whole(1).default(8),
  /** Texts of one request to /v1/embeddings. */
  maxInputs: whole(1).default(256),
  /** Replies that are written or wait at one time, of all clients. Keep it within the engine's rows and queue together. */
  maxRequests: whole(1).default(64),
  /** Of those, one client's. Default: all of them. */
  maxRequestsPerClient: whole(1).optional(),
  /** Seconds after which a reader that takes nothing is given up. */
  stallSeconds: z.number().positive().default(30),
  /** Seconds of silence after which a stream shows that it is still there. */
  heartbeatSeconds: z.number().positive().default(15),
  /** Seconds that replies have to end when the service is told to. */
  graceSeconds: z.number().min(0).default(20),
});

/** What is allowed. */
export type Limits = z.infer<typeof limitsSchema>;

/** Limits as they may be given: all have defaults. */
export type LimitOptions = z.input<typeof limitsSchema>;
