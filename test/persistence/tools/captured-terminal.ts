import type { Terminal } from "../../../src/persistence/tools/terminal.ts";

/** A terminal at which somebody answers every question in the same way. */
export class CapturedTerminal implements Terminal {
  text = "";

  constructor(private readonly answer: string) {}

  print(text: string): void {
    this.text += text;
  }

  ask(): string {
    return this.answer;
  }
}
