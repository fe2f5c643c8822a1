import assert from "node:assert/strict";
import { curlLanes } from "./curl-lanes.ts";
import { hpackLanes } from "./hpack-lanes.ts";
import { http2Lanes } from "./http2/lanes.ts";
import type { Lane } from "./lane.ts";
import { prepareGo, preparePython, prepareTypeScript } from "./prepare.ts";
import { runToEnd } from "./program.ts";
import { Relay } from "./relay.ts";
import { clientCommand, grpcGo, grpcio, grpcJs, millrace, serverCommand } from "./stacks.ts";
import type { Carriage, Stack } from "./stacks.ts";
import { checkTraffic } from "./traffic.ts";

/** What grpc-go's client has, but for what is about credentials of clouds, load reports, xDS, and soaks. */
const grpcGoCases: readonly string[] = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "custom_metadata",
  "status_code_and_message",
  "special_status_message",
  "unimplemented_method",
  "unimplemented_service",
  "pick_first_unary",
];

/** With HalfDuplexCall, which grpc-go's server has, but no case of its client. */
const allCases: readonly string[] = [...grpcGoCases, "half_duplex"];

/** Those in which much is sent, so that the bytes on the wire tell what was compressed. */
const largeCases: readonly string[] = ["large_unary", "client_streaming", "server_streaming", "ping_pong"];

/** All there is to run. The programs need not be installed yet. */
export function allLanes(): Lane[] {
  return [
    ...plainLanes(grpcGo, millrace, grpcGoCases),
    // grpc-go's server does not say who it is.
    ...plainLanes(
      millrace,
      grpcGo,
      allCases.filter((name) => name !== "pick_first_unary"),
    ),
    ...plainLanes(grpcJs, millrace, allCases),
    ...plainLanes(millrace, grpcJs, allCases),
    ...plainLanes(grpcio, millrace, allCases),
    ...plainLanes(millrace, grpcio, allCases),
    ...compressionLanes(grpcJs, millrace, ["client_compressed_unary", "client_compressed_streaming"]),
    ...compressionLanes(millrace, grpcJs, []),
    ...compressionLanes(grpcio, millrace, ["client_compressed_unary"]),
    ...compressionLanes(millrace, grpcio, ["server_compressed_unary", "server_compressed_streaming"]),
    ...curlLanes(),
    ...http2Lanes(),
    ...hpackLanes(),
  ];
}

function plainLanes(client: Stack, server: Stack, cases: readonly string[]): Lane[] {
  return [false, true].map((tls) => ({
    ...direction(client, server),
    carriage: tls ? "TLS" : "cleartext",
    server: serverCommand(server, { tls }),
    cases: cases.map((name) => ({ name, run: (port) => runClient(client, name, port, { tls }) })),
  }));
}

/** What both sides compress, with a relay between them that looks what came of it; and the same without compression. */
function compressionLanes(client: Stack, server: Stack, chosenByMessage: readonly string[]): Lane[] {
  return ["identity", "gzip", "deflate"].map((name) => {
    const compression = name === "identity" ? undefined : name;
    const requests = compression !== undefined;
    const responses = requests && server.serverCompresses;
    return {
      ...direction(client, server),
      carriage: name,
      server: serverCommand(server, { compression }),
      cases: (requests ? [...largeCases, ...chosenByMessage] : largeCases).map((name) => ({
        name,
        run: async (port) => {
          using relay = await Relay.open(port);
          await runClient(client, name, relay.port, { compression });
          checkTraffic(name, { requests, responses }, relay);
        },
      })),
    };
  });
}

function direction(client: Stack, server: Stack): Pick<Lane, "peer" | "direction" | "needs"> {
  const isPython = client === grpcio || server === grpcio;
  const needs = isPython ? [prepareGo, preparePython, prepareTypeScript] : [prepareGo, prepareTypeScript];
  return client === millrace
    ? { peer: server.name, direction: "from Millrace", needs }
    : { peer: client.name, direction: "to Millrace", needs };
}

async function runClient(client: Stack, testCase: string, port: number, carriage: Carriage): Promise<void> {
  const { exitCode, stdout, stderr } = await runToEnd(clientCommand(client, testCase, port, carriage));
  assert.equal(exitCode, 0, `exit code ${exitCode}\n${stdout}${stderr}`);
  // Ours must not warn of anything, either.
  if (client === millrace) assert.equal(stderr, "", `on standard error:\n${stderr}`);
}
