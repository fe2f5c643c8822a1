import assert from "node:assert/strict";
import { join } from "node:path";
import { http2Bodies, localCertificate } from "../paths.ts";
import { type Ended, runToEnd } from "../program.ts";
import { bigValue, bodies, bodyOf } from "./body.ts";
import { demandCurl, demandNghttp } from "./prepare.ts";

/** A program for the command line, and what it is to do with a server. */
export interface Tool {
  readonly name: string;
  /** Throws if it is not installed. */
  readonly prepare: () => void;
  readonly cases: Readonly<Record<string, (origin: string) => Promise<void>>>;
}

/** A body as a file, by the name of its case. */
export function bodyFile(name: string): string {
  return join(http2Bodies, name);
}

/** What a program is to do to send a body to `url`, and to print what comes back. */
type Send = (url: string, file: string) => Promise<Ended>;

async function echo(send: Send, origin: string, name: string): Promise<void> {
  const { exitCode, stdout, stderr } = await send(`${origin}/echo`, bodyFile(name));
  assert.equal(exitCode, 0, `exit code ${exitCode}\n${stderr}`);
  assert.ok(stdout === bodyOf(bodies[name]!).toString("latin1"), `${stdout.length} bytes came, or others`);
}

function echoes(send: Send): Tool["cases"] {
  return Object.fromEntries(Object.keys(bodies).map((name) => [name, (origin) => echo(send, origin, name)]));
}

function runCurl(url: string, ...args: readonly string[]): Promise<Ended> {
  // Over TLS it is ALPN that says so.
  const http2 = url.startsWith("https:") ? "--http2" : "--http2-prior-knowledge";
  const own = ["--silent", http2, "--cacert", localCertificate.ca];
  return runToEnd({ program: "curl", args: [...own, ...args, url] });
}

const curl: Tool = {
  name: "curl",
  prepare: demandCurl,
  cases: {
    async get(origin) {
      const { stdout } = await runCurl(`${origin}/hello`, "--write-out", "%{http_version} %{http_code}");
      assert.equal(stdout, "hello\n2 200");
    },
    ...echoes((url, file) => runCurl(url, "--data-binary", `@${file}`)),
    async response_trailers(origin) {
      const { stderr } = await runCurl(`${origin}/echo`, "--verbose", "--data-binary", "a");
      assert.match(stderr, /^< x-bytes: 1\r?$/m);
    },
    async big_headers(origin) {
      const { stdout } = await runCurl(
        `${origin}/echo`,
        "--include",
        "--header",
        `x-big: ${bigValue}`,
        "--data",
        "a",
      );
      assert.match(stdout, new RegExp(`^x-big: ${bigValue}\r$`, "m"));
    },
    async reset_by_server(origin) {
      const { exitCode } = await runCurl(`${origin}/reset`);
      // "Stream error in the HTTP/2 framing layer".
      assert.equal(exitCode, 92);
    },
  },
};

function runNghttp(...args: readonly string[]): Promise<Ended> {
  return runToEnd({ program: "nghttp", args: ["--no-verify-peer", ...args] });
}

const nghttp: Tool = {
  name: "nghttp",
  prepare: demandNghttp,
  cases: {
    /** With PRIORITY frames, and a tree of streams that are idle (RFC 7540 section 5.3). */
    async get(origin) {
      assert.equal((await runNghttp(`${origin}/hello`)).stdout, "hello\n");
    },
    ...echoes((url, file) => runNghttp(`--data=${file}`, url)),
    async post_trailers(origin) {
      const args = ["--verbose", `--data=${bodyFile("post_byte")}`, "--trailer=x-sum: one"];
      const { stdout } = await runNghttp(...args, `${origin}/echo`);
      assert.match(stdout, /recv \(stream_id=\d+\) x-sum: one\n/);
      assert.match(stdout, /recv \(stream_id=\d+\) x-bytes: 1\n/);
    },
    async concurrent(origin) {
      const { stdout } = await runNghttp("--stat", "--null-out", "--multiply=200", `${origin}/hello`);
      assert.equal(stdout.match(/ 200 +\S+ \/hello$/gm)?.length, 200);
    },
    async continuation(origin) {
      assert.equal((await runNghttp("--continuation", `${origin}/hello`)).stdout, "hello\n");
    },
    /** RFC 7541 section 4.2: down and up again in one SETTINGS frame. */
    async header_table_sizes(origin) {
      const sizes = ["--header-table-size=0", "--header-table-size=1024"];
      assert.equal(
        (await runNghttp(...sizes, "--multiply=3", `${origin}/hello`)).stdout,
        "hello\n".repeat(3),
      );
    },
    async padding(origin) {
      await echo((url, file) => runNghttp("--padding=255", `--data=${file}`, url), origin, "post_1mib");
    },
    async small_window(origin) {
      const windows = ["--window-bits=10", "--connection-window-bits=16"];
      await echo((url, file) => runNghttp(...windows, `--data=${file}`, url), origin, "post_1mib");
    },
    async large_window(origin) {
      const windows = ["--window-bits=30", "--connection-window-bits=30"];
      await echo((url, file) => runNghttp(...windows, `--data=${file}`, url), origin, "post_16mib");
    },
    async expect_continue(origin) {
      const args = ["--verbose", "--expect-continue", `--data=${bodyFile("post_byte")}`];
      const { stdout } = await runNghttp(...args, `${origin}/hello`);
      assert.match(stdout, /:status: 100\n[^]*send DATA frame[^]*:status: 200\n[^]*hello\n/);
    },
  },
};

/** How many requests succeeded, and how many bytes of bodies came. */
async function runH2load(...args: readonly string[]): Promise<readonly [succeeded: number, bytes: number]> {
  const { exitCode, stdout, stderr } = await runToEnd({ program: "h2load", args });
  assert.equal(exitCode, 0, stderr);
  const succeeded = /(\d+) succeeded, 0 failed, 0 errored, 0 timeout/.exec(stdout)?.[1];
  const bytes = /\((\d+)\) data$/m.exec(stdout)?.[1];
  return [Number(succeeded), Number(bytes)];
}

const h2load: Tool = {
  name: "h2load",
  prepare: demandNghttp,
  cases: {
    async concurrent(origin) {
      const load = await runH2load("--requests=20000", "--clients=4", "-m", "100", `${origin}/hello`);
      assert.deepEqual(load, [20_000, 120_000]);
    },
    async posts(origin) {
      const body = `--data=${bodyFile("post_1mib")}`;
      const load = await runH2load("--requests=50", "--clients=2", "-m", "10", body, `${origin}/echo`);
      assert.deepEqual(load, [50, 50 * 2 ** 20]);
    },
    async small_window(origin) {
      const windows = ["--window-bits=7", "--connection-window-bits=16", `--data=${bodyFile("post_kib")}`];
      const load = await runH2load("--requests=200", "--clients=2", "-m", "50", ...windows, `${origin}/echo`);
      assert.deepEqual(load, [200, 200 * 1024]);
    },
  },
};

export const tools: readonly Tool[] = [curl, nghttp, h2load];
