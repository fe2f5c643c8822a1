/** A string literal (RFC 7541 section 5.2), decoded. */
export class Literal {
  /** Empty if it was too long to be kept. */
  readonly text: string;
  /** How many there are after decoding. */
  readonly octets: number;
  /** It may be what it was read as: the name or the value of a field. */
  readonly isValid: boolean;

  constructor(text: string, octets: number, isValid: boolean) {
    this.text = text;
    this.octets = octets;
    this.isValid = isValid;
  }
}
