import { comparisons } from "../../packages/http2/test/hpack/differential/comparisons.ts";
import { nghttp2Tools } from "../../packages/http2/test/hpack/differential/nghttp2-tools.ts";
import { pythonHpack } from "../../packages/http2/test/hpack/differential/python-hpack.ts";
import { makeTools } from "../../packages/http2/test/hpack/differential/tools.ts";
import type { Lane } from "./lane.ts";

/** The HTTP/2 engine's header compression against that of others, on connections that are made up. */
export function hpackLanes(): Lane[] {
  return [pythonHpack(), nghttp2Tools()].map((peer) => ({
    peer: peer.name,
    direction: "both ways",
    carriage: "HPACK",
    needs: [makeTools],
    server: undefined,
    cases: comparisons(peer, { seed: 1, numRuns: 100 }).map(({ name, run }) => ({
      name,
      run: async () => void run(),
    })),
  }));
}
