/** A response's body that is made at the pace of its reader. */
import type { Limits } from "./limits.ts";

/** Whom to tell, and what to do in silence. */
export interface PaceOptions extends Pick<Limits, "stallSeconds" | "heartbeatSeconds"> {
  /** Called when the reader has gone or has stopped reading: ends what makes the parts. */
  onLeave: (how: "left" | "stalled") => void;
  /** Sent after every `heartbeatSeconds` of silence. Default: nothing. */
  stillHere?: Uint8Array<ArrayBuffer>;
}

/**
 * A body of parts. The next one is asked for only when the reader has taken the last, so that a slow reader holds back its
 * own answer and no memory grows; one that takes nothing for `stallSeconds` is given up.
 *
 * @param parts Its `return()` is called when the reader has gone.
 */
export function pacedBody(
  parts: AsyncIterator<Uint8Array<ArrayBuffer>>,
  { stallSeconds, heartbeatSeconds, onLeave, stillHere }: PaceOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  /** Whether the next part is being made; else the last one is to be taken. */
  let isMaking = false;
  /** When that began, or something was sent last. */
  let since = performance.now();
  let watch: ReturnType<typeof setInterval> | undefined;
  const leave = (how: "left" | "stalled") => {
    clearInterval(watch);
    onLeave(how);
    parts.return?.().catch(() => {});
  };
  // One timer that looks now and then: one for each part would cost as much as the part.
  const look = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
    const seconds = (performance.now() - since) / 1000;
    const isTaken = isMaking && (controller.desiredSize ?? 0) >= 0;
    if (!isTaken && seconds >= stallSeconds) {
      leave("stalled");
      controller.error(new Error(`the reader has taken nothing for ${stallSeconds} s`));
    } else if (isTaken && stillHere !== undefined && seconds >= heartbeatSeconds) {
      controller.enqueue(stillHere);
      since = performance.now();
    }
  };
  return new ReadableStream({
    async pull(controller) {
      watch ??= setInterval(() => look(controller), Math.min(stallSeconds, heartbeatSeconds) * 250);
      isMaking = true;
      since = performance.now();
      try {
        const { done, value } = await parts.next();
        if (done) {
          clearInterval(watch);
          controller.close();
        } else controller.enqueue(value);
      } catch (error) {
        clearInterval(watch);
        throw error;
      }
      isMaking = false;
      since = performance.now();
    },
    cancel: () => leave("left"),
  }, { highWaterMark: 0 });
}
