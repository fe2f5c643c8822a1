import { ErrorCode } from "@millrace/exchange";

import { uint16, uint32 } from "./frame/big-endian.ts";
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
/** RFC 9113 section 6.9.1: no window may be larger. */
export const largestWindow = 0x7fffffff;
/** RFC 9113 section 6.5.2: of SETTINGS_MAX_FRAME_SIZE, the least and what holds at first. */
export const defaultFrameSize = 16_384;
/** The most. */
export const largestFrameSize = 16_777_215;

/** What a peer has said of itself. */
export interface PeerSettings {
  headerTableSize: number;
  /** The smallest that it has been since the encoder heard of it, which has to be told as well (RFC 7541 section 4.2). */
  leastHeaderTableSize: number;
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
    maxConcurrentStreams: Infinity,
    initialWindowSize: initialWindow,
    maxFrameSize: defaultFrameSize,
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
    const identifier = uint16(payload, at);
    const value = uint32(payload, at + 2);
    switch (identifier) {
      case Setting.HEADER_TABLE_SIZE:
        settings.headerTableSize = value;
        settings.leastHeaderTableSize = Math.min(settings.leastHeaderTableSize, value);
        break;
      case Setting.ENABLE_PUSH:
        if (value > 1 || (fromServer && value === 1)) return wrong("ENABLE_PUSH", value);
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        settings.maxConcurrentStreams = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > largestWindow) return wrong("INITIAL_WINDOW_SIZE", value, ErrorCode.FLOW_CONTROL_ERROR);
        settings.initialWindowSize = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        if (value < defaultFrameSize || value > largestFrameSize) return wrong("MAX_FRAME_SIZE", value);
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
  return { code, text: `SETTINGS_${name} is ${value}` };
}
