// PROTOCOL 4 "grpc-message: percent-encode ...; decode leniently, never throw".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { percentDecode, percentEncode } from "../../src/protocol/grpc/percent.ts";

/** Every UTF-16 there is, halves of surrogate pairs among it. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

test("of any text what Unicode can say comes back, through printable ASCII", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const encoded = percentEncode(text);
      expect(encoded).toMatch(/^[\x20-\x7e]*$/);
      expect(percentDecode(encoded)).toBe(text.toWellFormed());
    }),
  );
});

test("of any value a text is read: escapes are bytes of UTF-8, all else stands for itself", () => {
  const parts = fc.array(
    fc.constantFrom(
      "%",
      "%4",
      "%41",
      "%C3%A4",
      "%c3",
      "%a4",
      "%4g",
      "%G1",
      "%EF%BB%BF",
      "A",
      "4",
      "ä",
      "\ufeff",
    ),
  );
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  fc.assert(
    fc.property(
      fc.oneof(
        parts.map((all) => all.join("")),
        anyText.map((text) => text.toWellFormed()),
      ),
      (text) => {
        const expected = text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
          utf8.decode(Buffer.from(run.replaceAll("%", ""), "hex")),
        );
        expect(percentDecode(text)).toBe(expected);
      },
    ),
  );
});
