/** So many of the last ones are known. */
const most = 1024;

/** Streams that this side has reset, whose frames may still be under way (RFC 9113 section 5.1). */
export class ResetMemory {
  #ids: Set<number> | undefined;

  add(id: number): void {
    const ids = (this.#ids ??= new Set());
    if (ids.size === most) for (const oldest of ids) if (ids.delete(oldest)) break;
    ids.add(id);
  }

  has(id: number): boolean {
    return this.#ids?.has(id) === true;
  }
}
