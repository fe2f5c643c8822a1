import { describe, expect, test } from "vitest";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import { createClient, createInMemoryTransport, createNodeHandler } from "@millrace/node";
import { createTransport, implement, implementPartial, serve } from "@millrace/node";
import * as web from "@millrace/web";

// Types refuse them; plain JavaScript and configuration files do not.

const services = [implementPartial(GreetService, {})];
const baseUrl = "http://localhost";

function given(options: object): never {
  return options as never;
}

describe("an option that there is not is refused, naming what it may mean:", () => {
  test.each<[string, () => unknown, string]>([
    [
      "a base URL",
      () => createTransport(given({ baseURL: baseUrl })),
      'createTransport() has no option "baseURL": did you mean baseUrl?',
    ],
    [
      "a limit",
      () => createTransport(given({ baseUrl, maxReceiveByte: 1 })),
      'createTransport() has no option "maxReceiveByte": did you mean maxReceiveBytes?',
    ],
    [
      "a compression",
      () => createTransport(given({ baseUrl, compression: { sends: "gzip" } })),
      'compression has no option "sends": did you mean send?',
    ],
    [
      "one of TLS",
      () => createTransport(given({ baseUrl: "https://localhost", tls: { rejectUnauthorised: false } })),
      'tls has no option "rejectUnauthorised": did you mean rejectUnauthorized?',
    ],
    [
      "one like no other",
      () => createClient(GreetService, createTransport({ baseUrl }), given({ retries: 3 })),
      'createClient() has no option "retries": there are timeoutMs, headers, interceptors, observers, onAbandoned',
    ],
    [
      "a service's",
      () => implement(GreetService, given({}), given({ gates: [] })),
      'the service greet.v1.GreetService has no option "gates": did you mean gate?',
    ],
    [
      "a mounted App's",
      () => createNodeHandler(given({ services, onErorr() {} })),
      'the App has no option "onErorr": did you mean onError?',
    ],
    [
      "what a mounted App cannot do",
      () => createNodeHandler(given({ services, port: 1 })),
      'the App has no option "port": there are gate, interceptors,',
    ],
    [
      "an App's in memory",
      () => createInMemoryTransport(given({ services, pathprefix: "/rpc" })),
      'the App has no option "pathprefix": did you mean pathPrefix?',
    ],
    [
      "a transport's in memory",
      () => createInMemoryTransport({ services }, given({ timeoutms: 1 })),
      'createInMemoryTransport() has no option "timeoutms": did you mean timeoutMs?',
    ],
    [
      "a transport's over fetch",
      () => web.createTransport(given({ baseUrl, protocol: web.connect, httpVersion: "2" })),
      'createTransport() has no option "httpVersion": there are baseUrl, fetch,',
    ],
    [
      "an App's over fetch",
      () => web.createFetchHandler(given({ services, maxSendByte: 1 })),
      'the App has no option "maxSendByte": did you mean maxSendBytes?',
    ],
  ])("%s", (_, make, text) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(text);
  });

  test.each<[string, object, string]>([
    ["a server's", { hots: "127.0.0.1" }, 'serve() has no option "hots": did you mean host?'],
    ["an address's", { addresses: [{ prot: 1 }] }, 'addresses has no option "prot": did you mean port?'],
  ])("%s", async (_, options, text) => {
    await expect(serve(given({ services, ...options }))).rejects.toThrow(new TypeError(text));
  });
});

test("an option that is undefined is none", async () => {
  const server = await serve(given({ services, host: "127.0.0.1", prot: undefined }));
  await server.close();
});
