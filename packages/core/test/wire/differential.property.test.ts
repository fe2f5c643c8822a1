import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { initOf } from "./arbitrary-message.ts";
import { createBoth, decodeBoth, encodeBoth, encoded } from "./beside-protobuf-es.ts";
import { subjects } from "./generated-codecs.ts";

describe.each(subjects)("$name beside protobuf-es", (subject) => {
  const init = initOf(subject.schema);

  test("what is created, written and read is the same", () => {
    fc.assert(
      fc.property(init, (given) => {
        const message = createBoth(subject, given);
        const bytes = encodeBoth(subject, message);
        // Init shapes are written as what is made of them.
        expect(Buffer.from(encoded(subject.codec as never, given))).toEqual(Buffer.from(bytes!));
        decodeBoth(subject, bytes!);
      }),
      { numRuns: 60 },
    );
  });
});
