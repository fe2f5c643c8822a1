import { join } from "node:path";

export const here: string = import.meta.dirname;
export const root: string = join(here, "../..");

/** Everything that is installed or made: git ignores it. */
const cache = join(root, ".cache/interop");

/** What Go builds, and what comes out of grpc-go's module. */
export const goFolder: string = join(cache, "go");
export const grpcGoClient: string = join(goFolder, "client");
export const grpcGoServer: string = join(goFolder, "server");
export const grpcurl: string = join(goFolder, "grpcurl");
/** The schema of gRPC's test services: as a FileDescriptorSet, and as .proto files. */
export const descriptorSet: string = join(goFolder, "schema.binpb");
export const protoFolder: string = join(goFolder, "proto");
/** A server's certificate, for *.test.google.fr among others, its key, and who vouches for it. */
export const certificate = {
  ca: join(goFolder, "ca.pem"),
  cert: join(goFolder, "server1.pem"),
  key: join(goFolder, "server1.key"),
  serverName: "foo.test.google.fr",
} as const;

/** Compiled code of our programs: each starts hundreds of times. */
export const compileCache: string = join(cache, "node");

/** A virtual environment with grpcio, and the stubs for it. */
export const pythonFolder: string = join(cache, "python");
export const python: string = join(pythonFolder, "venv/bin/python");
export const pythonStubs: string = join(pythonFolder, "stubs");

/** Of the plain HTTP/2 lanes: a program with net/http, a virtual environment with h2, and bodies as files. */
export const http2GoFolder: string = join(cache, "http2-go");
export const http2Go: string = join(http2GoFolder, "http2");
export const http2PythonFolder: string = join(cache, "http2-python");
export const http2Python: string = join(http2PythonFolder, "venv/bin/python");
export const http2Bodies: string = join(cache, "http2-bodies");

const tls = join(root, "packages/node/test/tls");
/** A certificate for 127.0.0.1, its key, and who vouches for it. */
export const localCertificate = {
  ca: join(tls, "ca.pem"),
  cert: join(tls, "server.pem"),
  key: join(tls, "server-key.pem"),
} as const;
