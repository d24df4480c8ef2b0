import { Decoder } from "../../../lib/models/mod.ts";

/** Counts the tokens that are read while prompts are, padding included; a single token counts as drawn. */
export class CountingDecoder extends Decoder {
  read = 0;

  override run(...[policy, cache, step]: Parameters<Decoder["run"]>): ReturnType<Decoder["run"]> {
    if (step.tokens > 1) this.read += step.ids.length;
    return super.run(policy, cache, step);
  }
}
