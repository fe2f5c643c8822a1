import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient, createTransport, findDetails } from "@millrace/node";
import type { Transport } from "@millrace/node";
import { createHash } from "node:crypto";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";
import { MoodSchema } from "../../../gen/greet/v1/greet_pb.ts";
import { FileService } from "../../../gen/millrace/file/v1/file_millrace.ts";
import type { FileServiceClient } from "../../../gen/millrace/file/v1/file_millrace.ts";
import { PathProblem_Reason, PathProblemSchema } from "../../../gen/millrace/file/v1/file_pb.ts";
import { carriages, describe } from "./carriages.ts";
import type { Carriage } from "./carriages.ts";
import { expectEqual, expectError } from "./check.ts";
import type { Check } from "./check.ts";
import { readChunks } from "./read-chunks.ts";
import type { SampleFile } from "./sample-file.ts";

/** What the checks call, and the files that they send and fetch. */
export interface Target {
  readonly url: string;
  readonly large: SampleFile;
  readonly small: SampleFile;
}

/** Every kind of call by generated clients, over everything that can carry it. */
export function clientChecks(target: Target): Check[] {
  const over = (
    which: (carriage: Carriage) => boolean,
    what: string,
    expected: Check["expected"],
    calls: (clients: Clients, sample: SampleFile) => Promise<string>,
  ): Check[] =>
    carriages.filter(which).map((carriage) => ({
      what,
      over: describe(carriage),
      expected,
      run: () => withClients(target.url, carriage, (clients) => calls(clients, sampleFor(carriage, target))),
    }));

  const half = (carriage: Carriage): boolean => carriage.httpVersion === "1.1";
  const none = (carriage: Carriage): boolean => half(carriage) && carriage.protocol === "grpc";
  const some = (carriage: Carriage): boolean => !none(carriage);
  const full = (carriage: Carriage): boolean => !half(carriage);
  return [
    ...over(some, "unary: Greet, Stat", "works", unary),
    ...over(some, "server stream: Watch, Download", "works", serverStream),
    ...over(some, "client stream: Collect, Upload", "works", clientStream),
    ...over(full, "bidi: Chat, Search", "works", bidi),
    ...over((carriage) => half(carriage) && some(carriage), "bidi: Chat", "refused", refusedChat),
    ...over(none, "any call", "refused", refusedGreet),
  ];
}

/** The large file goes once over each HTTP version; elsewhere the small one shows the same in less time. */
function sampleFor({ protocol, codec, httpVersion }: Carriage, { large, small }: Target): SampleFile {
  const isMain = codec === "proto" && protocol === (httpVersion === "2" ? "grpc" : "connect");
  return isMain ? large : small;
}

interface Clients {
  readonly greeter: GreetServiceClient;
  readonly files: FileServiceClient;
}

async function withClients(
  baseUrl: string,
  carriage: Carriage,
  calls: (clients: Clients) => Promise<string>,
): Promise<string> {
  // A deadline on every call: whatever goes wrong, the run ends.
  await using transport: Transport = createTransport({ baseUrl, ...carriage, timeoutMs: 30_000 });
  return await calls({
    greeter: createClient(GreetService, transport),
    files: createClient(FileService, transport),
  });
}

async function unary({ greeter, files }: Clients, sample: SampleFile): Promise<string> {
  const greeted = await greeter
    .greet(
      { name: "Ada", to: { case: "place", value: { name: "London" } } },
      { headers: { caller: "main job" } },
    )
    .withMetadata();
  expectEqual("greeting", greeted.response.greeting, "Hello, Ada!");
  expectEqual("place", greeted.response.places[0]?.name, "London");
  expectEqual("header caller", greeted.headers.get("caller"), "main job");
  expectEqual("trailer name-bin", text(greeted.trailers.getBinary("name-bin")), "Ada");

  const nameless = await expectError("Greet without a name", greeter.greet({}));
  expectEqual("code", nameless.code, "invalid_argument");
  expectEqual("message", nameless.message, "whom shall I greet? The name is empty");
  expectEqual(
    "details",
    findDetails(nameless, MoodSchema).map((mood) => mood.level),
    [-1],
  );

  const stat = await files.stat({ path: sample.path });
  expectEqual("size", stat.size, BigInt(sample.size));
  expectEqual("modified", stat.modified && timestampDate(stat.modified), sample.modified);
  for (const [path, code, reason] of [
    ["repository/../../etc/passwd", "invalid_argument", PathProblem_Reason.OUTSIDE],
    ["/etc/passwd", "invalid_argument", PathProblem_Reason.MALFORMED],
    ["repository/no-such-file", "not_found", PathProblem_Reason.MISSING],
  ] as const) {
    const refusal = await expectError(`Stat of ${path}`, files.stat({ path }));
    expectEqual(`code for ${path}`, refusal.code, code);
    const details = findDetails(refusal, PathProblemSchema).map((detail) => [detail.path, detail.reason]);
    expectEqual(`details for ${path}`, details, [[path, reason]]);
  }
  return "replies, headers, trailers; 4 errors with their details";
}

async function serverStream({ greeter, files }: Clients, sample: SampleFile): Promise<string> {
  const greetings: string[] = [];
  for await (const { greeting } of greeter.watch({ everyMs: 1 })) {
    greetings.push(greeting);
    if (greetings.length === 3) break;
  }
  expectEqual("the third greeting", greetings.at(2), "Hello for the 3. time");

  const digest = createHash("sha256");
  let size = 0;
  const download = files.download({ path: sample.path });
  for await (const { data } of download) {
    digest.update(data);
    size += data.byteLength;
  }
  const sha256 = digest.digest("hex");
  expectEqual("header file-size", (await download.headers).get("file-size"), String(sample.size));
  expectEqual("bytes received", size, sample.size);
  expectEqual("SHA-256 of what was received", sha256, sample.sha256);
  expectEqual("trailer sha256-bin", hex((await download.trailers).getBinary("sha256-bin")), sample.sha256);
  return `${mebibytes(size)} down, SHA-256 ${sha256.slice(0, 8)}…`;
}

async function clientStream({ greeter, files }: Clients, sample: SampleFile): Promise<string> {
  const collected = await greeter.collect([{ name: "Ada" }, { name: "Grace" }, { name: "Barbara" }]);
  expectEqual("names collected", collected.count, 3n);

  const upload = files.upload();
  for await (const data of readChunks(sample.place)) {
    // Resolves when there is room for more; false would mean that the server wants none.
    if (!(await upload.send({ data }))) break;
  }
  const { size, sha256 } = await upload.finish();
  expectEqual("bytes received by the server", size, BigInt(sample.size));
  expectEqual("SHA-256 by the server", hex(sha256), sample.sha256);
  return `${mebibytes(sample.size)} up, SHA-256 ${hex(sha256)?.slice(0, 8)}…`;
}

async function bidi({ greeter, files }: Clients): Promise<string> {
  const chat = greeter.chat();
  for (const name of ["Ada", "Grace"]) {
    await chat.send({ name });
    expectEqual("answer", (await chat.receive())?.greeting, `Hello, ${name}!`);
  }
  chat.closeSend();
  expectEqual("what comes after the last answer", await chat.receive(), undefined);
  expectEqual("trailer answered", (await chat.trailers).get("answered"), "2");

  const search = files.search();
  const found: string[] = [];
  for (const pattern of ["rpc Upload(", "service GreetService", "this text is nowhere"]) {
    // The next pattern is sent when the last one's matches are here: both directions are open all the time.
    await search.send({ pattern, folder: "repository/proto" });
    for (let done = false; !done;) {
      const answer = await search.receive();
      expectEqual("the pattern that is answered", answer?.pattern, pattern);
      if (answer?.result.case === "match") found.push(answer.result.value.path);
      else done = true;
    }
  }
  search.closeSend();
  expectEqual("what comes after the last match", await search.receive(), undefined);
  expectEqual("files found", found, [
    "repository/proto/millrace/file/v1/file.proto",
    "repository/proto/greet/v1/greet.proto",
  ]);
  return "2 answers, 3 patterns: each answered before the next was sent";
}

function refusedChat({ greeter }: Clients): Promise<string> {
  return refused(greeter.chat().receive());
}

function refusedGreet({ greeter }: Clients): Promise<string> {
  return refused(greeter.greet({ name: "Ada" }));
}

async function refused(call: Promise<unknown>): Promise<string> {
  const error = await expectError("a call that HTTP/1.1 cannot carry", call);
  expectEqual("whether it came from the server", error.isRemote, false);
  expectEqual("whether the text names the option to change", error.message.includes("httpVersion"), true);
  return `not over HTTP/1.1: ${error.code} at once`;
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes);
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString("hex");
}

function mebibytes(bytes: number): string {
  return `${bytes / 1024 / 1024} MiB`;
}
