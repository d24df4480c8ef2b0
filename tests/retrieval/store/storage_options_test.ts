import assert from "node:assert/strict";
import { checkStorageOptions, storageProblem } from "../../../lib/retrieval/store/storage_options.ts";

Deno.test("checkStorageOptions() takes what LanceDB takes", () => {
  checkStorageOptions("folder", undefined);
  checkStorageOptions("s3", undefined);
  checkStorageOptions("s3", {});
  checkStorageOptions("s3", { region: "eu-west-1", clientMaxRetries: "2" });
  checkStorageOptions("s3", {
    aws_access_key_id: "a",
    secretAccessKey: "b",
    endpoint: "http://127.0.0.1:9000",
    allow_http: "TRUE",
  });
  checkStorageOptions("az", { accountName: "a", accountKey: "b", endpoint: "https://host/a" });
  checkStorageOptions("gs", { googleServiceAccount: "key.json" });
});

Deno.test("checkStorageOptions() refuses the rest, naming the option and not its value", () => {
  const refused: [Record<string, unknown>, RegExp][] = [
    [{ awsAccessKeyId: "hidden" }, /awsAccessKeyId and awsSecretAccessKey belong together/],
    [{ secret_access_key: "hidden" }, /belong together; one of them is missing/],
    [{ endpoint: "http://hidden:9000" }, /not https; if that is meant, say so by allowHttp: "true"/],
    [{ endpoint: "http://hidden:9000", allowHttp: "false" }, /not https/],
    [{ endpoint: "hidden" }, /endpoint: expected an address such as/],
    [{ awsEndpoint: "ftp://hidden" }, /endpoint: expected an address/],
    [{ allowHttp: true }, /storageOptions: allowHttp: expected texts/],
    [{ region: "" }, /storageOptions: region: expected texts/],
    [{ "a b": "hidden" }, /expected texts by names such as awsAccessKeyId/],
  ];
  for (const [options, message] of refused) {
    assert.throws(() => checkStorageOptions("s3", options as Record<string, string>), (error: Error) => {
      assert.match(error.message, message);
      return error instanceof TypeError && !error.message.includes("hidden");
    });
  }
  assert.throws(() => checkStorageOptions("folder", {}), /they are for object stores, and this is a folder/);
  assert.throws(() => checkStorageOptions("memory", { region: "x" }), /this is memory/);
});

Deno.test("storageProblem() leaves what is not the store's alone", () => {
  const location = { kind: "s3", uri: "s3://bucket/a" } as const;
  assert.equal(storageProblem(location, "LanceError(IO): file size is too small"), null);
  assert.equal(storageProblem(location, "manifest: not a Lance file"), null);
  assert.match(
    storageProblem(location, "Server returned non-2xx status code: 503 Slow Down")!,
    /answers 503\. Try again/,
  );
});
