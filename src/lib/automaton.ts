/** Two rows of cells in one row of characters: none, upper, lower, both. */
const BLOCKS = [" ", "▀", "▄", "█"];

/**
 * What an elementary cellular automaton (Stephen Wolfram, 1983) makes of a row of cells in 2 * `lines` steps, as lines of text: each row
 * follows from the one above it by the rule's 8 bits, left and right end being neighbours.
 */
export function drawAutomaton(rule: number, first: readonly boolean[], lines: number): string[] {
  const drawn: string[] = [];
  let cells = first;
  for (let line = 0; line < lines; line++) {
    const below = nextRow(cells, rule);
    drawn.push(
      cells
        .map((on, i) => BLOCKS[(on ? 1 : 0) + (below[i] ? 2 : 0)])
        .join("")
        .trimEnd(),
    );
    cells = nextRow(below, rule);
  }
  return drawn;
}

function nextRow(cells: readonly boolean[], rule: number): boolean[] {
  return cells.map((on, i) => {
    const left = cells[(i + cells.length - 1) % cells.length];
    const right = cells[(i + 1) % cells.length];
    return ((rule >> ((left ? 4 : 0) + (on ? 2 : 0) + (right ? 1 : 0))) & 1) === 1;
  });
}
