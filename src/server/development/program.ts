import type { ShownFault } from "./shown-fault.ts";

/** A program that is being developed: `millrace dev`. */
export interface DevelopedProgram {
  /** Whether it has never run: then its faults are all that there is to see. */
  readonly isBroken: boolean;
  /** What is broken of it, from now on. @returns what ends that */
  onFaults(hear: (faults: readonly ShownFault[]) => void): () => void;
}

let program: DevelopedProgram | undefined;

/** This process runs a program that is being developed. */
export function setDevelopedProgram(developed: DevelopedProgram): void {
  program = developed;
}

/** The program of this process, if it is being developed. */
export function developedProgram(): DevelopedProgram | undefined {
  return program;
}
