/**
 * The engine of the service under load: requests of several clients at once, each of which asks again as soon as it has its
 * reply. All of it runs in one process, as the service does, without HTTP.
 *
 * `deno run -A tests/bench/serve.ts --minutes 10` loads it for so long, and prints what the process holds meanwhile.
 */
import { parseArgs } from "node:util";
import { type Engine, openEngine } from "../../lib/serve/engine/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";
import { median, quantile } from "./measure.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";

/** Clients at the same time. */
const CLIENTS = [1, 4, 16] as const;

/** Tokens of a prompt, as a chat of a few turns has them, and of a reply. */
const PROMPT_TOKENS = 150;
const REPLY_TOKENS = 64;

const MEBIBYTE = 1024 * 1024;

export const serveSection: Section = {
  name: "serve",
  title: "The service's engine under load, house model",
  cases: [{ name: "serve", run: measureServing }],
};

/** What a stretch of load came to. */
interface Load {
  requests: number;
  tokens: number;
  seconds: number;
  /** Of each request, in milliseconds. */
  firstTokens: number[];
}

async function measureServing({ quick }: BenchSettings): Promise<Row[]> {
  // Prompts come again and again; it is not the prefix cache that is measured.
  const engine = await openEngine({ model: HOUSE_MODEL, prefixCacheBytes: 0 });
  const prompts = await wholeReplies(engine, quick ? 4 : 32);
  const rounds: Record<number, Load[]> = Object.fromEntries(CLIENTS.map((clients) => [clients, []]));
  // Each round measures every number of clients: whatever else the machine does slows all of them.
  for (let round = quick ? 0 : -1; round < (quick ? 1 : 5); round++) {
    for (const clients of CLIENTS) {
      const requests = quick ? clients : Math.max(6, 2 * clients);
      const load = await loaded(engine, (at) => prompts[at % prompts.length], clients, (begun) => begun < requests);
      if (round >= 0) rounds[clients].push(load);
    }
  }
  await engine.dispose();
  const rate = ({ tokens, seconds }: Load) => tokens / seconds;
  return CLIENTS.map((clients) => {
    const rates = rounds[clients].map(rate);
    const times = median(rounds[clients].map((load, round) => rate(load) / rate(rounds[1][round])));
    const first = rounds[clients].flatMap(({ firstTokens }) => firstTokens);
    const showFirst = `first token after ${median(first).toFixed(0)} ms, 95% within ${
      quantile(first, 0.95).toFixed(0)
    } ms`;
    return row({
      what: clients === 1 ? "one by one" : `${clients} clients`,
      shape: `${PROMPT_TOKENS} + ${REPLY_TOKENS} tokens`,
      value: median(rates),
      unit: "tokens/s",
      spread: (quantile(rates, 0.75) - quantile(rates, 0.25)) / 2 / median(rates),
      timeRatio: clients === 1 ? null : 1 / times,
      note: clients === 1 ? showFirst : `${times.toFixed(1)} times as fast as one by one; ${showFirst}`,
    });
  });
}

/** Loads an engine for minutes, and prints what the process holds at the start, in the middle and at the end. */
async function soak(minutes: number): Promise<void> {
  const engine = await openEngine({ model: HOUSE_MODEL, prefixCacheBytes: 64 * MEBIBYTE });
  const random = new Random("soak");
  const load = async (share: number) => {
    const end = performance.now() + share * minutes * 60_000;
    return await loaded(engine, () => randomPrompt(random), CLIENTS[2], () => performance.now() < end);
  };
  const inMebibytes = (bytes: number) => `${(bytes / MEBIBYTE).toFixed(0)} MB`;
  const print = async (when: string, { tokens, seconds }: Load) => {
    const { memory: { rss, heapUsed, external }, prefixCache, requests, activeRows, waiting } = await engine.stats();
    console.log(
      `${when}: ${inMebibytes(rss)} resident (${inMebibytes(heapUsed)} heap, ${inMebibytes(external)} outside of it, ` +
        `${inMebibytes(prefixCache.bytes)} of prefixes); ${requests.finished} requests, ` +
        `${(tokens / seconds).toFixed(0)} tokens/s, ${activeRows + waiting} left running`,
    );
  };
  // Programs, pools and the prefix cache fill up first.
  await print("start", await load(0.1));
  await print("middle", await load(0.45));
  await print("end", await load(0.45));
  await engine.dispose();
}

/** Clients that ask one request after the other while `goesOn`, given how many were begun. */
async function loaded(
  engine: Engine,
  promptAt: (begun: number) => readonly number[],
  clients: number,
  goesOn: (begun: number) => boolean,
): Promise<Load> {
  const load: Load = { requests: 0, tokens: 0, seconds: 0, firstTokens: [] };
  let begun = 0;
  const client = async () => {
    while (goesOn(begun)) {
      const { tokens, firstToken } = await ask(engine, promptAt(begun++));
      load.requests++;
      load.tokens += tokens;
      load.firstTokens.push(firstToken);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  load.seconds = (performance.now() - startedAt) / 1000;
  return load;
}

/** One request: how many tokens came, and after how many milliseconds the first. */
async function ask(engine: Engine, tokenIds: readonly number[]): Promise<{ tokens: number; firstToken: number }> {
  const startedAt = performance.now();
  let [tokens, firstToken] = [0, 0];
  const request = { model: engine.models[0].id, input: { tokenIds }, maxTokens: REPLY_TOKENS, temperature: 0 };
  for await (const event of engine.generate(request)) {
    if (event.type === "token" && tokens++ === 0) firstToken = performance.now() - startedAt;
  }
  return { tokens, firstToken };
}

/** Prompts whose replies do not end before their time, so that every request is the same work. */
async function wholeReplies(engine: Engine, count: number): Promise<number[][]> {
  const random = new Random("prompts");
  const whole: number[][] = [];
  while (whole.length < count) {
    const prompts = Array.from({ length: CLIENTS[2] }, () => randomPrompt(random));
    const replies = await Promise.all(prompts.map((prompt) => ask(engine, prompt)));
    whole.push(...prompts.filter((_, at) => replies[at].tokens === REPLY_TOKENS));
  }
  return whole.slice(0, count);
}

function randomPrompt(random: Random): number[] {
  // Neither special tokens nor single bytes.
  return Array.from({ length: PROMPT_TOKENS }, () => random.integer(300, 4000));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" } } });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new RangeError(`--minutes: expected a number above 0, got ${values.minutes}`);
  await soak(minutes);
}
