import { alignedBuffer } from "../db/aligned.js";
import type { Value } from "../db/connection.js";

/** How a value is written: its kind in one byte, a number in eight, text and bytes after their length in four. Little endian. */
const kinds = { nothing: 0, number: 1, text: 2, bytes: 3 } as const;
/** A text that was not there before has this in place of its number, then its length and itself. */
const newText = 0xffff;

/** Packs texts and values into one buffer, aligned for transfers past the host's cache, which it uses again. A text that comes again is two bytes. */
export class Packer {
  readonly #start: number;
  readonly #texts = new Map<string, number>();
  #buffer = alignedBuffer(64 * 1024);
  #length: number;
  #textsBefore = 0;

  /** @param start bytes left free in front */
  constructor(start: number) {
    this.#start = start;
    this.#length = start;
  }

  /** Bytes so far, those in front included. */
  get length(): number {
    return this.#length;
  }

  begin(): void {
    this.#length = this.#start;
    this.#textsBefore = this.#texts.size;
  }

  /** Takes back what was packed since `begin`: who unpacks will not have seen its texts. */
  giveUp(): void {
    for (const [text, number] of this.#texts) if (number >= this.#textsBefore) this.#texts.delete(text);
  }

  /** What is packed from now on needs nothing that was packed before. */
  forgetTexts(): void {
    this.#texts.clear();
  }

  number(value: number): void {
    this.#room(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const known = this.#texts.get(value);
    this.#room(2);
    this.#length = this.#buffer.writeUInt16LE(known ?? newText, this.#length);
    if (known !== undefined) return;
    this.#texts.set(value, this.#texts.size);
    this.#string(value);
  }

  values(values: readonly Value[]): void {
    this.#room(2);
    this.#length = this.#buffer.writeUInt16LE(values.length, this.#length);
    for (const value of values) this.#value(value);
  }

  /** All of it, with zeros behind it up to `length`. */
  padded(length: number): Buffer {
    this.#room(length - this.#length);
    this.#buffer.fill(0, this.#length, length);
    return this.#buffer.subarray(0, length);
  }

  #value(value: Value): void {
    this.#room(1);
    if (value === null) this.#length = this.#buffer.writeUInt8(kinds.nothing, this.#length);
    else if (typeof value === "number") {
      this.#length = this.#buffer.writeUInt8(kinds.number, this.#length);
      this.number(value);
    } else if (typeof value === "string") {
      this.#length = this.#buffer.writeUInt8(kinds.text, this.#length);
      this.#string(value);
    } else {
      this.#length = this.#buffer.writeUInt8(kinds.bytes, this.#length);
      this.#room(4 + value.byteLength);
      this.#length = this.#buffer.writeUInt32LE(value.byteLength, this.#length);
      this.#buffer.set(value, this.#length);
      this.#length += value.byteLength;
    }
  }

  #string(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.#room(4 + bytes);
    this.#length = this.#buffer.writeUInt32LE(bytes, this.#length);
    this.#length += this.#buffer.write(value, this.#length);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = alignedBuffer(Math.max(2 * this.#buffer.length, this.#length + bytes));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** Reads what a Packer wrote, whose checksum was right. */
export class Unpacker {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #texts: string[];
  #at: number;

  /** @param texts those met before; new ones are added */
  constructor(bytes: Buffer, start: number, end: number, texts: string[]) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#texts = texts;
  }

  get more(): boolean {
    return this.#at < this.#end;
  }

  number(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  text(): string {
    const known = this.#short();
    if (known === newText) this.#texts.push(this.#take().toString());
    return this.#texts[known === newText ? this.#texts.length - 1 : known] as string;
  }

  values(): Value[] {
    return Array.from({ length: this.#short() }, () => this.#value());
  }

  #value(): Value {
    const kind = this.#bytes.readUInt8(this.#at++);
    if (kind === kinds.nothing) return null;
    if (kind === kinds.number) return this.number();
    const bytes = this.#take();
    return kind === kinds.text ? bytes.toString() : bytes;
  }

  #short(): number {
    this.#at += 2;
    return this.#bytes.readUInt16LE(this.#at - 2);
  }

  #take(): Buffer {
    const start = this.#at + 4;
    this.#at = start + this.#bytes.readUInt32LE(this.#at);
    return this.#bytes.subarray(start, this.#at);
  }
}
