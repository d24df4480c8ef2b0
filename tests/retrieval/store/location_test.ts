import assert from "node:assert/strict";
import { checkTableName, parseLocation } from "../../../lib/retrieval/store/location.ts";

Deno.test("parseLocation() reads folders, memory and buckets", () => {
  assert.deepEqual(parseLocation("outputs/library"), { kind: "folder", uri: "outputs/library" });
  assert.deepEqual(parseLocation("/a folder/with: signs"), { kind: "folder", uri: "/a folder/with: signs" });
  assert.deepEqual(parseLocation("file:///a%20folder/b"), { kind: "folder", uri: "/a folder/b" });
  assert.deepEqual(parseLocation("memory://"), { kind: "memory", uri: "memory://" });
  assert.deepEqual(parseLocation("s3://my-bucket.eu/some/prefix"), {
    kind: "s3",
    uri: "s3://my-bucket.eu/some/prefix",
  });
  assert.deepEqual(parseLocation("s3://bucket"), { kind: "s3", uri: "s3://bucket" });
  assert.deepEqual(parseLocation("gs://bucket/a/b"), { kind: "gs", uri: "gs://bucket/a/b" });
  assert.deepEqual(parseLocation("az://container/a"), { kind: "az", uri: "az://container/a" });
});

Deno.test("parseLocation() refuses what LanceDB or a bucket cannot be, naming it", () => {
  const refused: [string, RegExp][] = [
    ["", /uri "": it is empty; expected a folder/],
    ["a\0b", /holds a control character/],
    ["a\nb", /holds a control character/],
    ["db://cloud", /tables cannot lie at db:\/\//],
    ["https://host/a", /tables cannot lie at https:\/\//],
    ["memory://a", /tables cannot lie at memory:\/\//],
    ["s3://", /"" is no name of a bucket/],
    ["s3://UPPER/a", /"UPPER" is no name of a bucket/],
    ["s3://a..b/c", /no name of a bucket/],
    ["s3://user@host/c", /no name of a bucket/],
    ["s3://bucket/../other", /no plain path/],
    ["s3://bucket/a?x=1", /no plain path/],
  ];
  for (const [uri, message] of refused) assert.throws(() => parseLocation(uri), { name: "TypeError", message }, uri);
});

Deno.test("checkTableName() takes names that can be folders", () => {
  for (const name of ["articles", "a", "Web_2026-11.v2", "0"]) checkTableName(name);
  for (const name of ["", ".", "..", "../a", "a/b", "a b", "-a", ".a", "é", "a".repeat(101)]) {
    assert.throws(() => checkTableName(name), /expected 1 to 100 letters/, name);
  }
});
