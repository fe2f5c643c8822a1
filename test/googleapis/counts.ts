import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/** How many services there are, and how many methods of each kind. */
export interface Counts {
  readonly services: number;
  readonly methods: number;
  readonly unary: number;
  readonly server_streaming: number;
  readonly client_streaming: number;
  readonly bidi_streaming: number;
}

/** What google-proto-files 5.0.3 holds. */
export const expected: { readonly all: Counts; readonly withoutCompute: Counts } = {
  all: {
    services: 1_966,
    methods: 13_458,
    unary: 13_310,
    server_streaming: 71,
    client_streaming: 5,
    bidi_streaming: 72,
  },
  withoutCompute: {
    services: 1_706,
    methods: 11_380,
    unary: 11_232,
    server_streaming: 71,
    client_streaming: 5,
    bidi_streaming: 72,
  },
};

/** Counts what the .proto files declare. */
export function countDeclared(files: readonly FileDescriptorProto[]): Counts {
  const services = files.flatMap((file) => file.service);
  const methods = services.flatMap((service) => service.method);
  const count = (client: boolean, server: boolean): number =>
    methods.filter((method) => method.clientStreaming === client && method.serverStreaming === server).length;
  return {
    services: services.length,
    methods: methods.length,
    unary: count(false, false),
    server_streaming: count(false, true),
    client_streaming: count(true, false),
    bidi_streaming: count(true, true),
  };
}

/** Counts what generated code exports. */
export function countGenerated(contents: readonly string[]): Counts {
  const count = (pattern: RegExp): number =>
    contents.reduce((sum, content) => sum + (content.match(pattern)?.length ?? 0), 0);
  const kind = (name: string): number =>
    count(new RegExp(`^export const [\\w$]+: [\\w$]+<"${name}", `, "gm"));
  const kinds = {
    unary: kind("unary"),
    server_streaming: kind("server_streaming"),
    client_streaming: kind("client_streaming"),
    bidi_streaming: kind("bidi_streaming"),
  };
  return {
    services: count(/^export const [\w$]+: Service(?:\$\d+)?<[\w$]+, [\w$]+> = /gm),
    methods: Object.values(kinds).reduce((sum, n) => sum + n, 0),
    ...kinds,
  };
}

/** One line for people. */
export function formatCounts(counts: Counts): string {
  const n = (value: number): string => value.toLocaleString("en-US");
  return (
    `${n(counts.services)} services, ${n(counts.methods)} methods (${n(counts.unary)} unary, ` +
    `${n(counts.server_streaming)} server, ${n(counts.client_streaming)} client, ${n(counts.bidi_streaming)} bidi)`
  );
}
