import { build } from "esbuild";

/** The files of ours that a bundle of this program carries, as `core/call/scope.ts`. `from`: where its imports are looked up. */
export async function carried(
  program: string,
  from: string,
  platform: "browser" | "neutral",
): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: from, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform,
    external: ["@bufbuild/protobuf"],
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output!.inputs)
    .filter(([path, { bytesInOutput }]) => path.startsWith("packages/") && bytesInOutput > 0)
    .map(([path]) => path.slice("packages/".length).replace("/src/", "/"));
}
