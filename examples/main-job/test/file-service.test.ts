import { createClient, createInMemoryTransport, findDetails, RpcError } from "@millrace/node";
import type { Transport } from "@millrace/node";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileService } from "../../../gen/millrace/file/v1/file_millrace.ts";
import type { FileServiceClient } from "../../../gen/millrace/file/v1/file_millrace.ts";
import { PathProblem_Reason, PathProblemSchema } from "../../../gen/millrace/file/v1/file_pb.ts";
import { createFileService } from "../src/file-service.ts";

const content = randomBytes(200_000);
const sha256 = createHash("sha256").update(content).digest();

let scratch: string;
let transport: Transport;
let files: FileServiceClient;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "millrace-test-"));
  const shared = join(scratch, "shared");
  await mkdir(join(shared, "texts/deep"), { recursive: true });
  await writeFile(join(scratch, "secret"), "not shared");
  await writeFile(join(scratch, "shared-not"), "a neighbour whose name begins alike");
  await writeFile(join(shared, "data.bin"), content);
  await writeFile(join(shared, "empty"), "");
  await writeFile(join(shared, ".hidden"), "not shown");
  await writeFile(join(shared, "texts/one.txt"), "first line\nsecond line\n");
  await writeFile(join(shared, "texts/deep/two.txt"), "another first\n");
  await symlink("../secret", join(shared, "leads-out"));
  await symlink("../shared-not", join(shared, "leads-next-door"));
  await symlink(".hidden", join(shared, "leads-to-hidden"));
  await symlink("data.bin", join(shared, "leads-inside"));
  await symlink("loop", join(shared, "loop"));

  transport = createInMemoryTransport({ services: [createFileService(new Map([["shared", shared]]))] });
  files = createClient(FileService, transport);
});

afterAll(async () => {
  await transport.close();
  await rm(scratch, { recursive: true });
});

async function failure(call: Promise<unknown>): Promise<RpcError> {
  return call.then(
    () => expect.fail("the call succeeded"),
    (error: unknown) => RpcError.from(error),
  );
}

describe("a path is refused, with a PathProblem, when it", () => {
  test.each([
    ["climbs out", "shared/../secret", "invalid_argument", PathProblem_Reason.OUTSIDE],
    ["climbs out deeper down", "shared/texts/../../secret", "invalid_argument", PathProblem_Reason.OUTSIDE],
    ["names a hidden file", "shared/.hidden", "invalid_argument", PathProblem_Reason.OUTSIDE],
    ["is a link that leads out", "shared/leads-out", "not_found", PathProblem_Reason.OUTSIDE],
    [
      "is a link to a neighbour of like name",
      "shared/leads-next-door",
      "not_found",
      PathProblem_Reason.OUTSIDE,
    ],
    ["is a link to a hidden file", "shared/leads-to-hidden", "not_found", PathProblem_Reason.OUTSIDE],
    ["is a link to itself", "shared/loop", "not_found", PathProblem_Reason.MISSING],
    ["is absolute", "/etc/passwd", "invalid_argument", PathProblem_Reason.MALFORMED],
    ["is empty", "", "invalid_argument", PathProblem_Reason.MALFORMED],
    ["has an empty part", "shared//data.bin", "invalid_argument", PathProblem_Reason.MALFORMED],
    ["has a NUL", "shared/data.bin\0", "invalid_argument", PathProblem_Reason.MALFORMED],
    ["has a backslash", "shared\\..\\secret", "invalid_argument", PathProblem_Reason.MALFORMED],
    ["names a folder that is not shared", "other/data.bin", "not_found", PathProblem_Reason.MISSING],
    ["names nothing", "shared/nothing", "not_found", PathProblem_Reason.MISSING],
    ["goes on behind a file", "shared/data.bin/more", "not_found", PathProblem_Reason.MISSING],
    ["has an endless name", `shared/${"x".repeat(5000)}`, "not_found", PathProblem_Reason.MISSING],
    [
      "names a folder where a file is wanted",
      "shared/texts",
      "invalid_argument",
      PathProblem_Reason.WRONG_TYPE,
    ],
    ["names the shared folder itself", "shared", "invalid_argument", PathProblem_Reason.WRONG_TYPE],
  ] as const)("%s", async (_, path, code, reason) => {
    for (const call of [() => files.stat({ path }), () => files.download({ path }).receive()]) {
      const error = await failure(call());
      expect(error.code).toBe(code);
      expect(findDetails(error, PathProblemSchema)).toMatchObject([{ path, reason }]);
    }
  });
});

test("Stat tells the size, also through a link that stays inside", async () => {
  expect(await files.stat({ path: "shared/data.bin" })).toMatchObject({ size: 200_000n });
  expect(await files.stat({ path: "shared/leads-inside" })).toMatchObject({ size: 200_000n });
});

test("Download gives the file's bytes, their number in a header, their digest in a trailer", async () => {
  const download = files.download({ path: "shared/data.bin" });
  expect((await download.headers).get("file-size")).toBe("200000");
  const chunks: Uint8Array[] = [];
  for await (const { data } of download) chunks.push(data);
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  expect((await download.trailers).getBinary("sha256-bin")).toEqual(new Uint8Array(sha256));
});

test("Download of an empty file has no message, but header and trailer", async () => {
  const download = files.download({ path: "shared/empty" });
  expect(await download.receive()).toBe(undefined);
  expect((await download.headers).get("file-size")).toBe("0");
  const digest = (await download.trailers).getBinary("sha256-bin");
  expect(digest).toEqual(new Uint8Array(createHash("sha256").digest()));
});

test("Upload answers the number of bytes and their digest", async () => {
  const upload = files.upload();
  for (let from = 0; from < content.byteLength; from += 65_536) {
    expect(await upload.send({ data: content.subarray(from, from + 65_536) })).toBe(true);
  }
  const { size, sha256: digest } = await upload.finish();
  expect(size).toBe(200_000n);
  expect(Buffer.from(digest).equals(sha256)).toBe(true);
});

test("Search answers a pattern before the patterns end", async () => {
  const search = files.search();
  await search.send({ pattern: "first", folder: "shared/texts" });
  const two = { path: "shared/texts/deep/two.txt", line: 1, text: "another first" };
  expect(await search.receive()).toMatchObject({ pattern: "first", result: { case: "match", value: two } });
  const one = { path: "shared/texts/one.txt", line: 1, text: "first line" };
  expect(await search.receive()).toMatchObject({ pattern: "first", result: { case: "match", value: one } });
  const done = { matches: 2, files: 2 };
  expect(await search.receive()).toMatchObject({ pattern: "first", result: { case: "done", value: done } });

  await search.send({ pattern: "second", folder: "shared/texts" });
  expect(await search.receive()).toMatchObject({ result: { case: "match", value: { line: 2 } } });
  search.closeSend();
  expect(await search.receive()).toMatchObject({ pattern: "second", result: { case: "done" } });
  expect(await search.receive()).toBe(undefined);
});

test("Search does not follow links, nor look into hidden files", async () => {
  const search = files.search([
    { pattern: "not shared", folder: "shared" },
    { pattern: "not shown", folder: "shared" },
  ]);
  const cases: unknown[] = [];
  for await (const { result } of search) cases.push(result.case);
  expect(cases).toEqual(["done", "done"]);
});

test("Search refuses an empty pattern, which every line has in it", async () => {
  const error = await failure(files.search([{ folder: "shared" }]).receive());
  expect(error.code).toBe("invalid_argument");
});
