import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { parseCommandLine, usage } from "../src/command-line.ts";
import { run } from "../src/run.ts";

interface Ended {
  readonly exitCode: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program itself, with arguments at which it ends before it generates code, which other tests are using. */
async function program(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../src/main.ts"), ...args]);
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { exitCode, stdout, stderr };
}

function memory(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

test("--help prints the usage, and the exit code is 0", async () => {
  expect(await program("--help")).toEqual({ exitCode: 0, stdout: usage, stderr: "" });
});

test("an option that there is not is one line and the usage, without a stack; the exit code is 1", async () => {
  expect(await program("--frobnicate")).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: `Unknown option '--frobnicate'\n\n${usage}`,
  });
});

test("a port that is in use is one line and the usage, without a stack; the exit code is 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const [stdout, stderr] = [memory(), memory()];
  const exitCode = await run(["--serve", "--port", String(port)], {
    stdout: stdout.stream,
    stderr: stderr.stream,
    prepare: () => Promise.resolve(),
  });
  expect({ exitCode, stdout: stdout.text() }).toEqual({ exitCode: 1, stdout: "" });
  const [first, ...rest] = stderr.text().split("\n");
  expect(first).toMatch(
    new RegExp(`^cannot listen on 127.0.0.1:${port}: something else listens there.*EADDRINUSE`),
  );
  expect(rest.join("\n")).toBe(`\n${usage}`);
});

test("what is nobody's mistake on the command line keeps its stack", async () => {
  const broken = new Error("generating failed");
  const { stream } = memory();
  await expect(
    run([], { stdout: stream, stderr: stream, prepare: () => Promise.reject(broken) }),
  ).rejects.toBe(broken);
});

test.each([
  [[], { does: "check" }],
  [["--serve"], { does: "serve", port: 8080 }],
  [["--serve", "--port", "0"], { does: "serve", port: 0 }],
  [["--serve", "--port=65535"], { does: "serve", port: 65_535 }],
  [["--serve", "--help"], { does: "help" }],
])("%j is understood", (args, command) => {
  expect(parseCommandLine(args)).toEqual(command);
});

test.each([
  [["--serve", "--port", "http"], '--port is "http": give a number from 0 to 65535'],
  [["--serve", "--port", ""], '--port is "": give a number from 0 to 65535'],
  [["--serve", "--port", "65536"], '--port is "65536": give a number from 0 to 65535'],
  [["--serve", "--port"], "Option '--port <value>' argument missing"],
  [["--serve", "--port", "-1"], "Option '--port' argument is ambiguous"],
  [["--port", "80"], "--port is of use with --serve only"],
  [["serve"], "Unexpected argument 'serve'"],
])("%j is refused in one line", (args, line) => {
  expect(() => parseCommandLine(args)).toThrow(new RegExp(`^${line.replaceAll(/[<>]/g, ".")}$`));
});
