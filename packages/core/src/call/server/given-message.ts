import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../../init.ts";
import { shortened } from "../../shortened.ts";

/** The message that a handler gave. Throws TypeError if it gave none. */
export function givenMessage(given: unknown, path: string): Init<Message> {
  // An empty message is {}; nothing at all is a forgotten return.
  if (typeof given === "object" && given !== null) return given;
  throw new TypeError(`the handler of ${path} gave ${shown(given)} where a message belongs`);
}

function shown(given: unknown): string {
  const text = shortened(String(given), 64);
  if (given === undefined || given === null) return text;
  return `the ${typeof given} ${typeof given === "string" ? JSON.stringify(text) : text}`;
}
