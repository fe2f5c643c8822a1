import { connect, createTransport as webTransport } from "@millrace/web";
import { expect, test } from "vitest";
import { parseBaseUrl } from "../src/client/base-url.ts";
import { nodeConnector } from "../src/client/node-connector.ts";
import { pem } from "../../../test/support/pem.ts";

test("a base URL is taken apart into what a request and a socket need", () => {
  expect(parseBaseUrl("http://localhost:8080")).toEqual({
    scheme: "http",
    hostname: "localhost",
    port: 8080,
    authority: "localhost:8080",
    prefix: "",
  });
  expect(parseBaseUrl(new URL("https://Example.com/api/v1//"))).toEqual({
    scheme: "https",
    hostname: "example.com",
    port: 443,
    authority: "example.com",
    prefix: "/api/v1",
  });
});

test("an IPv6 address has brackets in the authority, and none for the socket", () => {
  const url = parseBaseUrl("http://[::1]:9000/");
  expect([url.hostname, url.authority, url.port]).toEqual(["::1", "[::1]:9000", 9000]);
});

test.each([
  ["localhost:8080", /"localhost:8080" does not begin with http:\/\/ or https:\/\//],
  ["/api", /"\/api" is not an absolute URL.*http:\/\/localhost:8080/],
  ["", /"" is not an absolute URL/],
  [undefined as never, /^baseUrl is missing: give the URL of the server/],
  ["ftp://host/", /"ftp:\/\/host\/" does not begin with http:\/\/ or https:\/\//],
  ["http://host/?a=1", /has a query: leave it out/],
  ["http://host/?", /has a query: leave it out/],
  ["http://host/#part", /has a fragment: leave it out/],
])("a base URL that cannot be used is a TypeError that names it and the fix: %j", (value, message) => {
  expect(() => parseBaseUrl(value)).toThrow(TypeError);
  expect(() => parseBaseUrl(value)).toThrow(message);
});

test.each([
  ["http://ada:s3cret@host/", 'baseUrl for host "host" contains credentials'],
  ["http://s3cret@host/", 'baseUrl for host "host" contains credentials'],
  ["http://:s3cret@host/", 'baseUrl for host "host" contains credentials'],
  ["http://ada:s3cret@localhost:99999", 'baseUrl "http://…@localhost:99999" is not an absolute URL'],
  ["http://ada:s3?cret@localhost:99999", 'baseUrl "http://…?…" is not an absolute URL'],
  ["http://ada:s3/cret@host", 'baseUrl "http://…@host" is not an absolute URL'],
  ["ada:s3cret@host", 'baseUrl "…@host" does not begin with http'],
  ["ftp://ada:s3cret@host/", 'baseUrl for host "host" contains credentials'],
  ["http://host/?token=s3cret", 'baseUrl "http://host/?…" has a query'],
  ["http://host/api?token=s3@cret", 'baseUrl "http://…?…" has a query'],
  ["http://host/#s3cret", 'baseUrl "http://host/#…" has a fragment'],
  ["//host?token=s3cret", 'baseUrl "//host?…" is not an absolute URL'],
])("no error shows the credentials, query or fragment of a base URL: %s", (value, message) => {
  const errors = [
    nodeConnector,
    ({ baseUrl }: { baseUrl: string }) => webTransport({ baseUrl, protocol: connect }),
  ];
  for (const make of errors) {
    expect(() => make({ baseUrl: value })).toThrow(message);
    expect(() => make({ baseUrl: value })).not.toThrow(/ada|s3|cret/);
  }
});

test("options that cannot be used are TypeErrors when the connector is made", () => {
  const bad =
    (options: object): (() => unknown) =>
    () =>
      nodeConnector({ baseUrl: "https://localhost", ...options });
  expect(bad({ httpVersion: "3" })).toThrow(/httpVersion "3" is not known: use "1.1" or "2"/);
  expect(bad({ connectTimeoutMs: 0 })).toThrow(/connectTimeoutMs 0 is not a time/);
  expect(bad({ connectTimeoutMs: "5000" })).toThrow(/connectTimeoutMs "5000" is not a time/);
  expect(bad({ connectTimeoutMs: NaN })).toThrow(/connectTimeoutMs NaN is not a time/);
  expect(bad({ tls: { ca: "/etc/ssl/ca.pem" } })).toThrow(
    /tls\.ca holds no certificate in PEM.*the contents of the file, not its name/,
  );
  expect(bad({ tls: { ca: [pem("ca"), Buffer.from(pem("client-key"))] } })).toThrow(
    /tls\.ca holds no certificate/,
  );
  expect(bad({ tls: { cert: "x" } })).toThrow(/tls.cert is of no use alone/);
  expect(bad({ tls: { cert: "x", key: "y" } })).toThrow(/tls: ca, cert or key cannot be used/);
  expect(bad({ baseUrl: "http://localhost", tls: {} })).toThrow(/is cleartext: use https/);
});
