import { MillraceError } from "../base/errors.ts";

/** The stages that can fail. */
export type StageName = "prime" | "pre" | "present" | "package" | "post";

/** An extension has thrown what is no answer: says which one, in which stage. What it threw is the `cause`. */
export class ExtensionError extends MillraceError {
  /** The name of the extension. */
  readonly extension: string;
  readonly stage: StageName;

  constructor(extension: string, stage: StageName, cause: unknown) {
    const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super("EXTENSION_FAILED", `The extension ${extension} failed in its stage ${stage}. ${message}`, { cause });
    this.extension = extension;
    this.stage = stage;
  }
}
