/** A way in front of a server that can break connections, as networks do. */
export interface TcpDoor extends AsyncDisposable {
  port: number;
  /** Breaks so many connections, each when it has let so many bytes in. */
  breaks: { times: number; afterBytes: number };
  /** Swallows what comes on so many connections from then on, and answers nothing. */
  stalls: number;
}

/** Opens a port on loopback that leads to another one. */
export function tcpDoor(target: number): TcpDoor {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const door: TcpDoor = {
    port: (listener.addr as Deno.NetAddr).port,
    breaks: { times: 0, afterBytes: 0 },
    stalls: 0,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const each of open) close(each);
      await accepting;
    },
  };
  const close = (conn: Deno.Conn) => {
    open.delete(conn);
    try {
      conn.close();
    } catch {
      // It was closed already.
    }
  };
  const lead = async (outside: Deno.Conn) => {
    const inside = await Deno.connect({ hostname: "127.0.0.1", port: target });
    open.add(outside).add(inside);
    const back = inside.readable.pipeTo(outside.writable).catch(() => {});
    const writer = inside.writable.getWriter();
    try {
      let seen = 0;
      let isStalled = false;
      for await (const bytes of outside.readable) {
        seen += bytes.length;
        if (door.breaks.times > 0 && seen > door.breaks.afterBytes) {
          door.breaks.times--;
          break;
        }
        if (door.stalls > 0 && seen > 1000) {
          door.stalls--;
          isStalled = true;
        }
        if (!isStalled) await writer.write(bytes);
      }
    } catch {
      // The other side went away.
    }
    close(outside);
    close(inside);
    await back;
  };
  const leading = new Set<Promise<void>>();
  const accepting = (async () => {
    try {
      for await (const conn of listener) leading.add(lead(conn).catch(() => {}));
    } catch {
      // It was closed.
    }
    await Promise.all(leading);
  })();
  return door;
}
