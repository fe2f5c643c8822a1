import { RpcError } from "../error.ts";

/** Whose limit it is: its error is read on both sides. */
export type Side = "client" | "server";

const receiving: Readonly<Record<Side, string>> = {
  client: "this client's maxReceiveBytes): raise it in createTransport() or in the call's options",
  server: "the server's maxReceiveBytes): send less, or raise it in the server's App",
};
const sending: Readonly<Record<Side, string>> = {
  client: "this client's maxSendBytes): send less, or raise it in createTransport()",
  server: "the server's maxSendBytes): answer with less, or raise it in the server's App",
};

/** The error of a received message above the limit. */
export function receivedTooLarge(size: string, limit: number, side: Side): RpcError {
  return tooLarge(size, limit, receiving[side]);
}

/** The error of a received message that is above the limit once it is decompressed. */
export function decompressedTooLarge(limit: number, side: Side): RpcError {
  const text = `message is larger than ${limit} bytes once decompressed (${receiving[side]}`;
  return new RpcError("resource_exhausted", text);
}

/** The error of a message above the limit that was to be sent. */
export function sentTooLarge(size: number, limit: number, side: Side): RpcError {
  return tooLarge(`${size} bytes`, limit, sending[side]);
}

function tooLarge(size: string, limit: number, whose: string): RpcError {
  return new RpcError(
    "resource_exhausted",
    `message of ${size} exceeds the limit of ${limit} bytes (${whose}`,
  );
}
