import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin } from "@bufbuild/protoplugin";
import type { Schema } from "@bufbuild/protoplugin";
import { beforeAll, expect, test } from "vitest";
import { pbNames } from "../src/pb-names.ts";
import { requestFor } from "./descriptors.ts";
import { goldenDescriptors } from "./golden-cases.ts";

let descriptors: FileDescriptorSet;
beforeAll(() => {
  descriptors = goldenDescriptors();
});

test("what is imported from _pb files is called as protoc-gen-es calls it, for every type of every file", () => {
  let types = 0;
  const plugin = createEcmaScriptPlugin({
    name: "names",
    version: "v1",
    generateTs(schema: Schema) {
      const f = schema.generateFile("names.ts");
      for (const file of schema.allFiles) {
        const { shapes, descriptors: names } = pbNames(file);
        for (const type of schema.typesInFile(file)) {
          types++;
          expect(names.get(type)).toBe(f.importSchema(type).name);
          if (type.kind === "message" || type.kind === "enum") {
            expect(shapes.get(type)).toBe(f.importShape(type).name);
          }
        }
      }
    },
  });
  plugin.run(requestFor(descriptors, "target=ts"));
  expect(types).toBeGreaterThan(100);
});
