import type { Fields } from "@millrace/exchange";
import { base64Length } from "../../base64.ts";
import { codeToNumber } from "../../code.ts";
import { RpcError } from "../../error.ts";
import { fieldSize, listSize } from "../fields.ts";
import type { CutError } from "../server-protocol.ts";
import { percentEncode } from "./percent.ts";
import { encodeStatus } from "./status-proto.ts";

/**
 * Bytes of fields, as HTTP/2 counts them, that every client takes: the limit that PROTOCOL-HTTP2.md "Responses" suggests to
 * them. Clients in Java and C++ keep to it, and know nothing of a status in a list that is larger, not even its code.
 */
export const usualListSize: number = 8 * 1024;

/** Of a status this much always travels, whatever trailers are beside it. */
const leastStatusSize = 1024;

/** Trailers above this travel on no connection of HTTP/2 as engines are set up. */
const mostTrailersSize = 60 * 1024;

const ellipsis = "%E2%80%A6";

/**
 * An error whose status is larger than clients take, as far as they do: without details, then with the beginning of its
 * text alone. Null: all of it fits.
 */
export function cutStatus(error: RpcError, given: Fields): CutError | null {
  const left: string[] = [];
  const givenSize = listSize(given);
  const trailers = givenSize > mostTrailersSize ? [] : given;
  if (trailers !== given) left.push(`${givenSize} bytes of trailers`);
  const room = Math.max(usualListSize - listSize(trailers), leastStatusSize) - fieldSize("grpc-status", "00");
  let { message, details } = error;
  if (details.length > 0) {
    const size = detailsSize(error);
    if (size + messageSize(message, room) > room) {
      details = [];
      left.push(`${size} bytes of details`);
    }
  }
  if (messageSize(message, room) > room) {
    message = beginning(message, room - fieldSize("grpc-message", ellipsis));
    left.push(`the text from character ${message.length - 1} on`);
  }
  if (left.length === 0) return null;
  return { error: new RpcError(error.code, message, { details }), trailers, left: left.join(", ") };
}

/** More than `room` stands for any size above it. */
function messageSize(message: string, room: number): number {
  if (message === "") return 0;
  return fieldSize("grpc-message", message.length > room ? message : percentEncode(message));
}

/** How large the field is. Large details are not encoded to learn that they are. */
function detailsSize({ code, message, details }: RpcError): number {
  let values = 0;
  for (const { value } of details) values += value.length;
  const bytes =
    values > usualListSize ? values : encodeStatus({ code: codeToNumber(code), message, details }).length;
  return fieldSize("grpc-status-details-bin", "") + base64Length(bytes);
}

/** As many characters as `room` bytes have encoded, and an ellipsis behind them. */
function beginning(text: string, room: number): string {
  let length = 0;
  let size = 0;
  for (const character of text) {
    // At either end a space is three bytes; inside, where most are, it is one.
    size += character === " " && length > 0 ? 1 : percentEncode(character).length;
    if (size > room) break;
    length += character.length;
  }
  return `${text.slice(0, length)}…`;
}
