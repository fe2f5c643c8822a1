/**
 * Thrown where the fast path ends: what is left is protobuf-es's, from the start, which knows every form and has the words
 * for every error.
 */
export const beyond: Error = /*@__PURE__*/ new Error("beyond the fast path");
