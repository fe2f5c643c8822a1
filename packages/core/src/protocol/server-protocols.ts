import { connectServer } from "./connect/server.ts";
import { grpcWebServer } from "./grpc-web/server.ts";
import { grpcServer } from "./grpc/server.ts";
import type { ServerProtocol } from "./server-protocol.ts";

/** Every protocol's server, in the order in which requests are offered: for platforms that carry all of them. */
export const serverProtocols: readonly ServerProtocol[] = [grpcServer, grpcWebServer, connectServer];
