/** What files are made of. */
export interface InitSettings {
  /** Of the instance. */
  readonly name: string;
  /** What stands behind `millrace`, with paths from `folder`. */
  readonly command: readonly string[];
  /** Where it is run, as a whole path. */
  readonly folder: string;
  /** Of Node, as a whole path. */
  readonly node: string;
  /** Of the command `millrace`, as a whole path. */
  readonly program: string;
  /** Undefined where it was not said. */
  readonly port: number | undefined;
}

/** One system that runs servers. */
export interface InitKind {
  /** The texts of files, by name. */
  filesOf(settings: InitSettings): Readonly<Record<string, string>>;
  /** What is to be done next, line by line. */
  steps(settings: InitSettings): string;
}
