/** Credentials and addresses of object stores: checked before use, and never shown. */
import { z } from "zod";
import type { Location } from "./location.ts";

const optionsSchema = z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), z.string().min(1));

/** Names of the same option, which LanceDB takes all: in camelCase or snake_case, with and without `aws`. */
const KEY_ID = ["awsaccesskeyid", "accesskeyid"];
const KEY_SECRET = ["awssecretaccesskey", "secretaccesskey"];
const ENDPOINT = ["endpoint", "awsendpoint", "endpointurl", "awsendpointurl", "azurestorageendpoint", "azureendpoint"];
const ALLOW_HTTP = ["allowhttp", "awsallowhttp", "azureallowhttp"];

/**
 * Checks what LanceDB would find out late, or take for something else: values that are no texts, an address that is not https
 * and not allowed, half of a pair of keys.
 *
 * @throws {TypeError} naming the option, and never its value
 */
export function checkStorageOptions(
  kind: Location["kind"],
  options: Readonly<Record<string, string>> | undefined,
): void {
  if (options === undefined) return;
  if (kind === "memory" || kind === "folder") {
    throw new TypeError(
      `storageOptions: they are for object stores, and this is ${kind === "memory" ? "memory" : "a folder"}`,
    );
  }
  const wrong = optionsSchema.safeParse(options).error?.issues[0];
  if (wrong !== undefined) {
    throw new TypeError(
      `storageOptions: ${wrong.path.join(".") || "they"}: expected texts by names such as awsAccessKeyId`,
    );
  }
  const own = new Map(Object.entries(options).map(([name, value]) => [name.replaceAll("_", "").toLowerCase(), value]));
  const find = (names: readonly string[]) => names.map((name) => own.get(name)).find((value) => value !== undefined);
  if ((find(KEY_ID) === undefined) !== (find(KEY_SECRET) === undefined)) {
    throw new TypeError(
      "storageOptions: awsAccessKeyId and awsSecretAccessKey belong together; one of them is missing",
    );
  }
  const endpoint = find(ENDPOINT);
  if (endpoint === undefined) return;
  const protocol = URL.parse(endpoint)?.protocol;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new TypeError("storageOptions: endpoint: expected an address such as https://minio.example.org:9000");
  }
  if (protocol === "http:" && find(ALLOW_HTTP)?.toLowerCase() !== "true") {
    throw new TypeError('storageOptions: the endpoint is not https; if that is meant, say so by allowHttp: "true"');
  }
}

/** Where the keys of a store come from, for messages. */
const KEYS: Record<string, string> = {
  s3: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or storageOptions",
  gs: "GOOGLE_SERVICE_ACCOUNT in the environment, or storageOptions",
  az: "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY in the environment, or storageOptions",
};

/**
 * Says in a sentence why a store cannot be used, from what LanceDB said: it quotes whole answers, which hold key ids and what
 * was signed. Null when the store is not to blame.
 */
export function storageProblem({ kind, uri }: Location, message: string): string | null {
  const bucket = uri.split("/")[2];
  if (
    /status code: 40[13]|SignatureDoesNotMatch|InvalidAccessKeyId|AccessDenied|AuthenticationFailed|AuthorizationFailure/i
      .test(message)
  ) {
    return `the object store refuses the credentials, or they may not use ${bucket}. Check ${
      KEYS[kind]
    }, and the clock`;
  }
  if (/NoSuchBucket|ContainerNotFound|The specified (bucket|container) does not exist/i.test(message)) {
    return noBucket(kind, bucket);
  }
  if (/credentials|FailedToLoadToken|token.*IMDS|account name must be specified|MissingAccount/i.test(message)) {
    return `there are no credentials for the object store: set ${KEYS[kind]}`;
  }
  if (/builder error|BadScheme/i.test(message)) {
    return 'the endpoint is not https, which has to be allowed: AWS_ALLOW_HTTP=true in the environment, or allowHttp: "true" in storageOptions';
  }
  if (/error sending request|connection|timed out|timeout|dns/i.test(message)) {
    return "the object store cannot be reached. Check the network and the endpoint (AWS_ENDPOINT in the environment, or storageOptions)";
  }
  // A listing answered with 404 is about the bucket: what is not there in a bucket lists as nothing.
  if (/list request.*status code: 404/is.test(message)) return noBucket(kind, bucket);
  const status = /status code: (\d{3})/.exec(message)?.[1];
  return status === undefined ? null : `the object store answers ${status}. Try again; if it stays, ask who runs it`;
}

function noBucket(kind: Location["kind"], bucket: string): string {
  return `there is no ${
    kind === "az" ? "container" : "bucket"
  } ${bucket} there: make it first, or check the name and the endpoint`;
}
