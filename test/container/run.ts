export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
}

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and reports how it ended. */
export async function finish(command: string[], options: RunOptions = {}): Promise<Finished> {
  const child = Bun.spawn(command, {
    stdin: new Blob([options.stdin ?? ""]),
    stdout: "pipe",
    stderr: "pipe",
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, stdout, stderr };
}

/** Runs a program that must succeed; returns its standard output. @throws with what it printed where it fails */
export async function run(command: string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await finish(command, options);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: exit ${exitCode}\n${stdout}${stderr}`);
  return stdout;
}
