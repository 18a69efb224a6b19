/** Scripts that import this run again when it is edited. */
export function greeting(name: string): string {
  return `Hello, ${name}`;
}
