// Writes the golden files anew: `pnpm --filter @millrace/protoc-gen-millrace golden`. Read the difference.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { generateCase, goldenCases, goldenDescriptors, goldenFolder } from "./golden-cases.ts";

const descriptors = goldenDescriptors();
for (const golden of goldenCases) {
  const folder = new URL(`${golden.folder}/`, goldenFolder);
  rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of generateCase(descriptors, golden)) {
    const file = new URL(path, folder);
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, content);
  }
}
