// What gRPC's interoperability test descriptions fix: sizes in bytes, names, values.
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md

/** Of the requests of client streaming and ping-pong, in their order. */
export const requestSizes: readonly number[] = [27_182, 8, 1828, 45_904];
/** Of the responses of server streaming and ping-pong, in their order. */
export const responseSizes: readonly number[] = [31_415, 9, 2653, 58_979];
export const largeRequestSize = 271_828;
export const largeResponseSize = 314_159;

/** What a server echoes: the first as a header, the second as a trailer. */
export const initialMetadata = {
  name: "x-grpc-test-echo-initial",
  value: "test_initial_metadata_value",
} as const;
export const trailingMetadata = {
  name: "x-grpc-test-echo-trailing-bin",
  value: Uint8Array.of(0x0a, 0x0b, 0x0a, 0x0b, 0x0a, 0x0b),
} as const;

/** gRPC's code UNKNOWN, and the texts to come with it. */
export const statusCode = 2;
export const statusMessage = "test status message";
export const specialStatusMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
