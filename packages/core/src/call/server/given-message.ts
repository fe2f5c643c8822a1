import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../../init.ts";

/** The message that a handler gave. Throws TypeError if it gave none. */
export function givenMessage(given: unknown, path: string): Init<Message> {
  // An empty message is {}; nothing at all is a forgotten return.
  if (typeof given === "object" && given !== null) return given;
  throw new TypeError(`the handler of ${path} gave ${String(given)} where a message belongs`);
}
