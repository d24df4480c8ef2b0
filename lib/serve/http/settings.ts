/** The settings of `deno task serve`, from the command line and the environment. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { type LimitOptions, limitsSchema } from "./limits.ts";

/** A setting that cannot be. */
export class ServeSettingsError extends Error {
  override name = "ServeSettingsError";
}

export const SERVE_HELP = `Serves the models and the medical agent over HTTP.

  deno task serve                                    the house model at http://127.0.0.1:8000
  deno task serve --adapter doctor=outputs/run/adapter   with an adapter, as the model "doctor"
  KILN_ENDPOINT=http://127.0.0.1:8001/v1 deno task serve   the agent with a model of vLLM or any such service

  --model <folder or hub id>     default kiln-tiny, the house model
  --adapter <name>=<folder>      an adapter in PEFT form; may be given several times
  --allow-adapters <folder>      adapters in it may be loaded while the service runs, as vLLM has it: POST /v1/load_lora_adapter with
                                 {"lora_name", "lora_path"}, and /v1/unload_lora_adapter; default: none may
  --max-adapters <number>        of those, how many at one time; default 4
  --embedder <folder>            what makes vectors; default kiln-embed, the house's; "none" for none
  --host <address>               default 127.0.0.1, this machine alone; any other needs a token
  --port <number>                default 8000; 0 takes one that is free
  --token <text>                 what clients have to send; better given by KILN_TOKEN, since others can read a command line
  --host-name <name>             a further name by which browsers may call it on this machine; may be given several times
  --data <folder>                where conversations are kept; default outputs/serve
  --retention-days <days>        conversations are deleted so long after their last message; default: kept
  --endpoint <URL>               an OpenAI-compatible service in place of the model; also KILN_ENDPOINT
  --endpoint-model <name>        which of its models the agent takes; default its first; also KILN_MODEL
                                 its key, where it wants one: KILN_API_KEY
  --rows <number>                replies whose tokens are drawn at one time; default 16
  --max-requests <number>        replies that are written or wait, of all clients; default 64
  --max-requests-per-client <n>  of those, one client's; default: all
  --max-tokens <number>          tokens of a reply at most; default 2048
  --max-prompt-tokens <number>   tokens of a prompt at most; default: what the model reads
  --max-body-bytes <number>      default 1048576
  --body-seconds <number>        time to send a request's body; default 15
  --stall-seconds <number>       a reader that takes nothing for so long is given up; default 30
  --grace-seconds <number>       time for replies to end on Ctrl-C or SIGTERM; default 20
  --help                         this text
`;

/** What `deno task serve` was asked for. */
export interface ServeSettings {
  model: string;
  /** Folders by name. */
  adapters: Record<string, string>;
  /** Where adapters lie that may be loaded while the service runs. Undefined: none may. */
  allowAdapters?: string;
  /** Of those, how many at one time. */
  maxAdapters: number;
  /** Null: none. */
  embedder: string | null;
  host: string;
  port: number;
  token?: string;
  hostNames: string[];
  /** Where conversations are kept. */
  data: string;
  retentionDays?: number;
  endpoint?: { url: string; key?: string; model?: string };
  rows: number;
  limits: LimitOptions;
}

const LIMIT_OPTIONS = {
  "max-requests": "maxRequests",
  "max-requests-per-client": "maxRequestsPerClient",
  "max-tokens": "maxTokens",
  "max-prompt-tokens": "maxPromptTokens",
  "max-body-bytes": "maxBodyBytes",
  "body-seconds": "bodySeconds",
  "stall-seconds": "stallSeconds",
  "grace-seconds": "graceSeconds",
} as const satisfies Record<string, keyof LimitOptions>;

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;

const number = z.string().regex(/^\d+(\.\d+)?$/, "expected a number").transform(Number);
const port = number.pipe(z.number().int().max(65_535));
const address = z.url({ protocol: /^https?$/, error: "expected an address that begins with http:// or https://" });

/**
 * Reads the settings. A flag goes before the environment.
 *
 * @returns The settings, or "help".
 * @throws {ServeSettingsError} Naming the flag or variable, and what was expected.
 */
export function readServeSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ServeSettings | "help" {
  const flags = readFlags(args);
  if (flags.help) return "help";
  const setting = (flag: "token" | "endpoint" | "endpoint-model", variable: string) =>
    flags[flag] ?? (environment[variable] || undefined);
  const url = setting("endpoint", "KILN_ENDPOINT");
  const limits = Object.entries(LIMIT_OPTIONS).flatMap(([flag, name]) => {
    const given = flags[flag as keyof typeof LIMIT_OPTIONS];
    return given === undefined ? [] : [[name, checked(`--${flag}`, limitOf(name), given)]];
  });
  const token = setting("token", "KILN_TOKEN");
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new ServeSettingsError("--token or KILN_TOKEN: expected letters, digits and signs without spaces");
  }
  return {
    model: flags.model ?? "kiln-tiny",
    adapters: readAdapters(flags.adapter ?? []),
    allowAdapters: flags["allow-adapters"],
    maxAdapters: flags["max-adapters"] === undefined
      ? 4
      : checked("--max-adapters", number.pipe(z.number().int().min(1).max(1024)), flags["max-adapters"]),
    embedder: flags.embedder === "none" ? null : flags.embedder ?? "kiln-embed",
    host: flags.host ?? "127.0.0.1",
    port: flags.port === undefined ? 8000 : checked("--port", port, flags.port),
    token,
    hostNames: flags["host-name"] ?? [],
    data: flags.data ?? "outputs/serve",
    retentionDays: flags["retention-days"] === undefined
      ? undefined
      : checked("--retention-days", number.pipe(z.number().positive()), flags["retention-days"]),
    endpoint: url === undefined ? undefined : {
      url: checked(flags.endpoint === undefined ? "KILN_ENDPOINT" : "--endpoint", address, url),
      key: environment.KILN_API_KEY || undefined,
      model: setting("endpoint-model", "KILN_MODEL"),
    },
    rows: flags.rows === undefined ? 16 : checked("--rows", number.pipe(z.number().int().min(1).max(1024)), flags.rows),
    limits: Object.fromEntries(limits),
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        model: text,
        adapter: texts,
        "allow-adapters": text,
        "max-adapters": text,
        embedder: text,
        host: text,
        port: text,
        token: text,
        "host-name": texts,
        data: text,
        "retention-days": text,
        endpoint: text,
        "endpoint-model": text,
        rows: text,
        "max-requests": text,
        "max-requests-per-client": text,
        "max-tokens": text,
        "max-prompt-tokens": text,
        "max-body-bytes": text,
        "body-seconds": text,
        "stall-seconds": text,
        "grace-seconds": text,
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new ServeSettingsError(error instanceof Error ? error.message : String(error));
  }
}

function limitOf(name: keyof LimitOptions) {
  return number.pipe(limitsSchema.shape[name] as z.ZodType<number | undefined, number>);
}

function checked<Value>(flag: string, schema: z.ZodType<Value>, given: string): Value {
  const read = schema.safeParse(given);
  if (!read.success) throw new ServeSettingsError(`${flag} ${given}: ${read.error.issues[0].message}`);
  return read.data;
}

function readAdapters(given: readonly string[]): Record<string, string> {
  const adapters = new Map<string, string>();
  for (const pair of given) {
    const [, name, folder] = /^([\w.-]{1,64})=(.+)$/.exec(pair) ?? [];
    if (name === undefined) throw new ServeSettingsError(`--adapter ${pair}: expected name=folder`);
    if (adapters.has(name)) throw new ServeSettingsError(`--adapter ${pair}: there are two of the name ${name}`);
    adapters.set(name, folder);
  }
  return Object.fromEntries(adapters);
}
