import assert from "node:assert/strict";
import fc from "fast-check";
import { publicParameters } from "../../lib/hub/mod.ts";

Deno.test("publicParameters() leaves out what may be secret, and nothing else", () => {
  const { parameters, removed } = publicParameters({
    model: "Qwen/Qwen3-0.6B",
    maxTokens: 96,
    tokenizer: "some/folder",
    newTokens: ["<think>"],
    token: "abc",
    hfToken: "",
    openaiApiKey: "abc",
    api_key: null,
    judge: { url: "https://user:pass@host/v1", headers: { Authorization: "x" }, password: ["a", "b"] },
    endpoints: ["http://10.0.0.1:8000/v1", "sk-abcdefghijkl"],
    note: "Bearer of good news",
    useToken: true,
    pool: [{ url: "http://10.0.0.1:8000/v1", key: "abc" }],
    keyColumn: "id",
    storageOptions: { awsAccessKeyId: "abc", private_key: "abc" },
  });
  assert.deepEqual(parameters, {
    model: "Qwen/Qwen3-0.6B",
    maxTokens: 96,
    tokenizer: "some/folder",
    newTokens: ["<think>"],
    token: "(left out)",
    hfToken: "",
    openaiApiKey: "(left out)",
    api_key: null,
    judge: { url: "(left out)", headers: { Authorization: "(left out)" }, password: "(left out)" },
    endpoints: ["http://10.0.0.1:8000/v1", "(left out)"],
    note: "(left out)",
    useToken: true,
    pool: [{ url: "http://10.0.0.1:8000/v1", key: "(left out)" }],
    keyColumn: "id",
    storageOptions: { awsAccessKeyId: "(left out)", private_key: "(left out)" },
  });
  assert.deepEqual(removed, [
    "token",
    "openaiApiKey",
    "judge.url",
    "judge.headers.Authorization",
    "judge.password",
    "endpoints[1]",
    "note",
    "pool[0].key",
    "storageOptions.awsAccessKeyId",
    "storageOptions.private_key",
  ]);
});

Deno.test("publicParameters() shows no value under a secret's name, wherever it stands", () => {
  const name = fc.constantFrom(
    "token",
    "hfToken",
    "HF_TOKEN",
    "client_secret",
    "dbPassword",
    "api-key",
    "apiKey",
    "credentials",
  );
  fc.assert(
    fc.property(
      fc.jsonValue(),
      name,
      fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 }),
      (rest, secret, path) => {
        const value = path.reduce<unknown>((inside, each) => ({ [each]: [inside, rest] }), {
          [secret]: "the very secret",
        });
        const { parameters, removed } = publicParameters({ value, rest });
        assert.ok(!JSON.stringify(parameters).includes("the very secret"));
        assert.ok(removed.length >= 1);
      },
    ),
  );
});
