// What bench/h2/hpack.ts uses of packages that have no types.

declare module "hpack" {
  export default class Hpack {
    encode(fields: readonly (readonly [name: string, value: string])[]): Buffer;
    decode(block: Uint8Array): [name: string, value: string][];
  }
}

declare module "hpack.js" {
  interface Options {
    readonly table: { readonly maxSize: number };
  }
  interface Field {
    readonly name: string;
    readonly value: string;
  }
  const hpackJs: {
    readonly compressor: {
      create(options: Options): { write(fields: readonly Field[]): void; read(): Buffer };
    };
    readonly decompressor: {
      create(options: Options): { write(block: Uint8Array): void; execute(): void; read(): Field | null };
    };
  };
  export default hpackJs;
}
