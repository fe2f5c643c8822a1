/** RFC 9113 section 8.1.1: why a message is malformed. */
export class Malformed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
