import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filled, goVersion, installPython, pythonVersion, run } from "./install.ts";
import {
  certificate,
  descriptorSet,
  goFolder,
  grpcurl,
  here,
  protoFolder,
  python,
  pythonFolder,
  pythonStubs,
} from "./paths.ts";

const goModule = join(here, "go");
const goInputs = ["go/go.mod", "go/go.sum", "go/main.go"];
const requirements = "grpcio/requirements.txt";

/** grpc-go's client and server, grpcurl, the schema and the certificate: built from `go/`, again when that has changed. */
export function prepareGo(): void {
  filled(goFolder, goInputs, goVersion(), () => {
    console.log("building grpc-go's client and server, and grpcurl");
    run("go", ["build", "-buildvcs=false", "-o", `${goFolder}/`, "tool"], { cwd: goModule });
    writeFileSync(descriptorSet, run("go", ["run", "-buildvcs=false", "."], { cwd: goModule }));
    const service = "grpc.testing.TestService";
    run(grpcurl, ["-protoset", descriptorSet, "-proto-out-dir", protoFolder, "describe", service]);
    const grpc = run("go", ["list", "-m", "-f", "{{.Dir}}", "google.golang.org/grpc"], { cwd: goModule });
    for (const to of [certificate.ca, certificate.cert, certificate.key]) {
      copyFileSync(join(String(grpc).trim(), "testdata", to.slice(dirname(to).length)), to);
    }
  });
}

/** grpcio in a virtual environment of its own, with stubs: installed again when what is required has changed. */
export function preparePython(): void {
  filled(pythonFolder, [...goInputs, requirements], pythonVersion(), () => {
    console.log("installing grpcio");
    installPython(python, requirements);
    mkdirSync(pythonStubs);
    const files = ["empty", "messages", "test"].map((name) => `interop/${name}.proto`);
    const out = [`--python_out=${pythonStubs}`, `--grpc_python_out=${pythonStubs}`];
    run(python, ["-m", "grpc_tools.protoc", "-I", protoFolder, ...out, ...files]);
  });
}

/** The schema as TypeScript in `gen/`; then checks the types of the programs, which lean on it. */
export function prepareTypeScript(): void {
  const opt = ["target=ts", "import_extension=ts", "erasable_syntax=true"];
  const plugins = ["protoc-gen-es", "protoc-gen-millrace"].map((local) => ({ local, out: "gen", opt }));
  const template = JSON.stringify({ version: "v2", clean: true, plugins });
  run("buf", ["generate", descriptorSet, "--template", template, "--output", here]);
  run("tsc", ["--project", here]);
}
