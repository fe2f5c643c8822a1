import { join } from "node:path";
import { certificate, compileCache, grpcGoClient, grpcGoServer, here, python, pythonStubs } from "./paths.ts";
import type { Command } from "./program.ts";

/** What is below the calls: TLS or not, and the algorithm that both sides compress with. */
export interface Carriage {
  readonly tls?: boolean | undefined;
  readonly compression?: string | undefined;
}

/** A gRPC library with a client and a server program. All take the flags of grpc-go's. */
export interface Stack {
  readonly name: string;
  readonly client: Command;
  readonly server: Command;
  /** Whether its server can compress responses. */
  readonly serverCompresses: boolean;
}

export const millrace: Stack = nodeStack("Millrace", "millrace", true);

export const grpcJs: Stack = nodeStack("grpc-js", "grpc-js", false);

export const grpcGo: Stack = {
  name: "grpc-go",
  client: { program: grpcGoClient, args: ["--use_test_ca"] },
  // Its log says where it listens.
  server: { program: grpcGoServer, args: ["--port=0"], env: { GRPC_GO_LOG_SEVERITY_LEVEL: "info" } },
  serverCompresses: false,
};

const stubs = { PYTHONPATH: pythonStubs };

export const grpcio: Stack = {
  name: "grpcio",
  client: { program: python, args: [join(here, "grpcio/client.py")], env: stubs },
  server: { program: python, args: [join(here, "grpcio/server.py")], env: stubs },
  serverCompresses: true,
};

export function clientCommand(
  { client }: Stack,
  testCase: string,
  port: number,
  { tls = false, compression }: Carriage,
): Command {
  const args = [
    ...client.args,
    "--server_host=127.0.0.1",
    `--server_port=${port}`,
    `--test_case=${testCase}`,
  ];
  if (tls) {
    const { ca, serverName } = certificate;
    args.push("--use_tls", `--ca_file=${ca}`, `--server_host_override=${serverName}`);
  }
  if (compression !== undefined) args.push(`--compression=${compression}`);
  return { ...client, args };
}

export function serverCommand(
  { server, serverCompresses }: Stack,
  { tls = false, compression }: Carriage,
): Command {
  const args = [...server.args];
  if (tls) args.push("--use_tls", `--tls_cert_file=${certificate.cert}`, `--tls_key_file=${certificate.key}`);
  if (compression !== undefined && serverCompresses) args.push(`--compression=${compression}`);
  return { ...server, args };
}

function nodeStack(name: string, folder: string, serverCompresses: boolean): Stack {
  const program = (file: string): Command => ({
    program: process.execPath,
    args: [join(here, folder, file)],
    env: { NODE_COMPILE_CACHE: compileCache },
  });
  return { name, client: program("client.ts"), server: program("server.ts"), serverCompresses };
}
