// MurmurHash3, the 32-bit variant for x86, of a text's UTF-8 bytes: what Unleash's SDKs put users into buckets with.
// Public-domain algorithm by Austin Appleby; held to published vectors and to the official SDK by test/targets/unleash.test.ts.

export function murmur3(text: string, seed = 0): number {
  const bytes = Buffer.from(text, 'utf8');
  let hash = seed;
  const whole = bytes.length - (bytes.length % 4);
  for (let at = 0; at < whole; at += 4) {
    hash ^= scrambled(bytes.readInt32LE(at));
    hash = (Math.imul(rotated(hash, 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= whole; at--) tail = (tail << 8) | bytes[at]!;
  hash ^= scrambled(tail); // scrambled(0) is 0: no tail changes nothing
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
const scrambled = (block: number): number => Math.imul(rotated(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
