export const noBytes: Uint8Array = new Uint8Array(0);
