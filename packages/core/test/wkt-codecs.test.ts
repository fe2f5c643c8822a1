import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { wellKnownCodecs } from "../../../scripts/generate-wkt.ts";

const folder = new URL("../src/wkt/", import.meta.url);

test("the codecs of the well-known types are what the plugin prints (node scripts/generate-wkt.ts writes them anew)", () => {
  const written = readdirSync(folder).filter((name) => !["index.ts", "struct-json.ts"].includes(name));
  const found = new Map(written.map((name) => [name, readFileSync(new URL(name, folder), "utf8")]));
  expect(found).toEqual(wellKnownCodecs());
});
