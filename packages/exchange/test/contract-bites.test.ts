import { ErrorCode } from "@millrace/exchange";
import { contractFor, ContractViolation, type Declaration, type Make } from "@millrace/exchange/contract";
import { describe, expect, test } from "vitest";
import { memoryConnector } from "../../core/src/memory/memory-connector.ts";
import { type Sabotage, sabotaged, withoutRepeats } from "./sabotage.ts";

const declared: Declaration = {
  caps: { http: "2", trailers: true, request: "full", resets: true, duplicates: true },
};

/** A clock that stands still: what waits for it waits for ever. */
const noClock = { now: () => 0, timer: () => () => {}, root: <T>(run: () => T): T => run() };

const sound: Make = async (accept) => {
  const connector = memoryConnector(accept, noClock);
  return {
    connector,
    cut: () => connector.cut(),
    goaway: () => connector.goaway(),
    nowhere: memoryConnector(null, noClock),
    close: () => connector.close(0),
  };
};

/**
 * Plays one rule. Everything in memory happens in microtasks, so that what has not come by the next turn of the event
 * loop never will.
 */
async function play(name: string, make: Make): Promise<void> {
  const rule = contractFor(declared).cases.find((one) => one.name === name);
  if (rule === undefined) throw new Error(`no rule is called: ${name}`);
  const expiry = new AbortController();
  setImmediate(() => expiry.abort());
  await rule.run(make, expiry.signal);
}

/** A broken carriage, and the rules that must catch it with what they must say. */
interface Breakage {
  readonly what: string;
  readonly by: Sabotage;
  readonly caught: readonly (readonly [rule: string, message: RegExp])[];
}

const breakages: readonly Breakage[] = [
  {
    what: "calls a client's closed() twice",
    by: {
      clientSink: (sink) => ({
        closed: (delivered) => {
          sink.closed(delivered);
          sink.closed(delivered);
        },
      }),
    },
    caught: [["The events of an exchange come in order on both sides", /closed\(\): after closed\(\)/]],
  },
  {
    what: "calls a server's closed() twice",
    by: {
      serverSink: (sink) => ({
        closed: (delivered) => {
          sink.closed(delivered);
          sink.closed(delivered);
        },
      }),
    },
    caught: [["A client's reset faults at the server, before its reply", /closed\(\): after closed\(\)/]],
  },
  {
    what: "never calls closed()",
    by: { clientSink: () => ({ closed: () => {} }) },
    caught: [["A 204 has no body and ends", /waited in vain for client 1: closed\(\)/]],
  },
  {
    what: "goes on after closed()",
    by: {
      serverSink: (sink) => ({
        closed: (delivered) => {
          sink.closed(delivered);
          sink.writable();
        },
      }),
    },
    caught: [["The events of an exchange come in order on both sides", /writable\(\): after closed\(\)/]],
  },
  {
    what: "calls the client's sink from inside write()",
    by: {
      client: (exchange, sink) => ({
        write: (chunk) => {
          if (!exchange.write(chunk)) sink.writable();
          return true;
        },
      }),
    },
    caught: [
      [
        "A client that writes to a paused server is told to wait, and then to go on",
        /from inside client 1\.write\(\)/,
      ],
    ],
  },
  {
    what: "calls the client's sink from inside open()",
    by: {
      connector: (connector) => ({
        open: (head, body, hints, sink) => {
          const exchange = connector.open(head, body, hints, sink);
          sink.sent({ address: "early", tls: false, certificate: () => null }, connector.caps);
          return exchange;
        },
      }),
    },
    caught: [["sent() and accept() name the peer", /sent\(\): from inside open\(\)/]],
  },
  {
    what: "calls the server's sink from inside reset()",
    by: {
      server: (exchange, sink) => ({
        reset: (h2) => {
          exchange.reset(h2);
          sink()?.closed(false);
        },
      }),
    },
    caught: [
      ["A server's reset faults at the client, before the head", /from inside server 1\.reset\(\)/],
      ["A server may call reset() inside end()", /from inside server 1\.reset\(\)/],
    ],
  },
  {
    what: "calls the server's sink from inside resume()",
    by: {
      server: (exchange, sink) => ({
        resume: () => {
          exchange.resume();
          sink()?.data(new Uint8Array(1), 0, 1);
        },
      }),
    },
    caught: [
      [
        "pause() inside accept() holds the request, and resume() brings all of it",
        /from inside server 1\.resume\(\)/,
      ],
    ],
  },
  {
    what: "throws when it is called after closed()",
    by: {
      client: (exchange) => {
        let over = false;
        return {
          reset: (h2) => {
            exchange.reset(h2);
            over = true;
          },
          end: (trailers) => {
            if (over) throw new Error("write after end");
            exchange.end(trailers);
          },
        };
      },
    },
    caught: [
      ["Everything between reset() and closed() does nothing", /client 1\.end\(\) threw .*write after end/],
      ["A client may call reset(), then everything else inside data()", /threw .*write after end/],
    ],
  },
  {
    what: "loses a response's trailers",
    by: { clientSink: (sink) => ({ end: () => sink.end(null) }) },
    caught: [
      ["reply() brings trailers, with a body and without", /the trailers: expected/],
      ["A streamed response's trailers come after its last byte", /the trailers: expected/],
      [
        "An early reply reaches a paused client whole, though the upload was stopped meanwhile",
        /the trailers/,
      ],
    ],
  },
  {
    what: "loses a request's trailers",
    by: { serverSink: (sink) => ({ end: () => sink.end(null) }) },
    caught: [["A request's trailers arrive", /the trailers: expected/]],
  },
  {
    what: "ends a response that was cut short",
    by: {
      clientSink: (sink) => ({
        fault: (fault) => (fault.kind === "truncated" ? sink.end(null) : sink.fault(fault)),
        closed: () => sink.closed(true),
      }),
    },
    caught: [
      [
        "A carriage cut in the middle of a response is a fault, never an end",
        /fault\(\) came before closed\(\)/,
      ],
      ["A cut ends every exchange, and the next one starts afresh", /fault\(\) came before closed\(\)/],
    ],
  },
  {
    what: "does not pause a server",
    by: { server: () => ({ pause: () => {} }) },
    caught: [
      ["pause() inside accept() holds the request, and resume() brings all of it", /data\(\): while paused/],
      ["pause() inside the server's data() holds the next chunk and the end", /: while paused/],
      ["pause() inside accept() holds the end of a request without a body", /end\(\): while paused/],
      ["pause() between two events holds what comes next at a server", /: while paused/],
    ],
  },
  {
    what: "does not pause a client",
    by: { client: () => ({ pause: () => {} }) },
    caught: [
      ["pause() inside the client's data() holds the next chunk and the end", /: while paused/],
      ["pause() inside head() holds an end that has no body", /end\(\): while paused/],
      ["pause() between two events holds what comes next at a client", /: while paused/],
    ],
  },
  {
    what: "does not resume",
    by: { client: () => ({ resume: () => {} }) },
    caught: [["A client that pauses at once gets all after resume()", /waited in vain/]],
  },
  {
    what: "counts pauses",
    by: {
      server: (exchange) => {
        let depth = 0;
        return {
          pause: () => {
            depth++;
            exchange.pause();
          },
          resume: () => {
            depth--;
            if (depth === 0) exchange.resume();
          },
        };
      },
      client: (exchange) => {
        let depth = 0;
        return {
          pause: () => {
            depth++;
            exchange.pause();
          },
          resume: () => {
            depth--;
            if (depth === 0) exchange.resume();
          },
        };
      },
    },
    caught: [["pause() and resume() are states, not counters", /waited in vain/]],
  },
  {
    what: "holds a fault back from a paused server",
    by: {
      serverSink: () => ({ fault: () => {}, closed: () => {} }),
    },
    caught: [["A client's reset reaches a paused server at once", /waited in vain for server/]],
  },
  {
    what: "has no back-pressure",
    by: {
      client: (exchange) => ({ write: (chunk) => exchange.write(chunk) || true }),
      server: (exchange) => ({ write: (chunk) => exchange.write(chunk) || true }),
    },
    caught: [
      [
        "A client that writes to a paused server is told to wait, and then to go on",
        /write\(\) still answered true after \d+ bytes/,
      ],
      [
        "A server that writes to a paused client is told to wait, and then to go on",
        /write\(\) still answered true after \d+ bytes/,
      ],
    ],
  },
  {
    what: "says writable() where nobody waits",
    by: {
      serverSink: (sink) => ({
        writable: () => {
          sink.writable();
          sink.writable();
        },
      }),
    },
    caught: [
      [
        "A server that writes to a paused client is told to wait, and then to go on",
        /writable\(\): no write\(\) had answered false/,
      ],
    ],
  },
  {
    what: "forgets writable()",
    by: { clientSink: () => ({ writable: () => {} }) },
    caught: [
      [
        "A client that writes to a paused server is told to wait, and then to go on",
        /waited in vain for client 1: writable\(\)/,
      ],
    ],
  },
  {
    what: "gives a wrong range to data()",
    by: { serverSink: (sink) => ({ data: (chunk, start) => sink.data(chunk, start, chunk.length + 1) }) },
    caught: [["A body given whole to open() arrives, and reply() brings one back", /is no range of/]],
  },
  {
    what: "ignores where a chunk starts",
    by: { clientSink: (sink) => ({ data: (chunk, start, end) => sink.data(chunk, 0, end - start) }) },
    caught: [
      ["A body given whole to open() arrives, and reply() brings one back", /the response's body: byte/],
    ],
  },
  {
    what: "reads the whole buffer behind a chunk",
    by: {
      server: (exchange) => ({
        write: (chunk) => exchange.write(new Uint8Array(chunk.buffer as ArrayBuffer, 0, chunk.length)),
      }),
    },
    caught: [["A chunk may be part of a larger buffer", /the body: byte/]],
  },
  {
    what: "changes a chunk that was written",
    by: {
      client: (exchange) => ({
        write: (chunk) => {
          const room = exchange.write(chunk.slice());
          chunk[0] = (chunk[0] ?? 0) ^ 0xff;
          return room;
        },
      }),
    },
    caught: [["No written chunk is ever changed", /the client's chunks: byte 0/]],
  },
  {
    what: "ends a body at an empty chunk",
    by: {
      client: (exchange) => ({
        write: (chunk) => {
          if (chunk.length > 0) return exchange.write(chunk);
          exchange.end(null);
          return true;
        },
      }),
    },
    caught: [["An empty chunk neither ends a body nor breaks it", /the request's body/]],
  },
  {
    what: "sends what a cancelled loan held",
    by: {
      server: (exchange) => ({
        reserve: () => ({ buf: new Uint8Array(16), pos: 0, end: 16 }),
        commit: () => exchange.write(new Uint8Array(16)),
      }),
    },
    caught: [["reserve() gives null, or room that commit() sends exactly", /the response's body/]],
  },
  {
    what: "loses repeated fields",
    by: {
      clientSink: (sink) => ({
        head: (status, head) => sink.head(status, { fields: withoutRepeats(head.fields), memo: undefined }),
      }),
    },
    caught: [["Repeated fields arrive as they were sent", /x-kit-a: expected/]],
  },
  {
    what: "sorts fields",
    by: {
      clientSink: (sink) => ({
        head: (status, { fields }) => {
          const pairs = fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? ""]] : []));
          pairs.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
          sink.head(status, { fields: pairs.flat(), memo: undefined });
        },
      }),
    },
    caught: [["Names of fields keep their order both ways", /the fields: expected/]],
  },
  {
    what: "mixes two exchanges up",
    by: (() => {
      let last: Uint8Array | undefined;
      return {
        serverSink: (sink) => ({
          data: (chunk, start, end) => {
            const mine = chunk.slice(start, end);
            const other = last?.length === mine.length ? last : mine;
            last = mine;
            sink.data(other, 0, other.length);
          },
        }),
      } satisfies Sabotage;
    })(),
    caught: [["Fifty exchanges at once keep apart", /request \d+: byte/]],
  },
  {
    what: "reports its own reset as a fault",
    by: {
      client: (exchange, sink) => ({
        reset: (h2) => {
          exchange.reset(h2);
          queueMicrotask(() =>
            sink.fault({ by: "local", kind: "reset", h2, processed: "maybe", text: "reset here" }),
          );
        },
      }),
    },
    caught: [["A client's reset faults at the server, before its reply", /fault\(\): after /]],
  },
  {
    what: "loses the code of a reset",
    by: { server: (exchange) => ({ reset: () => exchange.reset(ErrorCode.INTERNAL_ERROR) }) },
    caught: [
      ["Error code 8 of a reset reaches the client", /the fault: expected/],
      ["REFUSED_STREAM says that nothing was processed", /the fault: expected/],
    ],
  },
  {
    what: "never says that nothing was processed",
    by: {
      clientSink: (sink) => ({ fault: (fault) => sink.fault({ ...fault, processed: "maybe" }) }),
    },
    caught: [
      ["REFUSED_STREAM says that nothing was processed", /processed: expected "never", got "maybe"/],
      ["A connector that is closed opens nothing", /the fault: expected/],
    ],
  },
  {
    what: "always says that nothing was processed",
    by: { clientSink: (sink) => ({ fault: (fault) => sink.fault({ ...fault, processed: "never" }) }) },
    caught: [
      [
        "A carriage cut in the middle of a response is a fault, never an end",
        /processed: expected "maybe", got "never"/,
      ],
      ["A server's reset faults at the client, before the head", /processed: expected "maybe", got "never"/],
    ],
  },
  {
    what: "says delivered after a fault",
    by: { serverSink: (sink) => ({ closed: () => sink.closed(true) }) },
    caught: [
      [
        "A client's reset faults at the server, in the middle of the reply",
        /closed\(\): delivered, after fault\(\)/,
      ],
    ],
  },
  {
    what: "closes a connector without waiting",
    by: { connector: (connector) => ({ close: async (graceMs) => void connector.close(graceMs) }) },
    caught: [["close() lets running exchanges end within their grace, and opens no more", /close\(\) waits/]],
  },
  {
    what: "opens exchanges on a closed connector",
    by: { connector: () => ({ close: async () => {} }) },
    caught: [["A connector that is closed opens nothing", /waited in vain for client 2: closed\(\)/]],
  },
  {
    what: "declares less than it can do",
    by: { caps: { trailers: false } },
    caught: [["The declared capabilities are those of both ends together", /capabilities/]],
  },
  {
    what: "holds a client's response back until its request has ended",
    by: {
      client: (exchange) => {
        exchange.pause();
        return {
          end: (trailers) => {
            exchange.end(trailers);
            exchange.resume();
          },
        };
      },
    },
    caught: [["Both sides talk in turns before either ends", /waited in vain for client 1/]],
  },
  {
    what: "passes data() on after the server's end",
    by: {
      server: (exchange, sink) => ({
        reply: (status, fields, body, trailers) => {
          exchange.reply(status, fields, body, trailers);
          queueMicrotask(() => sink()?.data(new Uint8Array(1), 0, 1));
        },
      }),
    },
    caught: [
      [
        "A reply before the request has been read reaches the client whole, and the upload stops",
        /data\(\): after this side had ended its half/,
      ],
    ],
  },
  {
    what: "does not stop an upload that nobody reads",
    by: {
      clientSink: (sink) => {
        let ended = false;
        return {
          end: (trailers) => {
            ended = true;
            sink.end(trailers);
          },
          fault: (fault) => (ended ? undefined : sink.fault(fault)),
          closed: (delivered) => (ended ? undefined : sink.closed(delivered)),
        };
      },
    },
    caught: [
      [
        "A server that has replied is not held open by a client that neither sends nor ends",
        /waited in vain for client 1: closed\(\)/,
      ],
    ],
  },
];

const names = [...new Set(breakages.flatMap(({ caught }) => caught.map(([name]) => name)))];

describe("a sound carriage", () => {
  test.each(names)("passes: %s", async (name) => {
    await play(name, sound);
  });
});

for (const { what, by, caught } of breakages)
  describe(`a carriage that ${what}`, () => {
    for (const [rule, message] of caught)
      test(`fails: ${rule}`, async () => {
        const failure = await play(rule, sabotaged(sound, by)).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(failure).toBeInstanceOf(ContractViolation);
        expect(String(failure)).toMatch(message);
      });
  });
