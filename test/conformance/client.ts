// The client under test, over fetch with --fetch: makes the calls that the runner describes, many at once, and reports what came of each.
import { create } from "@bufbuild/protobuf";
import { createTransport } from "@millrace/node";
import {
  ClientCompatRequestSchema,
  ClientCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/client_compat_pb.ts";
import type {
  ClientCompatRequest,
  ClientCompatResponse,
} from "./gen/connectrpc/conformance/v1/client_compat_pb.ts";
import { makeCall } from "./conformance-call.ts";
import { createFetchTransport } from "./fetch-transport.ts";
import { frame, readMessages } from "./stdio.ts";
import { Transports } from "./transports.ts";

const atOnce = 32;

const transports = new Transports(process.argv.includes("--fetch") ? createFetchTransport : createTransport);
const running = new Set<Promise<void>>();
for await (const request of readMessages(ClientCompatRequestSchema, process.stdin)) {
  const one: Promise<void> = answer(request).then((response) => {
    running.delete(one);
    process.stdout.write(frame(ClientCompatResponseSchema, response));
  });
  running.add(one);
  if (running.size >= atOnce) await Promise.race(running);
}
await Promise.all(running);
await transports.close();

async function answer(request: ClientCompatRequest): Promise<ClientCompatResponse> {
  const { testName } = request;
  try {
    const value = await makeCall(request, transports.get(request));
    return create(ClientCompatResponseSchema, { testName, result: { case: "response", value } });
  } catch (error) {
    // Not an outcome of the call: a case that we cannot follow, or a rejection that is no RpcError.
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return create(ClientCompatResponseSchema, { testName, result: { case: "error", value: { message } } });
  }
}
