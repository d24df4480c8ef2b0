/**
 * Saves sessions for as long as it lives, and says each one that `save` has returned for on a line of its own: the session's id and its
 * number of messages. For tests that kill it, and for several at once.
 *
 * Arguments: the file, the name of this process, how many saves (0: without end).
 */
// Not the public face: that brings models and tables, which take long to load.
import { newSession, withMessage } from "../../../lib/agent/memory/session.ts";
import { sqliteSessionStore } from "../../../lib/agent/memory/sqlite_session_store.ts";

const [file, name, count] = Deno.args;
const store = sqliteSessionStore(file);
const text = new TextEncoder();
const shared = newSession({ id: "shared" });
for (let saved = 0; count === "0" || saved < Number(count); saved++) {
  const id = `${name}-${saved % 20}`;
  const session = withMessage(store.load(id) ?? newSession({ id }), {
    role: "user",
    content: `${name} ${saved} `.repeat(200),
  });
  store.save(session);
  if (count !== "0") {
    store.update(shared.id, (held) => withMessage(held, { role: "user", content: `${name} ${saved}` }));
  }
  Deno.stdout.writeSync(text.encode(`${id} ${session.messages.length}\n`));
}
store.close();
