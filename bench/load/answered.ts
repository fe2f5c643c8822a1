/** What came of a load. */
export interface Answered {
  /** All calls that were answered. */
  readonly calls: number;
  /** How many a second, while it was measured. */
  readonly rate: number;
}
