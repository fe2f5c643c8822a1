import type { Fields } from "../../fields.ts";
import { type Rule, rule } from "../rule.ts";
import type { Stage } from "../stage.ts";
import { check, checkSame } from "../violation.ts";

/** The fields of the kit's own, without what a carriage adds. */
function own(fields: Fields | undefined): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < (fields?.length ?? 0); i += 2) {
    const [name = "", value = ""] = [fields?.[i], fields?.[i + 1]];
    if (name.startsWith("x-kit-")) kept.push(name, value);
  }
  return kept;
}

/** The values of one name, in order; a joined list counts as its members. */
function values(fields: Fields | undefined, name: string, split = false): string[] {
  const all = own(fields).filter((_, i, list) => i % 2 === 1 && list[i - 1] === name);
  return split ? all.flatMap((value) => value.split(",").map((part) => part.trim())) : all;
}

const ordered: Fields = ["x-kit-zulu", "1", "x-kit-alpha", "2", "x-kit-mike", "3"];
const repeated: Fields = ["x-kit-a", "one", "x-kit-b", "two", "x-kit-a", "three", "x-kit-a", "one"];

async function bothWays(stage: Stage, fields: Fields): Promise<[Fields | undefined, Fields | undefined]> {
  const talk = stage.talk({
    fields,
    server: { accept: (server) => server.reply(200, fields, new Uint8Array([1])) },
  });
  await talk.client.seen("closed");
  return [talk.served()?.given.head.fields, talk.client.head?.fields];
}

/** Heads: what they hold, and when they come. */
export const headRules: readonly Rule[] = [
  rule("The declared capabilities are those of both ends together", {}, async (stage) => {
    const { caps } = stage.declared;
    const talk = stage.talk({ server: { accept: (server) => server.reply(200) } });
    await talk.client.seen("closed");
    const [client, server] = [talk.client.caps, talk.served()?.given.caps];
    check(client !== undefined && server !== undefined, "sent() and accept() bring capabilities");
    checkSame(client, stage.pair.connector.caps, "the capabilities of sent() and of the connector");
    for (const name of ["trailers", "resets", "duplicates"] as const)
      checkSame(caps[name], client[name] && server[name], `declared ${name}`);
    const rank = ["whole", "half", "full"] as const;
    const least = Math.min(rank.indexOf(client.request), rank.indexOf(server.request));
    checkSame(caps.request, rank[least], "declared request");
  }),

  rule("The events of an exchange come in order on both sides", {}, async (stage) => {
    const talk = stage.talk({
      body: new Uint8Array([1, 2]),
      server: { end: (server) => server.reply(200, [], new Uint8Array([3]), null) },
    });
    await talk.client.seen("closed");
    const server = await talk.server();
    await server.seen("closed");
    const once = (log: readonly string[]): string[] => log.filter((name, i) => name !== log[i - 1]);
    checkSame(once(talk.client.log), ["sent", "head", "data", "end", "closed"], "the client's events");
    checkSame(once(server.log), ["accept", "data", "end", "closed"], "the server's events");
    check(talk.client.delivered === true, "the client's request was delivered");
    check(server.delivered === true, "the server's reply was delivered");
  }),
  rule("sent() and accept() name the peer", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.reply(200) } });
    await talk.client.seen("closed");
    for (const peer of [talk.client.peer, talk.served()?.given.peer]) {
      const known = peer?.address !== "" || stage.declared.caps.http === "fetch";
      check(typeof peer?.address === "string" && known, "the peer has an address");
      checkSame(peer.tls, (stage.pair.scheme ?? "http") === "https", "the peer's tls");
      peer.certificate();
    }
  }),
  ...["GET", "POST", "DELETE"].map((method) =>
    rule(
      `A ${method} request's method, scheme, authority, path and query arrive as sent`,
      {},
      async (stage) => {
        const [path, query] = ["/contract/a%20b%2Fc/D.e_f~g", "x=1&y=%3D?z"];
        const talk = stage.talk({
          method,
          path,
          query,
          server: { accept: (server) => server.reply(200) },
        });
        await talk.client.seen("closed");
        const head = (await talk.server()).given.head;
        checkSame(
          [head.method, head.scheme, head.authority, head.path, head.query],
          [method, stage.pair.scheme ?? "http", stage.pair.authority ?? "millrace.test", path, query],
          "the request's head",
        );
        check(head.memo === undefined, "a fresh head has no memo");
      },
    ),
  ),
  rule("A request without a query has an empty one", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.reply(200) } });
    await talk.client.seen("closed");
    checkSame((await talk.server()).given.head.query, "", "the query");
  }),
  rule("Names of fields keep their order both ways", { order: true }, async (stage) => {
    for (const fields of await bothWays(stage, ordered)) checkSame(own(fields), ordered, "the fields");
  }),
  rule("Repeated fields arrive as they were sent", { duplicates: true }, async (stage) => {
    for (const fields of await bothWays(stage, repeated)) {
      checkSame(values(fields, "x-kit-a"), ["one", "three", "one"], "x-kit-a");
      checkSame(values(fields, "x-kit-b"), ["two"], "x-kit-b");
    }
  }),
  rule("Repeated fields arrive joined, in order", { duplicates: false }, async (stage) => {
    for (const fields of await bothWays(stage, repeated)) {
      checkSame(values(fields, "x-kit-a", true), ["one", "three", "one"], "x-kit-a");
      checkSame(values(fields, "x-kit-b", true), ["two"], "x-kit-b");
    }
  }),
  rule("Values of 8 KiB, commas, spaces and empty values arrive whole", {}, async (stage) => {
    const long = "0123456789abcdef".repeat(512);
    const sent = ["x-kit-long", long, "x-kit-list", 'a, "b c";q=1,  d', "x-kit-empty", ""];
    for (const fields of await bothWays(stage, sent))
      for (let i = 0; i < sent.length; i += 2)
        checkSame(values(fields, sent[i] ?? ""), [sent[i + 1]], sent[i] ?? "");
  }),
  rule("A hundred fields arrive", {}, async (stage) => {
    const sent = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? `x-kit-${i}` : `${i}`));
    for (const fields of await bothWays(stage, sent))
      for (let i = 0; i < sent.length; i += 2)
        checkSame(values(fields, sent[i] ?? ""), [sent[i + 1]], sent[i] ?? "");
  }),
  rule("No name of a field has an upper-case letter or a colon", {}, async (stage) => {
    for (const fields of await bothWays(stage, ordered)) {
      const names = (fields ?? []).filter((_, i) => i % 2 === 0);
      checkSame(
        names.filter((name) => /[A-Z:]/.test(name)),
        [],
        "such names",
      );
    }
  }),
  rule("Two heads may hold the same list, which nobody changes", {}, async (stage) => {
    const shared = Object.freeze([...repeated]);
    await bothWays(stage, shared);
    await bothWays(stage, shared);
    checkSame(shared, repeated, "the list");
  }),
  rule("respond() and flush() bring the head before any body", {}, async (stage) => {
    const talk = stage.talk({
      server: {
        accept: (server) => {
          server.respond(200, ["x-kit-a", "1"]);
          server.flush();
        },
      },
    });
    await talk.client.seen("head");
    checkSame(talk.client.bytes, 0, "bytes with the head");
    const server = await talk.server();
    server.write(new Uint8Array([7]));
    server.end(null);
    await talk.client.seen("closed");
    checkSame([...talk.client.body], [7], "the body");
  }),
  ...[204, 304].map((status) =>
    rule(`A ${status} has no body and ends`, {}, async (stage) => {
      const talk = stage.talk({
        method: "GET",
        server: { accept: (server) => server.reply(status, ["x-kit-a", "1"]) },
      });
      await talk.client.seen("closed");
      checkSame([talk.client.status, talk.client.bytes], [status, 0], "status and bytes");
      checkSame(own(talk.client.head?.fields), ["x-kit-a", "1"], "the fields");
      check(talk.client.has("end"), "the response ended");
    }),
  ),
  rule("respond() and end() without a body end a response", {}, async (stage) => {
    for (const status of [200, 204, 304, 404, 500]) {
      const talk = stage.talk({
        server: {
          accept: (server) => {
            server.respond(status, ["x-kit-a", "1"]);
            server.end(null);
          },
        },
      });
      await talk.client.seen("closed");
      checkSame([talk.client.status, talk.client.bytes], [status, 0], "status and bytes");
      check(talk.client.has("end"), "the response ended");
    }
  }),
  rule("A second respond() or reply() does nothing", {}, async (stage) => {
    const talk = stage.talk({
      server: {
        accept: (server) => {
          server.respond(200, ["x-kit-a", "1"]);
          server.respond(500, ["x-kit-a", "2"]);
          server.write(new Uint8Array([1]));
          server.end(null);
          server.reply(500, ["x-kit-a", "3"], new Uint8Array([2]));
        },
      },
    });
    await talk.client.seen("closed");
    checkSame([talk.client.status, ...talk.client.body], [200, 1], "status and body");
    checkSame(own(talk.client.head?.fields), ["x-kit-a", "1"], "the fields");
  }),
  rule("Interim responses come before the head", { features: ["inform"] }, async (stage) => {
    const talk = stage.talk({
      server: {
        accept: (server) => {
          server.inform(103, ["x-kit-a", "1"]);
          server.inform(103, ["x-kit-a", "2"]);
          server.reply(200, ["x-kit-a", "3"]);
        },
      },
    });
    await talk.client.seen("closed");
    checkSame(
      talk.client.interim.map(({ status, fields }) => [status, ...own(fields)]),
      [
        [103, "x-kit-a", "1"],
        [103, "x-kit-a", "2"],
      ],
      "the interim responses",
    );
    checkSame(talk.client.status, 200, "the final status");
  }),
  rule("What accept() declines is answered with 404", {}, async (stage) => {
    const talk = stage.talk({ body: new Uint8Array(1000) });
    await talk.client.seen("closed");
    checkSame(talk.client.status, 404, "the status");
    await stage.barrier();
  }),
];
