import { create, toBinary } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  Edition,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { runExecutable } from "./descriptors.ts";

type Request = MessageInitShape<typeof CodeGeneratorRequestSchema>;
type File = MessageInitShape<typeof FileDescriptorProtoSchema>;

const empty: File = {
  name: "empty.proto",
  package: "a.v1",
  syntax: "proto3",
  messageType: [{ name: "Empty" }],
};

/** One file with one service of one method, changed as given; the rpc stands on line 7, the message on line 11. */
function greet(changes: File = {}): File {
  const file = {
    name: "greet.proto",
    package: "greet.v1",
    syntax: "proto3",
    messageType: [{ name: "Hello" }],
    service: [{ name: "Greeter", method: [greetMethod] }],
    sourceCodeInfo: {
      location: [
        { path: [], span: [0, 0, 20, 0] },
        { path: [12], span: [0, 0, 18] },
        { path: [2], span: [1, 0, 18] },
        { path: [3, 0], span: [2, 0, 18] },
        { path: [6, 0], span: [4, 0, 8, 1] },
        { path: [6, 0, 2, 0], span: [6, 2, 40] },
        { path: [6, 0, 2, 1], span: [7, 2, 40] },
        { path: [4, 0], span: [10, 0, 12, 1] },
        { path: [4, 0, 2, 0], span: [11, 0, 12] },
        { path: [14], span: [0, 0, 18] },
      ],
    },
  };
  return Object.assign(file, changes);
}

const greetMethod = { name: "Greet", inputType: ".greet.v1.Hello", outputType: ".greet.v1.Hello" };

function request(file: File, changes: Request = {}): Uint8Array {
  const { protoFile = [file], ...rest } = changes;
  return toBinary(
    CodeGeneratorRequestSchema,
    create(CodeGeneratorRequestSchema, {
      fileToGenerate: [file.name ?? ""],
      protoFile: protoFile.map((proto) => create(FileDescriptorProtoSchema, proto)),
      parameter: "target=ts",
      ...rest,
    }),
  );
}

function withField(
  field: NonNullable<NonNullable<File["messageType"]>[number]["field"]>[number],
): Uint8Array {
  return request(greet({ messageType: [{ name: "Hello", field: [field] }] }));
}

const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;
const { MESSAGE, ENUM, STRING } = FieldDescriptorProto_Type;

/** Numbers that no enum of today's has, as a newer compiler might send them. */
const outside: { readonly edition: Edition; readonly fieldType: FieldDescriptorProto_Type } = JSON.parse(
  `{ "edition": 1003, "fieldType": 99 }`,
);

/** What comes in, and the one line that must come out. */
const cases: Readonly<Record<string, readonly [stdin: Uint8Array, line: string]>> = {
  "an unknown option": [
    request(greet(), { parameter: "target=ts,tarket=js" }),
    'unknown option "tarket": the options are target, import_extension, js_import_style, keep_empty_files, ts_nocheck, map_imports, rewrite_imports, elide_plugin_version, erasable_syntax, codec',
  ],
  "an option called like what every object has": [
    request(greet(), { parameter: "constructor=1" }),
    'unknown option "constructor": the options are target, import_extension, js_import_style, keep_empty_files, ts_nocheck, map_imports, rewrite_imports, elide_plugin_version, erasable_syntax, codec',
  ],
  "an option of the framework that is nobody's business": [
    request(greet(), { parameter: "bootstrap_wkt=true" }),
    'unknown option "bootstrap_wkt": the options are target, import_extension, js_import_style, keep_empty_files, ts_nocheck, map_imports, rewrite_imports, elide_plugin_version, erasable_syntax, codec',
  ],
  "an empty option": [
    request(greet(), { parameter: "target=ts," }),
    'an option is empty in "target=ts,": remove the comma too many',
  ],
  "json_types, which is protoc-gen-es's alone": [
    request(greet(), { parameter: "json_types=true" }),
    'option "json_types=true": JSON types come from protoc-gen-es alone, and clients and handlers are the same with and without them: give json_types to protoc-gen-es and leave it out here',
  ],
  "valid_types, which is protoc-gen-es's alone": [
    request(greet(), { parameter: "valid_types=legacy_required" }),
    'option "valid_types=legacy_required": Valid types come from protoc-gen-es alone, and clients and handlers are the same with and without them: give valid_types to protoc-gen-es and leave it out here',
  ],
  "a target that there is not": [
    request(greet(), { parameter: "target=js+py" }),
    'option "target=js+py": target takes ts, js or dts, or several of them joined by "+"',
  ],
  "an import extension that there is not": [
    request(greet(), { parameter: "import_extension=mjs" }),
    'option "import_extension=mjs": import_extension takes none, js or ts',
  ],
  "an import style that there is not": [
    request(greet(), { parameter: "js_import_style=amd" }),
    'option "js_import_style=amd": js_import_style takes module or legacy_commonjs',
  ],
  "a boolean that is none": [
    request(greet(), { parameter: "ts_nocheck" }),
    'option "ts_nocheck": ts_nocheck takes true, 1, false or 0',
  ],
  "a mapping without a target": [
    request(greet(), { parameter: "map_imports=a/**" }),
    'option "map_imports=a/**": map_imports takes <pattern>:<target>',
  ],
  "an option with a line break in it": [
    request(greet(), { parameter: "target=ts\njs" }),
    'option "target=ts\\njs": target takes ts, js or dts, or several of them joined by "+"',
  ],
  "nothing on stdin": [
    new Uint8Array(0),
    "the request names no file to generate: run the plugin through buf or protoc",
  ],
  "text on stdin": [
    new TextEncoder().encode("syntax = 'proto3';"),
    "stdin: these 18 bytes are no whole CodeGeneratorRequest (illegal tag: field no 13 wire type 7): run the plugin through buf or protoc",
  ],
  "half a request": [
    request(greet()).subarray(0, 60),
    "stdin: these 60 bytes are no whole CodeGeneratorRequest (premature EOF): run the plugin through buf or protoc",
  ],
  "an edition that is to come": [
    request(greet({ syntax: "editions", edition: Edition.EDITION_99999_TEST_ONLY })),
    "greet.proto:1: edition 99999_TEST_ONLY is not supported: use proto2, proto3 or an edition up to 2026",
  ],
  "an edition without a name": [
    request(greet({ syntax: "editions", edition: outside.edition })),
    "greet.proto:1: edition number 1003 is not supported: use proto2, proto3 or an edition up to 2026",
  ],
  "an edition that is left out": [
    request(greet({ syntax: "editions" })),
    "greet.proto:1: edition (none) is not supported: use proto2, proto3 or an edition up to 2026",
  ],
  "an edition that was never one": [
    request(greet({ syntax: "editions", edition: Edition.EDITION_LEGACY })),
    "greet.proto:1: edition LEGACY is not supported: use proto2, proto3 or an edition up to 2026",
  ],
  "an unsupported edition of an imported file": [
    request(greet({ dependency: ["empty.proto"] }), {
      protoFile: [
        { ...empty, syntax: "editions", edition: Edition.EDITION_2_TEST_ONLY },
        greet({ dependency: ["empty.proto"] }),
      ],
    }),
    "empty.proto: edition 2_TEST_ONLY is not supported: use proto2, proto3 or an edition up to 2026",
  ],
  "a syntax that there is not": [
    request(greet({ syntax: "proto4" })),
    'greet.proto:1: syntax "proto4" is not supported: use proto2, proto3 or an edition up to 2026',
  ],
  "a file to generate that is not in the request": [
    request(greet(), { fileToGenerate: ["other.proto"] }),
    "other.proto: to be generated, but the request holds no such file: check the names given to the compiler",
  ],
  "a file without a name": [
    request(greet({ name: "" })),
    "a file of the request has no name: run the plugin through buf or protoc",
  ],
  "a file that is there twice": [
    request(greet(), { protoFile: [greet(), greet()] }),
    "greet.proto: this file is in the request twice: leave one of them out",
  ],
  "an import that is not there": [
    request(greet({ dependency: ["empty.proto"] })),
    'greet.proto:3: import "empty.proto": the request holds no such file ahead of this one: give the compiler all imports, in order',
  ],
  "an import that comes too late": [
    request(greet({ dependency: ["empty.proto"] }), {
      protoFile: [greet({ dependency: ["empty.proto"] }), empty],
    }),
    'greet.proto:3: import "empty.proto": the request holds no such file ahead of this one: give the compiler all imports, in order',
  ],
  "a package that is no name": [
    request(greet({ package: "greet.v1; */" })),
    'greet.proto:2: package "greet.v1; */": not a name; use letters, digits, _ and dots',
  ],
  "a request type that does not exist": [
    request(
      greet({ service: [{ name: "Greeter", method: [{ ...greetMethod, inputType: ".greet.v1.Helo" }] }] }),
    ),
    'greet.proto:7: rpc greet.v1.Greeter.Greet: request type ".greet.v1.Helo" is not in the request: import the file that declares it',
  ],
  "a response type that is left out": [
    request(greet({ service: [{ name: "Greeter", method: [{ ...greetMethod, outputType: "" }] }] })),
    'greet.proto:7: rpc greet.v1.Greeter.Greet: response type "" is not in the request: import the file that declares it',
  ],
  "a response type that is a service": [
    request(
      greet({
        service: [{ name: "Greeter", method: [{ ...greetMethod, outputType: ".greet.v1.Greeter" }] }],
      }),
    ),
    'greet.proto:7: rpc greet.v1.Greeter.Greet: response type ".greet.v1.Greeter" is a service: it must be a message',
  ],
  "a field's type that does not exist": [
    withField({ name: "mood", number: 1, label: OPTIONAL, type: MESSAGE, typeName: ".greet.v1.Mood" }),
    'greet.proto:12: field greet.v1.Hello.mood: type ".greet.v1.Mood" is not in the request: import the file that declares it',
  ],
  "an enum field with a message for its type": [
    withField({ name: "mood", number: 1, label: REPEATED, type: ENUM, typeName: ".greet.v1.Hello" }),
    'greet.proto:12: field greet.v1.Hello.mood: type ".greet.v1.Hello" is a message: it must be an enum',
  ],
  "a field type that is none": [
    withField({ name: "mood", number: 1, label: OPTIONAL, type: outside.fieldType }),
    "greet.proto:12: field greet.v1.Hello.mood: type number 99 is no type of field: use one of 1 to 18",
  ],
  "a field of a oneof that is not there": [
    withField({ name: "mood", number: 1, label: OPTIONAL, type: STRING, oneofIndex: 2 }),
    "greet.proto:12: field greet.v1.Hello.mood: oneof number 2 is not in its message: add it",
  ],
  "a map entry without a value": [
    request(
      greet({
        messageType: [
          {
            name: "Hello",
            nestedType: [
              {
                name: "MoodsEntry",
                options: { mapEntry: true },
                field: [{ name: "key", number: 1, label: OPTIONAL, type: STRING }],
              },
            ],
          },
        ],
      }),
    ),
    "greet.proto:11: map entry greet.v1.Hello.MoodsEntry: it must have a key, number 1, and one value, number 2",
  ],
  "an extension of nothing": [
    request(
      greet({
        extension: [{ name: "more", number: 100, label: OPTIONAL, type: STRING, extendee: ".greet.v1.Mood" }],
      }),
    ),
    'greet.proto: extension greet.v1.more: extended type ".greet.v1.Mood" is not in the request: import the file that declares it',
  ],
  "a type that is there twice": [
    request(greet({ messageType: [{ name: "Hello" }, { name: "Greeter" }] })),
    "greet.proto:5: service greet.v1.Greeter: there is a message of that name already: rename one",
  ],
  "a service whose name is code": [
    request(greet({ service: [{ name: "Greeter{}\nalert(1)//", method: [] }] })),
    'greet.proto:5: service "Greeter{}\\nalert(1)//": not a name; use letters, digits and _, and no digit first',
  ],
  "a method that starts with a digit": [
    request(greet({ service: [{ name: "Greeter", method: [{ ...greetMethod, name: "1st" }] }] })),
    'greet.proto:7: service greet.v1.Greeter: rpc "1st": not a name; use letters, digits and _, and no digit first',
  ],
  "two methods with one name in JavaScript": [
    request(
      greet({
        service: [
          {
            name: "Greeter",
            method: [
              { ...greetMethod, name: "GetFoo" },
              { ...greetMethod, name: "getFoo" },
            ],
          },
        ],
      }),
    ),
    'greet.proto:8: service greet.v1.Greeter: rpc GetFoo and rpc getFoo would both be "getFoo" in JavaScript: rename one',
  ],
  "a service that no module can declare": [
    request(greet({ service: [{ name: "await", method: [] }] })),
    'greet.proto:5: service greet.v1.await: JavaScript lets no module declare "await": rename the service',
  ],
  "a service that no CommonJS module can declare": [
    request(greet({ service: [{ name: "exports", method: [] }] }), {
      parameter: "js_import_style=legacy_commonjs",
    }),
    'greet.proto:5: service greet.v1.exports: JavaScript lets no module declare "exports": rename the service',
  ],
  "a message that no type can be called": [
    request(
      greet({
        messageType: [{ name: "any" }],
        service: [
          {
            name: "Greeter",
            method: [{ ...greetMethod, inputType: ".greet.v1.any", outputType: ".greet.v1.any" }],
          },
        ],
      }),
    ),
    'greet.proto:11: message greet.v1.any: TypeScript lets no type be called "any": rename the message',
  ],
  "an endless name": [
    request(greet({ syntax: "x".repeat(100_000) })),
    `greet.proto:1: syntax "${"x".repeat(100)}…" is not supported: use proto2, proto3 or an edition up to 2026`,
  ],
};

describe("bad input is one line on stderr, and exit code 1", () => {
  test.for(Object.entries(cases))("%s", ([, [stdin, line]]) => {
    const { status, stderr, stdout } = runExecutable("protoc-gen-millrace", stdin);
    expect(stderr).toBe(`protoc-gen-millrace: ${line}\n`);
    expect(status).toBe(1);
    expect(stdout).toHaveLength(0);
  });

  test("an argument that the plugin does not know", () => {
    const { status, stderr } = runExecutable("protoc-gen-millrace", new Uint8Array(0), ["greet.proto"]);
    expect(stderr).toMatch(/^protoc-gen-millrace: is run by buf or protoc: [^\n]*\n$/);
    expect(status).toBe(1);
  });
});
