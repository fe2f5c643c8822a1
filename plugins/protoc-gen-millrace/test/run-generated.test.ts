import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import type { Method, Service, ServiceLite } from "@millrace/core";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { generateFolder } from "./generated-folder.ts";
import { goldenDescriptors } from "./golden-cases.ts";

let folder: URL;
beforeAll(() => {
  folder = generateFolder(goldenDescriptors(), "js", "target=js,import_extension=js");
});

function load<T>(path: string): Promise<T> {
  return import(/* @vite-ignore */ new URL(path, folder).href) as Promise<T>;
}

describe("what is generated, when it is run", () => {
  test("describes every kind of method", async () => {
    const { StreamServiceLite } = await load<{ StreamServiceLite: ServiceLite<object, object> }>(
      "streams_millrace.js",
    );
    expect(StreamServiceLite.typeName).toBe("golden.streams.StreamService");
    expect(StreamServiceLite.methods.slice(0, 4).map(({ kind, name, path }) => [kind, name, path])).toEqual([
      ["unary", "Unary", "/golden.streams.StreamService/Unary"],
      ["server_streaming", "ServerStream", "/golden.streams.StreamService/ServerStream"],
      ["client_streaming", "ClientStream", "/golden.streams.StreamService/ClientStream"],
      ["bidi_streaming", "Bidi", "/golden.streams.StreamService/Bidi"],
    ]);
    expect(StreamServiceLite.methods).toHaveLength(8);
  });

  test("tells the idempotency level of each method", async () => {
    const { IdempotencyServiceLite } = await load<{ IdempotencyServiceLite: ServiceLite<object, object> }>(
      "idempotency_millrace.js",
    );
    expect(IdempotencyServiceLite.methods.map(({ name, idempotency }) => [name, idempotency])).toEqual([
      ["Unset", "unknown"],
      ["Unknown", "unknown"],
      ["NoSideEffects", "no_side_effects"],
      ["Idempotent", "idempotent"],
      ["Watch", "no_side_effects"],
    ]);
  });

  test("exports a method alone, the same object as in its service, with the codecs of its messages", async () => {
    const exported = await load<{
      ImportServiceLite: ServiceLite<object, object>;
      ImportService_three: Method<"unary">;
    }>("imports_millrace.js");
    const { ImportServiceLite, ImportService_three } = exported;
    expect(ImportServiceLite.methods).toContain(ImportService_three);
    expect(ImportService_three.input.typeName).toBe("golden.imports.Empty");
    expect(ImportService_three.output.typeName).toBe("golden.shared.Empty");
  });

  test("has every method as a member of its own, whatever it is called", async () => {
    const { MethodNamesLite } = await load<{ MethodNamesLite: ServiceLite<object, object> }>(
      "method_names_millrace.js",
    );
    expect(Object.keys(MethodNamesLite["~members"])).toHaveLength(16);
    expect(Object.keys(MethodNamesLite["~members"])).toEqual(
      expect.arrayContaining(["then$", "constructor$", "toString$", "__proto__$", "catch", "hasOwnProperty"]),
    );
    expect("then" in MethodNamesLite["~members"]).toBe(false);
  });

  test("has the descriptor of protoc-gen-es on the full service, and none on the lite one", async () => {
    const { StreamService, StreamServiceLite } = await load<{
      StreamService: Service<object, object>;
      StreamServiceLite: ServiceLite<object, object>;
    }>("streams_millrace.js");
    const pb = await load<{ StreamService: DescService }>("streams_pb.js");
    expect(StreamService.descriptor).toBe(pb.StreamService);
    expect(StreamServiceLite).not.toHaveProperty("descriptor");
  });
});

describe("what a bundler keeps", () => {
  test("of a lite service: its codecs, and no descriptor, nothing of protobuf-es and nothing of JSON", async () => {
    const lite = await bundle(`export { StreamServiceLite } from "./streams_millrace.js";`);
    const carried = lite.modules.filter((path) => !path.endsWith("streams_millrace.js"));
    expect(carried).toContain("packages/core/src/wire/wire-codec.ts");
    expect(
      carried.filter((path) => !/^packages\/core\/src\/(wire\/|method\.ts|service\.ts)/.test(path)),
    ).toEqual([]);
    expect(lite.code).not.toContain("SecondService");
  });

  test("of a message's codec: those of the messages in it, and no other", async () => {
    const { code } = await bundle(`export { Note$codec } from "./shared/shared_millrace.js";`);
    expect(code).toContain(`"golden.shared.Note"`);
    expect(code).not.toContain("golden.shared.Empty");
  });

  test("of one method: that method alone", async () => {
    const { code } = await bundle(`export { StreamService_unary } from "./streams_millrace.js";`);
    expect(code).toContain(`"Unary"`);
    expect(code).not.toMatch(/"ServerStream"|"Bidi"|serviceLite|withDescriptor|SecondService/);
  });

  test("of a file of which nothing is used: nothing", async () => {
    const { code } = await bundle(`import "./streams_millrace.js";`);
    expect(code.replace(/^\s*\/\/.*$/gm, "").trim()).toBe("");
  });
});

/** Bundles `source` as a module of the generated folder: the code, and which modules some of it is from. */
async function bundle(source: string): Promise<{ code: string; modules: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(folder), sourcefile: "entry.js" },
    bundle: true,
    format: "esm",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const modules = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return {
    code: outputFiles.map((file) => file.text).join(""),
    modules: modules.filter((path) => !path.endsWith("entry.js")).toSorted(),
  };
}
