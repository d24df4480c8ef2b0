import assert from "node:assert/strict";
import fc from "fast-check";
import {
  memorySessionStore,
  newSession,
  type Session,
  SessionDeletedError,
  sessionSchema,
  type SessionStore,
  SessionStoreError,
  sqliteSessionStore,
  titleOf,
  turnOf,
  withFeedback,
  withMessage,
} from "../../../lib/agent/memory/mod.ts";
import { openSqlite } from "../../../lib/agent/memory/sqlite.ts";
import { anyText } from "../../support/any_text.ts";
import { inFolder } from "../../support/in_folder.ts";

const moment = fc.date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
/** Strings with anything in them, lone surrogates and zeros too. */
const text = fc.oneof(anyText({ maxLength: 20 }), fc.constantFrom("\u0000a", "\ud800", "'; drop table sessions; --"));
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)));
const more = fc.dictionary(fc.stringMatching(/^x[a-z]{0,5}$/), json, { maxKeys: 2 });
const source = fc.record({ turn: fc.nat(9), quote: text, by: fc.constantFrom("patient", "edit") });
const name = fc.stringMatching(/^[a-z][a-z ]{0,8}[a-z]$/);
const entries = fc.uniqueArray(fc.record({ value: name, source }), { selector: ({ value }) => value, maxLength: 3 });
const claim = fc.record({
  value: fc.oneof(name, fc.nat(100), fc.boolean(), fc.constant(null)),
  isDenied: fc.boolean(),
  source,
});
const field = fc.constantFrom("age", "sex", "pregnant", "allergies", "conditions", "medicines", "symptoms");

const message = fc.record({
  id,
  role: fc.constantFrom("user", "assistant", "tool"),
  content: text,
  createdAt: moment,
  reasoning: text,
  toolCalls: fc.array(
    fc.record({
      id: text,
      type: fc.constant("function"),
      function: fc.record({ name: text, arguments: more }),
    }),
    { maxLength: 2 },
  ),
  toolCallId: text,
  mode: text,
  evidence: fc.array(
    fc.tuple(fc.record({ number: fc.integer({ min: 1, max: 9 }), title: text, text, source: text }), more)
      .map(([one, other]) => ({ ...other, ...one })),
    { maxLength: 2 },
  ),
  citations: fc.array(fc.record({ number: fc.integer({ min: 1, max: 9 }), quote: text }), { maxLength: 2 }),
  critique: fc.record({
    verdict: text,
    problems: fc.array(fc.record({ kind: text, xremark: json }), { maxLength: 2 }),
  }),
  withheld: fc.array(fc.record({ start: fc.nat(5), end: fc.nat(9) }), { maxLength: 2 }),
  extra: more,
}, { requiredKeys: ["id", "role", "content", "createdAt"] });

const anySession = fc.record({
  version: fc.constant(1),
  id,
  title: text,
  createdAt: moment,
  updatedAt: moment,
  messages: fc.array(message, { maxLength: 4 }),
  profile: fc.record({
    age: fc.record({ value: fc.nat(130), source }),
    sex: fc.record({ value: fc.constantFrom("female", "male"), source }),
    pregnant: fc.record({ value: fc.boolean(), source }),
    allergies: entries,
    conditions: entries,
    medicines: entries,
    symptoms: entries,
    none: fc.dictionary(fc.constantFrom("allergies", "symptoms"), source, { maxKeys: 2 }),
    conflicts: fc.array(fc.record({ field, kept: claim, other: claim }), { maxLength: 2 }),
    past: fc.constant([]),
    settled: fc.dictionary(field, fc.nat(9), { maxKeys: 3 }),
  }, { requiredKeys: ["allergies", "conditions", "medicines", "symptoms", "none", "conflicts", "past", "settled"] }),
  memoryCounts: fc.record({ messages: fc.nat(9), failures: fc.nat(9), dropped: fc.nat(9) }),
  summary: fc.option(fc.record({
    text,
    turns: fc.record({ from: fc.constant(1), to: fc.integer({ min: 1, max: 9 }) }),
    kind: fc.constantFrom("extractive", "model", "edited"),
  })),
  feedback: fc.array(
    fc.record({ messageId: id, rating: fc.constantFrom("up", "down"), comment: text, at: moment }, {
      requiredKeys: ["messageId", "rating", "at"],
    }),
    { maxLength: 2 },
  ),
}).map((session) => sessionSchema.parse(session));

const DAY = 86_400_000;

/** Both stores, each with an empty one for a test. */
async function withStores(run: (store: SessionStore) => void): Promise<void> {
  await inFolder((folder) => {
    const store = sqliteSessionStore(`${folder}/sessions.db`);
    try {
      run(store);
    } finally {
      store.close();
    }
    return Promise.resolve();
  });
  run(memorySessionStore());
}

function sessionAt(id: string, minute: number): Session {
  return newSession({ id, now: new Date(Date.UTC(2026, 0, 1, 0, minute)) });
}

Deno.test("a store gives back any session as it was saved", async () => {
  await withStores((store) => {
    fc.assert(fc.property(anySession, (session) => {
      const copy = structuredClone(session);
      store.save(session);
      assert.deepEqual(store.load(session.id), copy);
      store.save({ ...session, title: "other" });
      assert.equal(store.load(session.id)?.title, "other");
    }));
    assert.equal(store.load("none"), null);
  });
});

Deno.test("list() gives the newest first, page by page, each session once", async () => {
  const minutes = fc.uniqueArray(fc.tuple(id, fc.nat(3)), { selector: ([id]) => id, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(minutes, fc.integer({ min: 1, max: 5 }), async (all, limit) => {
      await withStores((store) => {
        for (const [id, minute] of all) store.save(sessionAt(id, minute));
        const pages = [];
        let page = store.list({ limit });
        while (page.length > 0) {
          pages.push(page);
          page = store.list({ limit, after: page[page.length - 1] });
        }
        const listed = pages.flat();
        assert.deepEqual(listed.map(({ id }) => id).sort(), all.map(([id]) => id).sort());
        assert.deepEqual(
          listed.map(({ updatedAt }) => updatedAt),
          listed.map(({ updatedAt }) => updatedAt).sort().reverse(),
        );
        assert.ok(pages.slice(0, -1).every((page) => page.length === limit));
        assert.equal(store.count(), all.length);
      });
    }),
    { numRuns: 15 },
  );
});

Deno.test("update() changes what is stored, and leaves it as it is when the change throws", async () => {
  await withStores((store) => {
    store.save(sessionAt("a", 0));
    const changed = store.update("a", (session) => withMessage(session, { role: "user", content: "I have a cough." }));
    assert.deepEqual(store.load("a"), changed);
    assert.deepEqual([changed?.title, changed?.messages.length], ["I have a cough.", 1]);
    assert.throws(() => store.update("a", () => assert.fail("no")), /no/);
    assert.throws(() => store.update("a", (session) => ({ ...session, version: 2 as 1 })), /version/);
    assert.deepEqual(store.load("a"), changed);
    assert.equal(store.update("b", (session) => session), null);
  });
});

Deno.test("delete() is final: an answer that is still being written does not bring the session back", async () => {
  await withStores((store) => {
    const [one, other] = [sessionAt("a", 0), sessionAt("b", 1)];
    store.save(one);
    store.save(other);
    assert.equal(store.delete("a"), true);
    assert.equal(store.delete("a"), false);
    assert.equal(store.load("a"), null);
    assert.throws(() => store.save(one), SessionDeletedError);
    assert.deepEqual(store.list().map(({ id }) => id), ["b"]);
    assert.equal(store.deleteAll(), 1);
    assert.equal(store.count(), 0);
  });
});

Deno.test("a store deletes what nobody has changed for longer than it keeps sessions", async () => {
  await inFolder((folder) => {
    let now = new Date("2026-03-01T00:00:00Z");
    const options = { retentionDays: 30, now: () => now };
    for (const open of [() => memorySessionStore(options), () => sqliteSessionStore(`${folder}/s.db`, options)]) {
      now = new Date("2026-03-01T00:00:00Z");
      const store = open();
      store.save(newSession({ id: "old", now }));
      store.save(newSession({ id: "new", now: new Date(now.getTime() + 20 * DAY) }));
      assert.equal(store.deleteExpired(), 0);
      now = new Date(now.getTime() + 31 * DAY);
      assert.equal(store.deleteExpired(), 1);
      assert.deepEqual(store.list().map(({ id }) => id), ["new"]);
      store.close();
    }
    now = new Date(now.getTime() + 100 * DAY);
    const reopened = sqliteSessionStore(`${folder}/s.db`, options);
    assert.equal(reopened.count(), 0, "on opening too");
    reopened.close();
    assert.throws(() => memorySessionStore({ retentionDays: 0 }), RangeError);
    return Promise.resolve();
  });
});

Deno.test("sqliteSessionStore() leaves no word of a deleted session, nor of what was edited out, in its files", async () => {
  await inFolder((folder) => {
    const store = sqliteSessionStore(`${folder}/inner/sessions.db`);
    const holds = (word: string) =>
      [...Deno.readDirSync(`${folder}/inner`)]
        .some(({ name }) =>
          new TextDecoder("latin1").decode(Deno.readFileSync(`${folder}/inner/${name}`)).includes(word)
        );
    const long = "secretword ".repeat(3000);
    for (let i = 0; i < 5; i++) {
      store.save(withMessage(sessionAt(`s${i}`, i), { role: "user", content: `${long} ${i}` }));
    }
    store.save(withMessage(sessionAt("kept", 9), { role: "user", content: "my hiddenword is this" }));
    assert.ok(holds("secretword") && holds("hiddenword"));
    for (let i = 0; i < 5; i++) assert.ok(store.delete(`s${i}`));
    assert.ok(!holds("secretword"));
    store.update("kept", (session) => ({ ...session, title: "", messages: [] }), { erases: true });
    assert.ok(!holds("hiddenword"));
    if (Deno.build.os !== "windows") {
      for (const { name } of Deno.readDirSync(`${folder}/inner`)) {
        assert.equal(Deno.statSync(`${folder}/inner/${name}`).mode! & 0o077, 0, name);
      }
    }
    store.close();
    return Promise.resolve();
  });
});

Deno.test("sqliteSessionStore() says which file or session it cannot read", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/text.db`,
      "This is no database at all, but a text that is long enough to be looked at.".repeat(20),
    );
    assert.throws(
      () => sqliteSessionStore(`${folder}/text.db`),
      (error) => error instanceof SessionStoreError && error.message.includes("text.db"),
    );
    assert.throws(() => sqliteSessionStore(folder), SessionStoreError);
    const other = openSqlite(`${folder}/other.db`, { timeout: 100 });
    other.exec("create table recipes (name text)");
    other.close();
    assert.throws(() => sqliteSessionStore(`${folder}/other.db`), /database of something else/);

    const store = sqliteSessionStore(`${folder}/s.db`);
    for (const id of ["broken", "later", "odd", "good"]) store.save(sessionAt(id, 0));
    const raw = openSqlite(`${folder}/s.db`, { timeout: 100 });
    const put = raw.prepare("update sessions set session = ? where id = ?");
    put.run("{", "broken");
    put.run('{"version": 9}', "later");
    put.run('{"version": 1}', "odd");
    assert.throws(() => store.load("broken"), /s\.db, session broken: it is no JSON/);
    assert.throws(() => store.load("later"), /session later: it has version 9.*newer Kiln/);
    assert.throws(() => store.load("odd"), /session odd: id: /);
    assert.equal(store.load("good")?.id, "good");
    assert.equal(store.list().length, 4);
    assert.ok(store.delete("broken"));
    raw.exec("pragma user_version = 7");
    raw.close();
    store.close();
    assert.throws(() => sqliteSessionStore(`${folder}/s.db`), /version 7/);
  });
});

function start(file: string, name: string, count: number): Deno.ChildProcess {
  const script = new URL("saving_process.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", script, file, name, String(count)];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" }).spawn();
}

/** Every line that was written whole. */
function savedBy(output: Uint8Array): Map<string, number> {
  const lines = new TextDecoder().decode(output).split("\n").slice(0, -1);
  return new Map(lines.map((line) => line.split(" ")).map(([id, messages]) => [id, Number(messages)]));
}

Deno.test("sqliteSessionStore() has all that was saved after its process was killed in the midst of writing", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/sessions.db`;
    for (const [round, milliseconds] of [60, 130, 210].entries()) {
      const child = start(file, `p${round}`, 0);
      const chunks: Uint8Array[] = [];
      let killed = false;
      for await (const chunk of child.stdout) {
        chunks.push(chunk);
        if (killed) continue;
        killed = true;
        setTimeout(() => child.kill("SIGKILL"), milliseconds);
      }
      assert.equal((await child.status).success, false);
      const saved = savedBy(new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()));
      assert.ok(saved.size > 0);
      const store = sqliteSessionStore(file);
      for (const [id, messages] of saved) assert.ok(store.load(id)!.messages.length >= messages, id);
      for (const { id, messages } of store.list({ limit: 1000 })) {
        assert.equal(store.load(id)!.messages.length, messages);
      }
      store.close();
      const raw = openSqlite(file, { timeout: 1000 });
      assert.deepEqual({ ...raw.prepare("pragma integrity_check").all()[0] }, { integrity_check: "ok" });
      raw.close();
    }
  });
});

Deno.test("sqliteSessionStore() serves several processes at once, and update() loses nothing", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/sessions.db`;
    const [processes, saves] = [3, 30];
    // All of them find no file, or an empty one, but one has to have the session that they share.
    const children = Array.from({ length: processes }, (_, i) => start(file, `p${i}`, saves));
    const own = sqliteSessionStore(file);
    own.save(newSession({ id: "shared" }));
    for (const { success, stdout } of await Promise.all(children.map((child) => child.output()))) {
      assert.ok(success);
      assert.equal(savedBy(stdout).size, 20);
    }
    const shared = own.load("shared")!;
    const words = shared.messages.map(({ content }) => content);
    assert.equal(new Set(words).size, words.length);
    // The session may have come after the first updates; of each process none is missing after its first.
    for (let i = 0; i < processes; i++) {
      const numbers = words.filter((word) => word.startsWith(`p${i} `)).map((word) => Number(word.split(" ")[1]));
      assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, at) => saves - numbers.length + at));
    }
    assert.ok(words.length > 0);
    assert.equal(own.count(), processes * 20 + 1);
    own.close();
  });
});

Deno.test("withMessage() titles a session by the first words of the person", () => {
  let session = withMessage(newSession(), { role: "assistant", content: "Welcome." });
  assert.equal(session.title, "");
  session = withMessage(session, { role: "user", content: "Hi.\n\nI have had a  cough for a week. What now?" });
  assert.equal(session.title, "Hi. I have had a cough for a week. What now?");
  assert.equal(withMessage(session, { role: "user", content: "And then?" }).title, session.title);
  assert.equal(turnOf(session.messages), 1);
  assert.equal(titleOf("My knee has hurt for weeks. It is worse at night."), "My knee has hurt for weeks.");
  fc.assert(fc.property(anyText({ maxLength: 200 }), (message) => {
    const title = titleOf(message);
    assert.ok([...title].length <= 60 && !/[\p{Cc}]/u.test(title) && title.isWellFormed());
    assert.equal(title === "", /^[\p{Cc}\s]*$/u.test(message));
  }));
});

Deno.test("withFeedback() keeps one opinion of a message: the newest", () => {
  const at = new Date().toISOString();
  const once = withFeedback(newSession(), { messageId: "m", rating: "up", at });
  const twice = withFeedback(withFeedback(once, { messageId: "n", rating: "up", at }), {
    messageId: "m",
    rating: "down",
    comment: "It is wrong.",
    at,
  });
  assert.deepEqual(twice.feedback.map(({ messageId, rating }) => [messageId, rating]), [["n", "up"], ["m", "down"]]);
});
