// PROTOCOL 7 "details and metadata", 1 "keys ending in -bin".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FieldMetadata, InvalidMetadata } from "../../src/metadata.ts";
import { prefixedTrailers, prefixTrailers } from "../../src/protocol/connect/trailer-prefix.ts";
import { isReservedName } from "../../src/reserved-name.ts";

const name = fc
  .stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/)
  .filter((text) => !isReservedName(text.toLowerCase()) && !text.toLowerCase().endsWith("-bin"));
const entry = fc.oneof(
  fc.tuple(name, fc.stringMatching(/^[\x20-\x7e]{0,20}$/)),
  fc.tuple(
    name.map((text) => `${text}-bin`),
    fc.uint8Array({ maxLength: 20 }),
  ),
);

test("what is set arrives, in its order, as headers and as trailers of each kind", () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const sent = FieldMetadata.of(entries).fields;
      const expected = entries.map(([name, value]) => [name.toLowerCase(), value]);
      expect([...FieldMetadata.received(sent)]).toEqual(expected);
      expect([...FieldMetadata.received(prefixedTrailers(prefixTrailers(sent)))]).toEqual(expected);
    }),
  );
});

test("what was received can be passed on", () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const received = FieldMetadata.received(FieldMetadata.of(entries).fields);
      expect(FieldMetadata.of(received).fields).toEqual(received.fields);
    }),
  );
});

test("whatever is set, it is set or refused as invalid metadata, and what is set can be sent", () => {
  const anything = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.uint8Array(), fc.anything());
  fc.assert(
    fc.property(
      fc.oneof(name, fc.string(), fc.constantFrom("x-bin", "te", "grpc-status")),
      anything,
      (name, value) => {
        const metadata = new FieldMetadata();
        try {
          metadata.append(name, value as string);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidMetadata);
        }
        for (const text of metadata.fields) expect(text).toMatch(/^[\x20-\x7e]*$/);
      },
    ),
  );
});

test("whatever is received can be looked at; what is not base64 is invalid metadata to its reader alone", () => {
  const field = fc.tuple(
    fc.constantFrom("x-bin", "y", ""),
    fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: "binary" })),
  );
  fc.assert(
    fc.property(fc.array(field), (given) => {
      const received = FieldMetadata.received(given.flat());
      for (const name of ["x-bin", "y", ""])
        expect(received.getAll(name)).toEqual(given.filter((one) => one[0] === name).map((one) => one[1]));
      for (const text of FieldMetadata.of(received).fields) expect(text).toMatch(/^[\x20-\x7e]*$/);
      try {
        for (const [name, value] of received) expect(value instanceof Uint8Array).toBe(name === "x-bin");
        expect(received.getBinary("x-bin")).toEqual([...received].find(([name]) => name === "x-bin")?.[1]);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidMetadata);
      }
    }),
  );
});
