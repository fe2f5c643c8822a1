// A server under calls whose clients vanish. It calls itself, too: some of its handlers are relays. Run with --expose-gc.
import { createClient, createNodeHandler, createTransport, serve } from "@millrace/node";
import type { App, Observer, Protocol } from "@millrace/node";
import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import { answer } from "../../support/program-answers.ts";
import { census } from "./census.ts";
import { Faults } from "./faults.ts";
import { createGreeter } from "./greeter.ts";

/** Where it can be reached, for each HTTP version. */
export interface Ports {
  readonly "1.1": readonly number[];
  readonly "2": readonly number[];
}

const stop = new AbortController();
const faults = new Faults();
let running = 0;
const counts: Observer = () => {
  running++;
  let ends = 0;
  return {
    end: (end) => {
      running--;
      if (++ends > 1) faults.note("a call ended again", end);
    },
  };
};

let calls = 0;
const protocols: readonly Protocol[] = ["connect", "grpc", "grpc-web"];
/** Each time over another protocol. */
const upstream = () => upstreams[calls++ % upstreams.length]!;
const app: App = {
  services: [createGreeter(upstream, stop.signal)],
  observers: [counts],
  onError: (error) => faults.note("a handler failed with what is no RpcError", error),
};

const served = await serve({ ...app, host: "127.0.0.1", port: 0 });
const mounted = { "1.1": createHttp1(createNodeHandler(app)), "2": createHttp2(createNodeHandler(app)) };
const upstreams = protocols.map((protocol) =>
  createClient(GreetService, createTransport({ baseUrl: served.url, protocol, httpVersion: "2" })),
);

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const ports: Ports = {
  "1.1": [Number(new URL(served.url).port), await portOf(mounted["1.1"])],
  "2": [Number(new URL(served.url).port), await portOf(mounted["2"])],
};

answer({
  ports: () => ports,
  faults: () => faults.list,
  census: () => census([stop.signal]),
  running: () => running,
});
