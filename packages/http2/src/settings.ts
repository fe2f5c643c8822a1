import { ErrorCode } from "@millrace/exchange";

import type { Violation } from "./violation.ts";

/** RFC 9113 section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1. */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  NO_RFC7540_PRIORITIES: 0x9,
} as const;

/** RFC 9113 section 6.9.2: of streams and of the connection, until someone says otherwise. */
export const initialWindow = 65_535;

/** What a peer has said of itself. */
export interface PeerSettings {
  headerTableSize: number;
  /** The smallest that it has been since the encoder heard of it, which has to be told as well (RFC 7541 section 4.2). */
  leastHeaderTableSize: number;
  enablePush: boolean;
  maxConcurrentStreams: number;
  initialWindowSize: number;
  maxFrameSize: number;
  maxHeaderListSize: number;
  enableConnectProtocol: boolean;
}

/** RFC 9113 section 6.5.2: what holds before it has said anything. */
export function initialSettings(): PeerSettings {
  return {
    headerTableSize: 4096,
    leastHeaderTableSize: 4096,
    enablePush: true,
    maxConcurrentStreams: Infinity,
    initialWindowSize: initialWindow,
    maxFrameSize: 16_384,
    maxHeaderListSize: Infinity,
    enableConnectProtocol: false,
  };
}

/** Takes a SETTINGS frame's payload, in its order; unknown settings are ignored. Gives what is wrong with it, or null. */
export function applySettings(
  settings: PeerSettings,
  fromServer: boolean,
  payload: Uint8Array,
  start: number,
  end: number,
): Violation | null {
  for (let at = start; at < end; at += 6) {
    const identifier = ((payload[at] as number) << 8) | (payload[at + 1] as number);
    const value =
      (((payload[at + 2] as number) << 24) |
        ((payload[at + 3] as number) << 16) |
        ((payload[at + 4] as number) << 8) |
        (payload[at + 5] as number)) >>>
      0;
    switch (identifier) {
      case Setting.HEADER_TABLE_SIZE:
        settings.headerTableSize = value;
        settings.leastHeaderTableSize = Math.min(settings.leastHeaderTableSize, value);
        break;
      case Setting.ENABLE_PUSH:
        if (value > 1 || (fromServer && value === 1)) return wrong("ENABLE_PUSH", value);
        settings.enablePush = value === 1;
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        settings.maxConcurrentStreams = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > 0x7fffffff) return wrong("INITIAL_WINDOW_SIZE", value, ErrorCode.FLOW_CONTROL_ERROR);
        settings.initialWindowSize = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        if (value < 16_384 || value > 16_777_215) return wrong("MAX_FRAME_SIZE", value);
        settings.maxFrameSize = value;
        break;
      case Setting.MAX_HEADER_LIST_SIZE:
        settings.maxHeaderListSize = value;
        break;
      case Setting.ENABLE_CONNECT_PROTOCOL:
        if (value > 1 || (settings.enableConnectProtocol && value === 0))
          return wrong("ENABLE_CONNECT_PROTOCOL", value);
        settings.enableConnectProtocol = value === 1;
        break;
      case Setting.NO_RFC7540_PRIORITIES:
        if (value > 1) return wrong("NO_RFC7540_PRIORITIES", value);
        break;
    }
  }
  return null;
}

function wrong(name: string, value: number, code: number = ErrorCode.PROTOCOL_ERROR): Violation {
  return { scope: "connection", code, text: `SETTINGS_${name} is ${value}` };
}
