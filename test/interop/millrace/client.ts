// The client under test: makes the calls of one case over gRPC, and throws if anything is not as it must be.
import { createTransport } from "@millrace/node";
import { clientFlags } from "../flags.ts";
import { cases } from "./cases.ts";

const { testCase, address, tls, compression } = clientFlags();
const run = cases[testCase];
if (run === undefined) throw new Error(`there is no case ${testCase}`);
await using transport = createTransport({
  baseUrl: `${tls === undefined ? "http" : "https"}://${address}`,
  protocol: "grpc",
  tls: tls && { ca: tls.ca, servername: tls.serverName },
  compression: { send: compression },
});
await run(transport);
