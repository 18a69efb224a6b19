const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const FIRST = -62_167_219_200_000; // 0000-01-01T00:00:00Z
const LAST = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z
const FOUR_CENTURIES = 146_097 * 86_400_000;

/**
 * An instant as IMF-fixdate, the one form that is sent: `Sun, 06 Nov 1994 08:49:37 GMT`. RFC 9110 §5.6.7.
 *
 * @param time milliseconds since 1970; the part of a second is dropped
 * @throws RangeError when the year does not have four digits
 */
export function formatHttpDate(time: number): string {
  if (!(time >= FIRST && time <= LAST)) throw new RangeError(`Cannot format ${time} as an HTTP date: year not 0–9999`);
  return new Date(time).toUTCString();
}

/**
 * The instant of an HTTP-date in any of its three forms, in milliseconds since 1970; NaN when it is invalid.
 * RFC 9110 §5.6.7: case and spacing are exact. The day of the week has to be one, but is not held against the date.
 *
 * @param now for the two-digit year of the rfc850 form; default the current time
 */
export function parseHttpDate(text: string, now?: number): number {
  if (text.length === 29) return parseImfFixdate(text);
  if (text.length === 24) return parseAsctimeDate(text);
  return parseRfc850Date(text, now ?? Date.now());
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
function parseImfFixdate(text: string): number {
  const fits =
    DAYS.includes(text.slice(0, 3)) &&
    text.startsWith(", ", 3) &&
    text[7] === " " &&
    text[11] === " " &&
    text[16] === " " &&
    text.endsWith(" GMT");
  return fits ? instant(digits(text, 12, 4), monthAt(text, 8), digits(text, 5, 2), timeOfDay(text, 17)) : NaN;
}

/** `Sun Nov  6 08:49:37 1994` */
function parseAsctimeDate(text: string): number {
  const fits =
    DAYS.includes(text.slice(0, 3)) && text[3] === " " && text[7] === " " && text[10] === " " && text[19] === " ";
  const day = text[8] === " " ? digits(text, 9, 1) : digits(text, 8, 2);
  return fits ? instant(digits(text, 20, 4), monthAt(text, 4), day, timeOfDay(text, 11)) : NaN;
}

/** `Sunday, 06-Nov-94 08:49:37 GMT` */
function parseRfc850Date(text: string, now: number): number {
  const comma = text.length - 24;
  const fits =
    LONG_DAYS.includes(text.slice(0, comma)) &&
    text.startsWith(", ", comma) &&
    text[comma + 4] === "-" &&
    text[comma + 8] === "-" &&
    text[comma + 11] === " " &&
    text.endsWith(" GMT");
  if (!fits) return NaN;
  const month = monthAt(text, comma + 5);
  const day = digits(text, comma + 2, 2);
  const time = timeOfDay(text, comma + 12);
  const year = digits(text, comma + 9, 2);

  // A year that appears to lie more than 50 years ahead is the latest past one with those digits.
  const limit = new Date(now);
  const thisYear = limit.getUTCFullYear();
  limit.setUTCFullYear(thisYear + 50);
  let fullYear = thisYear - (thisYear % 100) + 100 + year;
  while (fullYear > thisYear + 50) fullYear -= 100;
  if (fullYear === thisYear + 50 && instant(fullYear, month, day, time) > limit.getTime()) fullYear -= 100;
  return instant(fullYear, month, day, time);
}

/** NaN unless every part is a number and the day exists. */
function instant(year: number, month: number, day: number, secondOfDay: number): number {
  const leapDay = month === 1 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  const lastDay = (DAYS_IN_MONTH[month] ?? NaN) + leapDay;
  if (!(day >= 1 && day <= lastDay)) return NaN;
  // Date.UTC takes the years 0–99 for 1900–1999; the calendar repeats every 400 years.
  return Date.UTC(year + 400, month, day) - FOUR_CENTURIES + secondOfDay * 1000;
}

/** Seconds since midnight of `08:49:37`, or NaN. The leap second 23:59:60 is the first second of the next day. */
function timeOfDay(text: string, at: number): number {
  const hour = digits(text, at, 2);
  const minute = digits(text, at + 3, 2);
  const second = digits(text, at + 6, 2);
  const inRange = hour <= 23 && minute <= 59 && (second <= 59 || (hour === 23 && minute === 59 && second === 60));
  return inRange && text[at + 2] === ":" && text[at + 5] === ":" ? hour * 3600 + minute * 60 + second : NaN;
}

function monthAt(text: string, at: number): number {
  return MONTHS.indexOf(text.slice(at, at + 3));
}

function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
