/** How messages are encoded on the wire: the last part of each content type. */
export type Format = "proto" | "json";
