/** A worker that falls over when a request asks it to. */
import "../../../lib/serve/engine/worker.ts";

addEventListener("message", (event) => {
  const { data } = event as MessageEvent<unknown>;
  const text = JSON.stringify(data);
  if (text.includes("please crash")) throw new Error("it fell over");
  if (text.includes("please reject")) Promise.reject(new Error("it was rejected"));
});
