/** 000 to 999. */
export const THREE_DIGITS: readonly string[] = Array.from({ length: 1000 }, (_, number) =>
  String(number).padStart(3, "0"),
);

let second = -1;
let prefix = "";
let millisecond = -1;
let stamp = "";

/** RFC 3339 in UTC with milliseconds, rendered once a millisecond, its longer part once a second. */
export function timestamp(wall: number): string {
  if (wall === millisecond) return stamp;
  const now = Math.floor(wall / 1000);
  if (now !== second) {
    second = now;
    prefix = new Date(now * 1000).toISOString().slice(0, -"000Z".length);
  }
  millisecond = wall;
  stamp = `${prefix}${THREE_DIGITS[wall - now * 1000]}Z`;
  return stamp;
}
