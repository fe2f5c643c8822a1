import { describe, expect, test } from "vitest";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import { createInMemoryTransport, createTransport, implementPartial, serve } from "@millrace/node";
import type { App, ServeOptions, TransportOptions } from "@millrace/node";

// Options that types refuse come all the same, out of configuration and from JavaScript.

const services = [implementPartial(GreetService, {})];

describe("createTransport() refuses, naming the option, the value and the choice,", () => {
  test.for<[string, object, string]>([
    [
      "a protocol",
      { protocol: "grcp" },
      'protocol is "grcp": it must be one of "connect", "grpc", "grpc-web"',
    ],
    ["a codec", { codec: "xml" }, 'codec is "xml": it must be one of "proto", "json"'],
    [
      "a number of bytes",
      { maxReceiveBytes: -1 },
      "maxReceiveBytes is -1: it must be a whole number of bytes",
    ],
    ["a timeout", { timeoutMs: "5 s" }, "timeoutMs is 5 s: it must be a number of milliseconds, or Infinity"],
    [
      "a compression",
      { compression: { send: "lz4" } },
      'compression.send: "lz4" is not to be had here: use gzip',
    ],
    ["a base URL", { baseUrl: "localhost:8080" }, 'baseUrl "localhost:8080" has the scheme "localhost"'],
  ])("%s that is none", ([, option, text]) => {
    const options = { baseUrl: "http://localhost", ...option } as TransportOptions;
    expect(() => createTransport(options)).toThrow(TypeError);
    expect(() => createTransport(options)).toThrow(text);
  });
});

describe("an App is refused, wherever it goes,", () => {
  test.for<[string, object, string]>([
    [
      "with a protocol that is none",
      { services, protocols: ["grcp"] },
      'protocols is "grcp": it must be one of',
    ],
    [
      "with a service in place of its implementation",
      { services: [GreetService] },
      "give what implement(service",
    ],
    [
      "with a service twice",
      { services: [...services, ...services] },
      "greet.v1.GreetService is in the App twice",
    ],
    [
      "with a prefix that is no path",
      { services, pathPrefix: "rpc" },
      'pathPrefix is "rpc": it must be a path',
    ],
  ])("%s", async ([, app, text]) => {
    expect(() => createInMemoryTransport(app as App)).toThrow(text);
    await expect(serve(app as ServeOptions)).rejects.toThrow(text);
  });
});
