import type { Kind } from "./kind.ts";

interface Traits<T> {
  /** Cannot be changed while the server runs. */
  readonly immutable?: true;
  /** Changed by CONFIG SET only as far as enable-protected-configs allows. */
  readonly protected?: true;
  /** Not changed while data is being loaded. */
  readonly notWhileLoading?: true;
  /** Never shown in logs. */
  readonly secret?: true;
  /** Shown by CONFIG GET only under its full name: made for tests. */
  readonly hidden?: true;
  /** Other names, accepted and shown everywhere. */
  readonly aliases?: readonly string[];
  /** Accepted, kept and shown so that files and tools made for Redis work; this server does nothing with it. */
  readonly effect?: "none";
  /**
   * Why a value cannot be honoured although it is valid: better an error than a server that does not do what it was
   * told.
   */
  readonly refuse?: (value: T, at: "start" | "set") => string | undefined;
}

export interface Directive<T> extends Traits<T> {
  readonly kind: Kind<T>;
  /** The value when nobody sets one. */
  readonly fallback: T;
  /** One sentence for the documentation. */
  readonly doc: string;
}

export function directive<T>(
  kind: Kind<T>,
  fallback: NoInfer<T>,
  doc: string,
  traits: Traits<NoInfer<T>> = {},
): Directive<T> {
  return { kind, fallback, doc, ...traits };
}

/** Traits of directives without effect. */
export const inert = { effect: "none" } as const;
export const inertImmutable = { effect: "none", immutable: true } as const;
