// nghttpd on a port that is free, which it cannot find by itself, until SIGTERM. It serves a file, and sends bodies back.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { cert_file: { type: "string" }, key_file: { type: "string" }, window: { type: "string" } },
});
const { cert_file: cert, key_file: key, window } = values;
const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address() as AddressInfo;
probe.close();
await once(probe, "close");

const folder = mkdtempSync(join(tmpdir(), "nghttpd-"));
writeFileSync(join(folder, "hello"), "hello\n");
const child = spawn(
  "nghttpd",
  [
    ...["--address=127.0.0.1", `--htdocs=${folder}`, "--echo-upload", "--trailer=x-bytes: 10"],
    // Windows are 2**N-1 bytes.
    ...(window === undefined ? [] : [`--window-bits=${Math.log2(Number(window))}`]),
    ...(cert === undefined || key === undefined ? ["--no-tls", String(port)] : [String(port), key, cert]),
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
process.once("SIGTERM", () => child.kill("SIGTERM"));
process.once("exit", () => {
  child.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});
child.once("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
child.once("exit", () => process.exit());
while (!(await answers())) await new Promise(setImmediate);
console.log(`listening on 127.0.0.1:${port}`);

async function answers(): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
