/** Numbers that look random and are the same in every run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.#state >>> 8) % bound;
  }

  /** Text of `bytes` bytes in lines of words, which compresses like prose. */
  text(bytes: number): string {
    let text = "";
    while (text.length < bytes) text += `${words[this.below(words.length)]}${this.below(10) === 0 ? "\n" : " "}`;
    return `${text.slice(0, bytes - 1)}\n`;
  }
}

const words = Array.from({ length: 500 }, (_, index) => (index * 7919 + 104_729).toString(36));
