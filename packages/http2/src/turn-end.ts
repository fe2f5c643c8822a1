/** Whoever lets its peer send more at the end of a turn. */
export interface Credited {
  credit(): void;
}

/** Whoever tells of something at the end of a turn. */
export interface Deferred {
  /** deliver() is due. */
  isDeferred: boolean;
  deliver(): void;
}
