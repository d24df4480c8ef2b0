/** What judging took. */
import type { ChatUsage } from "../chat/mod.ts";
import type { FailureKind } from "./judge.ts";

/** What a judge took up to now. */
export interface JudgeCost {
  /** Replies that were asked of the model. What its endpoint was busy for and asked again is one. */
  calls: number;
  /** Judgements that took no call: from the disk, or of what the same batch asks twice. */
  cached: number;
  /** Calls that asked again, since a reply was malformed or broken off. */
  retries: number;
  /** Items without a judgement, by what went wrong. */
  failures: Record<FailureKind, number>;
  promptTokens: number;
  /** Reasoning included. */
  completionTokens: number;
  /** Whether some of the tokens are estimates: where the endpoint did not say, or a reply was broken off. */
  isEstimated: boolean;
  /** In the currency of the prices; null where no prices were given. */
  money: number | null;
}

/** Prices of a million tokens, in any currency. */
export interface TokenPrices {
  prompt: number;
  completion: number;
}

/** Counts what judging takes. */
export class CostCounter {
  calls = 0;
  cached = 0;
  retries = 0;
  readonly #failures: Record<FailureKind, number> = {
    timeout: 0,
    rateLimit: 0,
    malformed: 0,
    refused: 0,
    endpoint: 0,
  };
  #promptTokens = 0;
  #completionTokens = 0;
  #isEstimated = false;

  /** @throws {RangeError} For a price that cannot be. */
  constructor(private readonly prices: TokenPrices | null = null) {
    for (const [name, price] of Object.entries(prices ?? {})) {
      if (!(price >= 0 && price < Infinity)) {
        throw new RangeError(`prices.${name}: expected the price of a million tokens, 0 or more, got ${price}`);
      }
    }
  }

  addUsage({ promptTokens, completionTokens, isEstimated = false }: ChatUsage): void {
    this.#promptTokens += promptTokens;
    this.#completionTokens += completionTokens;
    this.#isEstimated ||= isEstimated;
  }

  addFailure(kind: FailureKind): void {
    this.#failures[kind]++;
  }

  /** As it is now. */
  snapshot(): JudgeCost {
    const [promptTokens, completionTokens] = [this.#promptTokens, this.#completionTokens];
    const { prices } = this;
    return {
      calls: this.calls,
      cached: this.cached,
      retries: this.retries,
      failures: { ...this.#failures },
      promptTokens,
      completionTokens,
      isEstimated: this.#isEstimated,
      money: prices === null ? null : (promptTokens * prices.prompt + completionTokens * prices.completion) / 1e6,
    };
  }
}
