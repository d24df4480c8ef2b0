/**
 * From the scores of a step to tokens: in this process where the scores are, else on the device.
 *
 * What a device gives out for each draw or row of scores, apart from the numbers of the draw itself:
 *
 * | sampling                                             | read back                                               |
 * |------------------------------------------------------|---------------------------------------------------------|
 * | greedy, or at a temperature                          | nothing: the draw is four numbers                       |
 * | with top-k, top-p or min-p at a temperature          | the probabilities [rows, vocabulary], 2 numbers a row   |
 * | with a repetition penalty or a logits processor      | the logits [rows, vocabulary], 2 numbers a row          |
 */
import type { Decoder, Policy } from "./decoder.ts";
import { DeviceDrawer } from "./device_drawer.ts";
import type { Drawer } from "./draws.ts";
import { HostDrawer } from "./host_drawer.ts";
import type { GenerationSettings } from "./options.ts";

/** The drawer of one generation, for the decoder's engine. */
export function createDrawer({ model, programs }: Decoder, policy: Policy, settings: GenerationSettings): Drawer {
  if (model.engine.sharesMemory) return new HostDrawer(model, settings);
  return new DeviceDrawer(model, programs, policy.feeds.inverseTemperature, settings);
}
