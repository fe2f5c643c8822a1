const chunk = new Uint8Array(64 * 1024);
const chunksPerMebibyte = 16;

/** So many MiB in messages of 64 KiB. */
export async function* chunks(mebibytes: number): AsyncGenerator<{ data: Uint8Array }> {
  for (let i = 0; i < mebibytes * chunksPerMebibyte; i++) yield { data: chunk };
}
