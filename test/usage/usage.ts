// Every feature of the public API once, and what must be a type error. It is compiled, never run; each feature has a test
// that runs elsewhere.
import { create, isMessage } from "@bufbuild/protobuf";
import {
  callBidi,
  callClientStream,
  callServerStream,
  callUnary,
  contextKey,
  contextValues,
  createClient,
  createInMemoryTransport,
  createNodeHandler,
  createTransport,
  errorDetail,
  findDetails,
  implement,
  implementPartial,
  isCallTo,
  RpcError,
  serve,
  setHeaders,
} from "@millrace/node";
import { createFetchHandler } from "@millrace/web";
import { fromDescriptor } from "@millrace/core/reflect";
import type {
  App,
  ContextKey,
  Gate,
  HandlerCall,
  Implementation,
  Init,
  Interceptor,
  Messages,
  MessageStream,
  Metadata,
  Observer,
  Reply,
  ReplyPromise,
  ReplyStream,
  StreamCall,
} from "@millrace/node";
import {
  GreetRequestSchema,
  GreetReplySchema,
  MoodSchema,
  GreetService as GreetDesc,
  OddService as OddDesc,
} from "../../gen/greet/v1/greet_pb.ts";
import type {
  CollectReply,
  GreetReply,
  GreetRequest,
  WatchRequest,
  Mood,
} from "../../gen/greet/v1/greet_pb.ts";
import {
  GreetService,
  GreetService_chat,
  GreetService_collect,
  GreetService_greet,
  GreetService_watch,
  OddService,
} from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient, GreetServiceHandlers } from "../../gen/greet/v1/greet_millrace.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Equal<A, B>): void {}
declare function log(...args: unknown[]): void;
declare function verify(token: string | undefined): Promise<User>;
interface User {
  id: string;
}

// ---------- server ----------
export const currentUser: ContextKey<User | undefined> = contextKey("user");
export const tenant: ContextKey<string> = contextKey("tenant", "default");

// check a token: one line
const gate: Gate = async (call) => {
  call.values.set(currentUser, await verify(call.requestHeaders.get("authorization")));
};
// refuse
const closed: Gate = () => {
  throw new RpcError("unauthenticated", "log in first", { metadata: { "www-authenticate": "Bearer" } });
};

const backend: GreetServiceClient = createClient(
  GreetService,
  createTransport({ baseUrl: "http://b", protocol: "grpc" }),
);

// 1. object literal: parameters inferred, init-shaped replies
export const greet: Implementation = implement(
  GreetService,
  {
    greet: (request, call) => {
      same<typeof request, GreetRequest>(true);
      same<typeof call, HandlerCall>(true);
      call.responseHeaders.set("x-served-by", "a");
      call.sendHeaders();
      call.responseTrailers.set("cost-bin", new Uint8Array(1));
      log(
        call.signal.aborted,
        call.remainingMs,
        call.peer?.address,
        call.protocol,
        call.values.require(currentUser).id,
        call.method.path,
      );
      same<ReturnType<typeof call.values.get<string>>, string>(true);
      const u = call.values.get(currentUser);
      same<typeof u, User | undefined>(true);
      const t = call.values.get(tenant);
      same<typeof t, string>(true);
      return { greeting: `Hello, ${request.name}!`, places: [{ name: "x" }] };
    },
    async *watch(request, call) {
      same<typeof request, WatchRequest>(true);
      while (!call.signal.aborted) yield { greeting: String(request.everyMs) };
    },
    async collect(requests) {
      const first = await requests.receive();
      same<typeof first, GreetRequest | undefined>(true);
      let n = first ? 1n : 0n;
      for await (const r of requests) {
        same<typeof r, GreetRequest>(true);
        n++;
      }
      return { count: n };
    },
    async *chat(requests, call) {
      for await (const r of requests) {
        call.responseTrailers.set("last", r.name);
        yield create(GreetReplySchema, { greeting: r.name });
      }
    },
  },
  { gate, interceptors: [], observers: [] },
);

// 2. relay: another call's result is a handler's result
const relay: GreetServiceHandlers = {
  greet: (request) => backend.greet(request),
  watch: (request) => backend.watch(request),
  collect: (requests) => backend.collect(requests),
  chat: (requests) => backend.chat(requests),
};

// 3. class with `this`, private helper, field-style method (parameters inferred)
class Greeter implements GreetServiceHandlers {
  #hello: string;
  constructor(hello: string) {
    this.#hello = hello;
  }
  greet: GreetServiceHandlers["greet"] = async (request) => this.#reply(request.name);
  async *watch(request: WatchRequest, call: HandlerCall): AsyncGenerator<Init<GreetReply>> {
    while (!call.signal.aborted) yield this.#reply(String(request.everyMs));
  }
  async collect(requests: MessageStream<GreetRequest>): Promise<Init<CollectReply>> {
    let n = 0n;
    for await (const _ of requests) n++;
    return { count: n };
  }
  async *chat(requests: MessageStream<GreetRequest>): AsyncGenerator<Init<GreetReply>> {
    for await (const r of requests) yield this.#reply(r.name);
  }
  #reply(name: string): Init<GreetReply> {
    return { greeting: `${this.#hello}, ${name}` };
  }
}

// errors in implementations
// @ts-expect-error a method is missing
implement(GreetService, { greet: () => ({}) });
// @ts-expect-error wrong field type in a returned init
implement(GreetService, { ...relay, greet: () => ({ greeting: 1 }) });
implement(GreetService, {
  ...relay,
  // @ts-expect-error wrong yield
  async *watch() {
    yield { greeting: 1 };
  },
});
// @ts-expect-error server stream must not return a promise of one message
implement(GreetService, { ...relay, watch: async () => ({ greeting: "" }) });
implement(GreetService, {
  ...relay,
  // @ts-expect-error handlers are checked strictly (property syntax): a narrower request is refused
  greet: (request: GreetRequest & { extra: string }) => ({ greeting: request.extra }),
});
// @ts-expect-error a full message of another type
implement(GreetService, { ...relay, greet: (request) => request });
// @ts-expect-error unknown method name
implementPartial(GreetService, { greeet: () => ({}) });
implementPartial(GreetService, { greet: (request) => ({ greeting: request.name }) });

// 4. an app is a plain object, mounted in several places
const app: App = {
  services: [greet, implement(GreetService, relay), implement(GreetService, new Greeter("Hi"))],
  gate,
  onError: (e, call) => log(e, call.method.path),
};
await using server = await serve({ ...app, port: 8080 });
log(server.url);
await server.close({ graceMs: 5000 });
createNodeHandler(app);
createFetchHandler({ ...app, gate: closed });
// @ts-expect-error services must be implementations
serve({ services: [GreetService] });

// ---------- client ----------
const transport = createTransport({
  baseUrl: "https://h",
  protocol: "grpc",
  timeoutMs: 1000,
  interceptors: [
    setHeaders({ "x-a": "1" }),
    setHeaders(async () => ({ authorization: `Bearer ${await Promise.resolve("t")}` })),
  ],
});
const greeter = createClient(GreetService, transport);
same<typeof greeter, GreetServiceClient>(true);
const test = createClient(
  GreetService,
  createInMemoryTransport({
    services: [implementPartial(GreetService, { greet: () => ({ greeting: "fake" }) })],
  }),
);
const opts: { timeoutMs: number | undefined; signal: AbortSignal | undefined; token: string | undefined } = {
  timeoutMs: undefined,
  signal: undefined,
  token: undefined,
};

const reply = await greeter.greet(
  { name: "Ada", to: { case: "place", value: { name: "x" } } },
  {
    timeoutMs: opts.timeoutMs,
    signal: opts.signal,
    headers: { authorization: opts.token, tags: ["a", "b"], "id-bin": new Uint8Array(2) },
    values: contextValues().set(tenant, "acme"),
  },
);
same<typeof reply, GreetReply>(true);
await greeter.greet(create(GreetRequestSchema, { name: "Ada" }), { headers: new Headers() });
const asPromise: Promise<GreetReply> = greeter.greet({});
await asPromise;
const { response, headers, trailers } = await greeter.greet({}).withMetadata();
same<typeof response, GreetReply>(true);
same<typeof headers, Metadata>(true);
log(trailers.get("x"), headers.getBinary("x-bin"));
const [a, b] = await Promise.all([greeter.greet({}), test.greet({})]);
log(a.greeting, b.greeting);
const { greet: g } = greeter;
await g({}); // destructured: property syntax, no `this`
const wm: Promise<Reply<GreetReply>> = greeter.greet({}).withMetadata();
await wm;

for await (const event of greeter.watch({ everyMs: 5 })) {
  same<typeof event, GreetReply>(true);
  if (event.greeting) break;
}
{
  await using w = greeter.watch({});
  log((await w.headers).get("a"));
  const first = await w.receive();
  log(first?.greeting);
  for await (const e of w) log(e.greeting);
  log((await w.trailers).get("b"));
  w.cancel("enough");
}

const upload = greeter.collect({ timeoutMs: 1 });
if (await upload.send({ name: "a" })) log("more");
const result = await upload.finish();
same<typeof result, CollectReply>(true);
const { trailers: ut } = await upload.finish().withMetadata();
log(ut);
async function* names(): AsyncGenerator<Init<GreetRequest>> {
  yield { name: "a" };
}
const counted = await greeter.collect(names(), { timeoutMs: 1 });
same<typeof counted, CollectReply>(true);
await greeter.collect([{ name: "a" }, create(GreetRequestSchema)]);
const chat = greeter.chat();
await chat.send({ name: "x" });
log(await chat.receive());
chat.closeSend();
for await (const m of chat) log(m.greeting);
for await (const m of greeter.chat(names())) log(m.greeting);
async function open() {
  return greeter.chat();
} // never thenable: survives an async return
log((await open()).closeSend);
const source: Messages<GreetRequest> = backend.chat() as unknown as AsyncIterable<GreetRequest>;
greeter.chat(source);

// errors on the client
// @ts-expect-error misspelt field
await greeter.greet({ nam: "Ada" });
// @ts-expect-error misspelt nested field in a oneof
await greeter.greet({ to: { case: "place", value: { nme: "x" } } });
// @ts-expect-error wrong message
await greeter.greet(create(GreetReplySchema));
// @ts-expect-error a promise is not a request
await greeter.greet(greeter.greet({}));
// @ts-expect-error misspelt option
await greeter.greet({}, { timeout: 5 });
// @ts-expect-error iterable of wrong messages
greeter.collect([{ greeting: "" }]);
// @ts-expect-error misspelt option
greeter.chat({ timeout: 5 });
// @ts-expect-error a transport is not a server
const notTransport: import("@millrace/node").Transport = server;
log(notTransport);
// @ts-expect-error streams are not promises
(await greeter.watch({})).greeting;
// @ts-expect-error unary replies are not iterable
for await (const x of greeter.greet({})) log(x);

// odd names
const odd = createClient(OddService, transport);
await odd.then$({});
await odd.constructor$({});
await odd.close({});
await odd.send().send({});
same<Awaited<typeof odd>, typeof odd>(true); // not thenable
const makeOdd = async () => odd;
await (await makeOdd()).close({});

// one method alone
const one: ReplyPromise<GreetReply> = callUnary(
  transport,
  GreetService_greet,
  { name: "Ada" },
  { timeoutMs: 5 },
);
await one;
const many: ReplyStream<GreetReply> = callServerStream(transport, GreetService_watch, { everyMs: 1 });
many.cancel();
callClientStream(transport, GreetService_collect).finish();
callBidi(transport, GreetService_chat).closeSend();
// @ts-expect-error kinds do not mix
callUnary(transport, GreetService_watch, {});
// @ts-expect-error message of another method
callUnary(transport, GreetService_greet, { everyMs: 1 });

// plain descriptors
const viaDesc = createClient(fromDescriptor(GreetDesc), transport);
const dr = await viaDesc.greet({ name: "x" });
same<typeof dr, GreetReply>(true);
const assignable: GreetServiceClient = viaDesc;
log(assignable); // inferred = generated
const oddDesc = createClient(fromDescriptor(OddDesc), transport);
await oddDesc.then$({});
await oddDesc.close({});
await oddDesc.constructor$({});
same<Awaited<typeof oddDesc>, typeof oddDesc>(true);
implement(fromDescriptor(GreetDesc), { ...relay, greet: (request) => ({ greeting: request.name }) });
// @ts-expect-error field type through a descriptor
await viaDesc.greet({ name: 1 });
for (const m of GreetService.methods) if (m.kind === "unary") log(m.path, m.input.typeName);

// ---------- interceptors: the 80 % ----------
const addHeader: Interceptor = (call, next) => {
  call.requestHeaders.set("x-request-id", "1");
  return next(call);
};
const retry: Interceptor = async (call, next) => {
  for (let n = 1; ; n++)
    try {
      return await next(call);
    } catch (e) {
      if (n === 3 || RpcError.from(e).code !== "unavailable") throw e;
    }
};
const stamp: Interceptor = async (call, next) => {
  const reply = await next(call);
  reply.trailers.set("x", "y");
  return reply;
};
const each: Interceptor = async (call, next) =>
  (await next(call.mapRequests((m) => m))).mapResponses(async (m) => m);
const slow: Interceptor = (call, next) => next(call.with({ timeoutMs: 100, headers: { a: "b" } }));
// narrowing by kind: request and response correlate, both by the call and by the reply
const byKind: Interceptor = async (call, next) => {
  if (call.kind === "unary") {
    log(call.request.$typeName);
    const r = await next(call);
    log(r.response.$typeName);
    same<typeof r.kind, "unary">(true);
    return r;
  }
  if (call.kind === "server_streaming") {
    const r = await next(call);
    for await (const m of r.response) log(m.$typeName);
    return r;
  }
  if (call.kind === "client_streaming") {
    for await (const m of call.request) log(m.$typeName);
  }
  const r = await next(call);
  if (r.kind === "bidi_streaming") for await (const m of r.response) log(m.$typeName);
  return r;
};
// wrap an iterable, outlive the headers
const wrap: Interceptor = async (call, next) => {
  if (call.kind !== "bidi_streaming") return next(call);
  const seen = async function* (source: AsyncIterable<import("@bufbuild/protobuf").Message>) {
    for await (const m of source) {
      log(m);
      yield m;
    }
  };
  const r = await next(call.with({ request: seen(call.request) }));
  return call.reply(seen(r.response), { headers: r.headers });
};
// one method, typed; a cache that answers without next
const cache = new Map<string, GreetReply>();
const cached: Interceptor = async (call, next) => {
  if (!isCallTo(call, GreetService_greet)) return next(call);
  const hit = cache.get(call.request.name);
  if (hit) return call.reply(hit, { headers: { age: "1" } });
  const r = await next(call);
  same<typeof r.response, GreetReply>(true);
  cache.set(call.request.name, r.response);
  return r;
};
const byMessage: Interceptor = (call, next) => {
  if (call.kind === "unary" && isMessage(call.request, GreetRequestSchema)) log(call.request.name);
  return next(call);
};
const accessLog: Observer = (call) => ({ end: (e) => log(call.method.path, e.code, e.durationMs) });
const sampled: Observer = (call) => {
  if (call.method.name !== "Greet") return;
  return { sent: (bytes) => log(bytes) };
};
createTransport({
  baseUrl: "",
  interceptors: [addHeader, retry, stamp, each, slow, byKind, wrap, cached, byMessage],
  observers: [accessLog, sampled],
});
const bad: Interceptor = async (call, next) => {
  // @ts-expect-error not narrowed: may be an iterable
  log(call.request.$typeName);
  // @ts-expect-error an interceptor's next takes a call
  await next();
  // @ts-expect-error wrong shape for this kind
  if (call.kind === "unary") return call.reply([]);
  return next(call);
};
// @ts-expect-error must return the reply
const forgot: Interceptor = async (call, next) => {
  await next(call);
};
log(bad, forgot);

// context values
// @ts-expect-error wrong value
contextValues().set(currentUser, { name: 1 });
// @ts-expect-error wrong value for a defaulted key
contextValues().set(tenant, 1);

// errors
try {
  await greeter.greet({});
} catch (e) {
  const error = RpcError.from(e);
  switch (error.code) {
    case "not_found":
      break;
    case "unavailable":
      log(error.metadata.get("x"), error.isRemote);
      break;
    default:
  }
  const moods = findDetails(error, MoodSchema);
  same<typeof moods, Mood[]>(true);
}
const fail = new RpcError("not_found", "no such greeting", {
  details: [errorDetail(MoodSchema, { level: 1 })],
  metadata: { a: "b" },
  cause: 1,
});
// @ts-expect-error misspelt code
new RpcError("notfound", "");
// @ts-expect-error wrong detail
errorDetail(MoodSchema, { lvl: 1 });
const anyCall: StreamCall = chat;
log(fail, anyCall);

// what the types do NOT catch (recorded so that nobody believes otherwise)
implementPartial(GreetService, { greet: () => ({ greeting: "x", typo: 1 }) });
implementPartial(GreetService, { greet: async () => ({ greeting: "x", typo: 1 }) });
implementPartial(GreetService, {
  async *watch() {
    yield { greeting: "x", typo: 1 };
  },
});

// dynamic use: a descriptor from a registry, no generated types
declare const anyDesc: import("@bufbuild/protobuf").DescService;
for (const m of fromDescriptor(anyDesc).methods) {
  if (m.kind === "unary") await callUnary(transport, m, m.input.create({}));
  else if (m.kind === "bidi_streaming") callBidi(transport, m).closeSend();
}
implement(fromDescriptor(anyDesc), { anything: () => ({}) });
// auto-import picked the descriptor instead of our service: an error, and fromDescriptor() is the way
// @ts-expect-error
createClient(GreetDesc, transport);
// explicit propagation where there is no AsyncLocalStorage
implementPartial(GreetService, {
  greet: (request, { signal, remainingMs }) => backend.greet(request, { signal, timeoutMs: remainingMs }),
});
import { createServer } from "node:http";
import { createServer as createServer2 } from "node:http2";
createServer(createNodeHandler(app));
createServer2(createNodeHandler(app));
// floating streams are values; replies are promises
const q: { queryFn: (c: { signal: AbortSignal }) => Promise<GreetReply> } = {
  queryFn: ({ signal }) => greeter.greet({}, { signal }),
};
log(q);
export const g2: Gate = (call) => {
  // @ts-expect-error a gate has no request yet
  if (isCallTo(call, GreetService_greet)) log(call.request.name);
};
