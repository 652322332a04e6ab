import { Span } from "../../lib/bytes.ts";
import { RdbError, type RdbInput } from "./rdb-input.ts";

// What modules of Redis have put into a file. There are no modules here, but how their values are written is known well enough to pass over them.

const NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NAME_LENGTH = 9;
const VERSION_BITS = 10n;

const END = 0;
const SIGNED = 1;
const UNSIGNED = 2;
const FLOAT = 3;
const DOUBLE = 4;
const STRING = 5;

/** Reads the number of a module's type; returns the type's name. */
export function readModuleType(input: RdbInput): string {
  input.plainLength();
  let rest = ((BigInt(input.high >>> 0) << 32n) | BigInt(input.low >>> 0)) >> VERSION_BITS;
  let name = "";
  for (let i = 0; i < NAME_LENGTH; i++) {
    name = NAME_CHARACTERS[Number(rest & 63n)] + name;
    rest >>= 6n;
  }
  return name;
}

/** Passes over a module's value, behind the number of its type. */
export function skipModuleValue(input: RdbInput): void {
  const text = new Span();
  for (;;) {
    switch (input.plainLength()) {
      case END:
        return;
      case SIGNED:
      case UNSIGNED:
        input.plainLength();
        break;
      case FLOAT:
        input.skip(4);
        break;
      case DOUBLE:
        input.skip(8);
        break;
      case STRING:
        input.string(text);
        break;
      default:
        throw new RdbError("Error reading a value of a module");
    }
  }
}

/** Passes over what a module keeps beside the keys, behind the number of its type. */
export function skipModuleAux(input: RdbInput): void {
  if (input.plainLength() !== UNSIGNED) throw new RdbError("MODULE_AUX when opcode is missing or is invalid");
  input.plainLength();
  skipModuleValue(input);
}
