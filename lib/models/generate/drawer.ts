/**
 * From the scores of a step to tokens: in this process where the scores are, else on the device.
 *
 * What a device gives out for each draw or row of scores, apart from the numbers of the draw itself:
 *
 * | sampling                                             | read back                                               |
 * |------------------------------------------------------|---------------------------------------------------------|
 * | greedy, or at a temperature                          | nothing: the draw is four numbers                       |
 * | with top-k, top-p or min-p at a temperature          | the probabilities [rows, vocabulary], 2 numbers a row   |
 * | with a penalty, a logits processor or alternatives   | the logits [rows, vocabulary], 2 numbers a row          |
 */
import type { Decoder } from "./decoder.ts";
import { DeviceDrawer } from "./device_drawer.ts";
import type { Drawer } from "./draws.ts";
import { HostDrawer } from "./host_drawer.ts";

/** The drawer of a batch, for the decoder's engine. */
export function createDrawer({ model, programs }: Decoder): Drawer {
  return model.engine.sharesMemory ? new HostDrawer(model) : new DeviceDrawer(model, programs);
}
