import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

/** grpc-go's side, built from `go/`. */
export const grpcGo: string = join(root, ".cache/soak/grpc-go");

/** Builds it. False: there is no Go. Throws if it cannot be built. */
export function buildGrpcGo(): boolean {
  mkdirSync(join(root, ".cache/soak"), { recursive: true });
  const cwd = join(import.meta.dirname, "go");
  const done = spawnSync("go", ["build", "-buildvcs=false", "-o", grpcGo, "."], { cwd, encoding: "utf8" });
  if (done.error !== undefined) return false;
  if (done.status !== 0) throw new Error(`go build failed:\n${done.stderr.trim()}`);
  return true;
}
