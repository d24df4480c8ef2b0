import assert from "node:assert/strict";
import { readServeSettings, SERVE_HELP, ServeSettingsError } from "../../../lib/serve/http/mod.ts";

Deno.test("readServeSettings() gives the house model on the loopback when nothing is said", () => {
  assert.deepEqual(readServeSettings([], {}), {
    model: "kiln-tiny",
    adapters: {},
    allowAdapters: undefined,
    maxAdapters: 4,
    embedder: "kiln-embed",
    host: "127.0.0.1",
    port: 8000,
    token: undefined,
    hostNames: [],
    data: "outputs/serve",
    retentionDays: undefined,
    endpoint: undefined,
    rows: 16,
    limits: {},
  });
});

Deno.test("readServeSettings() takes flags before the environment", () => {
  const environment = { KILN_TOKEN: "from-the-environment", KILN_ENDPOINT: "http://a.test/v1", KILN_API_KEY: "key" };
  const settings = readServeSettings([
    ...["--model", "some/model", "--adapter", "doctor=outputs/a=b", "--adapter", "nurse=n", "--embedder", "none"],
    ...["--host", "0.0.0.0", "--port", "0", "--token", "from-the-line", "--host-name", "kiln.test", "--data", "d"],
    ...[
      "--endpoint-model",
      "big",
      "--rows",
      "4",
      "--max-requests",
      "9",
      "--stall-seconds",
      "1.5",
      "--grace-seconds",
      "0",
    ],
    ...["--retention-days", "30", "--allow-adapters", "outputs/rounds", "--max-adapters", "2"],
  ], environment);
  assert.deepEqual(settings, {
    model: "some/model",
    adapters: { doctor: "outputs/a=b", nurse: "n" },
    allowAdapters: "outputs/rounds",
    maxAdapters: 2,
    embedder: null,
    host: "0.0.0.0",
    port: 0,
    token: "from-the-line",
    hostNames: ["kiln.test"],
    data: "d",
    retentionDays: 30,
    endpoint: { url: "http://a.test/v1", key: "key", model: "big" },
    rows: 4,
    limits: { maxRequests: 9, stallSeconds: 1.5, graceSeconds: 0 },
  });
  const alone = readServeSettings([], environment);
  assert.equal(typeof alone === "object" && alone.token, "from-the-environment");
  assert.equal(readServeSettings(["-h"], {}), "help");
});

Deno.test("readServeSettings() names what is wrong", () => {
  const wrong: [string[], Record<string, string>, RegExp][] = [
    [["--prot", "5"], {}, /--prot/],
    [["file"], {}, /file/],
    [["--port", "65536"], {}, /--port 65536/],
    [["--port", "http"], {}, /--port http: expected a number/],
    [["--rows", "0"], {}, /--rows 0/],
    [["--max-adapters", "0"], {}, /--max-adapters 0/],
    [["--max-requests", "0"], {}, /--max-requests 0/],
    [["--body-seconds", "0"], {}, /--body-seconds 0/],
    [["--max-tokens", "1.5"], {}, /--max-tokens 1.5/],
    [["--adapter", "doctor"], {}, /--adapter doctor: expected name=folder/],
    [["--adapter", "a=b", "--adapter", "a=c"], {}, /two of the name a/],
    [["--endpoint", "localhost:8000"], {}, /--endpoint localhost:8000/],
    [[], { KILN_ENDPOINT: "file:///etc" }, /KILN_ENDPOINT file:/],
    [["--token", "two words"], {}, /KILN_TOKEN/],
    [["--retention-days", "0"], {}, /--retention-days 0/],
  ];
  for (const [args, environment, message] of wrong) {
    assert.throws(() => readServeSettings(args, environment), (error) => {
      assert.ok(error instanceof ServeSettingsError, `${args}`);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("the help names every flag that is read", () => {
  const flags = SERVE_HELP.match(/^ {2}--[a-z-]+/gm)?.map((flag) => flag.trim()) ?? [];
  assert.ok(flags.length > 15);
  for (const flag of flags.filter((name) => name !== "--help")) {
    assert.throws(() => readServeSettings([flag], {}), /argument/, flag);
  }
});
