import { ErrorCode } from "@millrace/exchange";
import type { Exchange } from "@millrace/exchange";
import { expect, test } from "vitest";
import { FetchConnector } from "../src/client/fetch-connector.ts";
import { requestHeaders } from "../src/client/fetch-fields.ts";

/** A connector whose requests get no answer, one exchange of it, and what its sink is told. */
function stage(sent: (exchange: Exchange) => void): {
  readonly connector: FetchConnector;
  readonly log: string[];
  readonly closed: Promise<void>;
  fetched(): number;
} {
  let fetched = 0;
  const connector = new FetchConnector({
    origin: "http://host.test",
    init: {},
    fetch: () => {
      fetched++;
      return new Promise(() => {});
    },
  });
  const log: string[] = [];
  const closed = Promise.withResolvers<void>();
  const note = (event: string): void => void log.push(event);
  const head = {
    method: "POST",
    scheme: "http",
    authority: "",
    path: "/",
    query: "",
    fields: [],
    memo: undefined,
  };
  const hints = { deadline: Infinity, attempt: 0 };
  const exchange = connector.open(head, null, hints, {
    sent() {
      note("sent");
      sent(exchange);
    },
    inform: () => note("inform"),
    head: () => note("head"),
    data: () => note("data"),
    end: () => note("end"),
    writable: () => note("writable"),
    fault: ({ kind, processed }) => note(`fault ${kind} ${processed}`),
    closed(delivered) {
      note(`closed ${delivered}`);
      closed.resolve();
    },
  });
  return { connector, log, closed: closed.promise, fetched: () => fetched };
}

test("what is reset as it is sent is not sent", async () => {
  const { log, closed, fetched } = stage((exchange) => exchange.reset(ErrorCode.CANCEL));
  await closed;
  expect([log, fetched()]).toEqual([["sent", "closed false"], 0]);
});

test("what a connector had not sent when it was closed was never processed", async () => {
  const { connector, log, closed, fetched } = stage(() => {});
  await connector.close(0);
  await closed;
  expect([log, fetched()]).toEqual([["fault shutdown never", "closed false"], 0]);
});

test("the parts of a cookie are sent as one", () => {
  const headers = requestHeaders(["cookie", "a=1", "x", "1", "cookie", "b=2", "x", "2"]);
  expect([headers.get("cookie"), headers.get("x")]).toEqual(["a=1; b=2", "1, 2"]);
});
