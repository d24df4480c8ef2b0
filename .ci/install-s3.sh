#!/usr/bin/env bash
# An object store for the tests of tables on S3: s3rver, which speaks Amazon's protocol and checks its signatures. npm fetches
# it into a cache folder, once; 14 MB are kept. Development only.
#
#   . .ci/install-s3.sh     sets KILN_S3 to the program; false when that failed, and says what did
#
# KILN_S3 given names the program to use: it serves S3 on a port of loopback with the keys S3RVER and S3RVER, in a bucket
# `library` that is there and empty, and writes its address on a line when it does. KILN_S3_FOLDER names another folder than
# ~/.cache/kiln/s3.

# kiln_s3_works PROGRAM: whether it answers; says what it lacks
kiln_s3_works() {
  local said pid answer
  said=$(mktemp) || return 1
  "$1" >"$said" 2>&1 &
  pid=$!
  for _ in $(seq 60); do grep -q '^http://' "$said" && break; kill -0 "$pid" 2>/dev/null || break; sleep 0.5; done
  answer=$(timeout 10 node -e 'fetch(process.argv[1]).then((r) => r.text()).then(console.log, () => {})' \
    "$(grep -m 1 '^http://' "$said")/library?list-type=2")
  kill "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  # Without a signature it refuses, in Amazon's words.
  [[ $answer == *'<Error>'* || $answer == *'<ListBucketResult'* ]] ||
    { echo "$1 does not work: $(tail -n 3 "$said")"; rm -f "$said"; return 1; }
  rm -f "$said"
}

kiln_s3_fetch() ( # kiln_s3_fetch FOLDER: puts the program there, whole or not at all
  fail() { echo "install-s3: $*" && exit 1; }
  folder=$1
  kiln_s3_works "$folder/s3-server" >/dev/null && exit 0
  # It will be replaced.
  [ -z "$(ls -A "$folder" 2>/dev/null)" ] || [ -e "$folder/s3-server" ] ||
    fail "$folder holds something else: name another folder in KILN_S3_FOLDER"
  started=$SECONDS
  command -v node >/dev/null && command -v npm >/dev/null || fail "this needs Node and npm"
  mkdir -p "$(dirname "$folder")" && work=$(mktemp -d "$folder.XXXXXX") || fail "cannot write beside $folder"
  trap 'rm -rf "$work"' EXIT
  cd "$work" && echo '{"private": true}' >package.json || fail "cannot write in $work"
  npm install --no-audit --no-fund --ignore-scripts --omit=optional @20minutes/s3rver@5.0.0 >npm.log 2>&1 ||
    fail "cannot fetch s3rver: $(tail -n 4 npm.log)"
  cat >server.mjs <<'SERVER'
// s3rver does not know writes on condition that nothing stands there, by which two writers of a table find out about each
// other, and shows files that are half written. This door in front of it does, and does not: it lets one request in at a time.
import http from "node:http";
import os from "node:os";
import path from "node:path";
import fs from "node:fs";
import S3rver from "@20minutes/s3rver";

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "kiln-s3-"));
const s3rver = new S3rver({ directory, silent: true, configureBuckets: [{ name: "library" }] });
await s3rver.configureBuckets();
const answer = s3rver.callback();
let last = Promise.resolve();
const server = http.createServer((request, response) => {
  last = last.then(() => answerOne(request, response));
});

async function answerOne(request, response) {
  const { pathname } = new URL(request.url, "http://s3");
  const closed = new Promise((resolve) => response.once("close", resolve));
  const [, bucket, ...key] = decodeURIComponent(pathname).split("/");
  if (request.method === "PUT" && request.headers["if-none-match"] === "*" &&
    await s3rver.store.existsObject(bucket, key.join("/"))) {
    request.resume();
    response.writeHead(412, { "content-type": "application/xml" });
    response.end("<Error><Code>PreconditionFailed</Code><Message>It is there</Message></Error>");
  } else {
    answer(request, response);
  }
  await closed;
}

const end = () => {
  fs.rmSync(directory, { recursive: true, force: true });
  process.exit();
};
process.on("SIGTERM", end);
process.on("SIGINT", end);
// It goes with whoever started it, also when that was killed.
const parent = process.ppid;
setInterval(() => process.ppid === parent || end(), 500);
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
SERVER
  # The deno that runs the tests, where it says so: s3rver wants a newer Node than many machines have.
  cat >s3-server <<'PROGRAM'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
cd "$here" || exit 1
if [ -n "$DENO" ]; then exec "$DENO" run -A --no-lock --node-modules-dir=manual server.mjs; fi
exec npx -y deno@2.9.6 run -A --no-lock --node-modules-dir=manual server.mjs
PROGRAM
  chmod +x s3-server
  lacks=$(kiln_s3_works "$work/s3-server") || fail "$lacks"
  rm -f npm.log && chmod 755 "$work" && rm -rf "$folder" && mv "$work" "$folder" || fail "cannot move the files to $folder"
  echo "s3rver: $((SECONDS - started)) s, $(du -sm "$folder" | cut -f1) MB kept"
)

if [ -z "${KILN_S3:-}" ] || ! kiln_s3_works "$KILN_S3" >&2; then
  KILN_S3=$(realpath -m "${KILN_S3_FOLDER:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln/s3}")/s3-server
  kiln_s3_fetch "$(dirname "$KILN_S3")" >&2 || KILN_S3=
fi
if [ -n "${KILN_S3:-}" ]; then
  export KILN_S3
else
  unset KILN_S3
  false
fi
