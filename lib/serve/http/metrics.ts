/** Counts and times of the service, in the text form that Prometheus reads. */

type Labels = Readonly<Record<string, string | number>>;

/** A number that only grows, one for each set of labels. */
export class Counter {
  readonly #values = new Map<string, number>();

  constructor(readonly name: string, readonly help: string) {}

  add(amount = 1, labels: Labels = {}): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  /** All sets of labels together. */
  get total(): number {
    return [...this.#values.values()].reduce((sum, value) => sum + value, 0);
  }

  text(): string {
    const values = this.#values.size === 0 ? [["", 0] as const] : [...this.#values];
    return head(this.name, this.help, "counter") +
      values.map(([labels, value]) => `${this.name}${labels} ${value}\n`).join("");
  }
}

/** How often a number fell below each of some bounds. */
export class Histogram {
  readonly #series = new Map<string, { counts: number[]; sum: number; count: number; labels: Labels }>();

  /** @param bounds Rising. */
  constructor(readonly name: string, readonly help: string, readonly bounds: readonly number[]) {}

  observe(value: number, labels: Labels = {}): void {
    const key = labelText(labels);
    let series = this.#series.get(key);
    if (!series) {
      this.#series.set(key, series = { counts: this.bounds.map(() => 0), sum: 0, count: 0, labels });
    }
    for (let i = 0; i < this.bounds.length; i++) if (value <= this.bounds[i]) series.counts[i]++;
    series.sum += value;
    series.count++;
  }

  text(): string {
    const lines = [...this.#series.values()].flatMap(({ counts, sum, count, labels }) => [
      ...this.bounds.map((le, i) => `${this.name}_bucket${labelText({ ...labels, le })} ${counts[i]}\n`),
      `${this.name}_bucket${labelText({ ...labels, le: "+Inf" })} ${count}\n`,
      `${this.name}_sum${labelText(labels)} ${sum}\n`,
      `${this.name}_count${labelText(labels)} ${count}\n`,
    ]);
    return head(this.name, this.help, "histogram") + lines.join("");
  }
}

/** A number that is looked up when it is asked for. */
export function gaugeText(name: string, help: string, value: number): string {
  return `${head(name, help, "gauge")}${name} ${value}\n`;
}

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** What the service counts. */
export class ServiceMetrics {
  readonly requests = new Counter("kiln_http_requests_total", "Requests by route and status.");
  readonly requestSeconds = new Histogram(
    "kiln_http_request_seconds",
    "Seconds from a request to the end of its response.",
    SECONDS,
  );
  readonly firstTokenSeconds = new Histogram(
    "kiln_time_to_first_token_seconds",
    "Seconds from a request for text to its first token.",
    SECONDS,
  );
  readonly promptTokens = new Counter("kiln_prompt_tokens_total", "Tokens of prompts.");
  readonly completionTokens = new Counter("kiln_completion_tokens_total", "Tokens of replies.");
  readonly aborted = new Counter("kiln_requests_aborted_total", "Requests whose client left or stopped reading.");
  readonly rejected = new Counter("kiln_requests_rejected_total", "Requests that were not let in, by reason.");

  /** @param gauges Text of further metrics. */
  text(gauges: readonly string[]): string {
    const own = [
      this.requests,
      this.requestSeconds,
      this.firstTokenSeconds,
      this.promptTokens,
      this.completionTokens,
      this.aborted,
      this.rejected,
    ];
    return own.map((metric) => metric.text()).join("") + gauges.join("");
  }
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
