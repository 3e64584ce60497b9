// What is kept of a stream that may be endless: its beginning and its end, in bounded memory. Used by ./run.ts and by whoever shortens
// a text for the record.

/** Keeps at most `keepBytes` bytes: the first half and the last half. */
export class BoundedOutput {
  private readonly half: number;
  private head: Buffer = Buffer.alloc(0);
  private tail: Buffer = Buffer.alloc(0);
  private seenBytes = 0;
  constructor(private readonly keepBytes: number) { this.half = Math.floor(keepBytes / 2); }

  add(chunk: Buffer): void {
    this.seenBytes += chunk.length;
    let rest = chunk;
    if (this.head.length < this.half) {
      const taken = rest.subarray(0, this.half - this.head.length);
      this.head = Buffer.concat([this.head, taken]);
      rest = rest.subarray(taken.length);
    }
    if (rest.length === 0) return;
    const joined = rest.length >= this.keepBytes - this.half ? rest : Buffer.concat([this.tail, rest]);
    this.tail = Buffer.from(joined.subarray(Math.max(0, joined.length - (this.keepBytes - this.half))));
  }

  get truncated(): boolean { return this.seenBytes > this.head.length + this.tail.length; }

  text(): string {
    if (!this.truncated) return Buffer.concat([this.head, this.tail]).toString('utf8');
    const left = this.seenBytes - this.head.length - this.tail.length;
    // a cut inside a character leaves a replacement sign at the edge, which says nothing to a reader
    return `${this.head.toString('utf8').replace(/\uFFFD+$/, '')}\n… ${left.toLocaleString('en-US')} bytes left out …\n${this.tail.toString('utf8').replace(/^\uFFFD+/, '')}`;
  }
}

/** `text` in at most `keepBytes` bytes (plus the note of what was left out). */
export function shorten(text: string, keepBytes: number): string {
  const output = new BoundedOutput(keepBytes);
  output.add(Buffer.from(text, 'utf8'));
  return output.text();
}
