/** Credit is due when so much of a window has been taken: in few frames, and long before a peer has to wait for it. */
export const creditShare: number = 1 / 4;

/**
 * What the peer may send on a connection, whatever its streams may (RFC 9113 section 6.9). Credit comes on receipt, so that a
 * paused stream takes nothing of what its siblings have.
 */
export class ConnectionWindow {
  /** What credit fills up to. */
  #size = 65_535;
  #left = 65_535;
  #uncredited = 0;

  /** Makes it larger. Gives the increment that says so. */
  grow(size: number): number {
    const more = Math.max(0, size - this.#size);
    this.#size += more;
    this.#left += more;
    return more;
  }

  /** Bytes of a DATA frame. False: it is more than the window has. */
  charge(bytes: number): boolean {
    this.#left -= bytes;
    this.#uncredited += bytes;
    return this.#left >= 0;
  }

  /** The increment that is due; 0 if none is. `size` is what the window should be. */
  credit(size: number): number {
    if (this.#uncredited < this.#size * creditShare) return 0;
    const bytes = this.#uncredited;
    this.#uncredited = 0;
    this.#left += bytes;
    return bytes + this.grow(size);
  }
}
