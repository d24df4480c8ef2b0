import assert from "node:assert/strict";
import { geminiChatModel, openaiChatModel } from "../../../lib/agent/chat/mod.ts";

Deno.test("openaiChatModel() and geminiChatModel() refuse a timeout that no timer can be set to, and half a retry", () => {
  const where = { baseURL: "http://127.0.0.1:9/v1", model: "m" };
  for (const make of [openaiChatModel, geminiChatModel]) {
    for (const timeout of [0, -1, NaN, Infinity, 2 ** 31]) {
      assert.throws(() => make({ ...where, timeout }), { name: "RangeError", message: /^timeout: / });
    }
    for (const maxRetries of [-1, 0.5, Infinity]) {
      assert.throws(() => make({ ...where, maxRetries }), { name: "RangeError", message: /^maxRetries: / });
    }
    make({ ...where, timeout: 2 ** 31 - 1, maxRetries: 0 });
  }
});
