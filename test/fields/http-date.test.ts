import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatHttpDate, parseHttpDate } from "../../src/fields/http-date.ts";
import { near } from "./arbitraries.ts";

const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);
const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

const anyTime = fc.date({
  min: new Date("0000-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59Z"),
  noInvalidDate: true,
});

test("parseHttpDate reads the three examples of RFC 9110 §5.6.7 as the same instant", () => {
  assert.equal(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), EXAMPLE);
  assert.equal(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", NOW), EXAMPLE);
  assert.equal(parseHttpDate("Sun Nov  6 08:49:37 1994"), EXAMPLE);
});

test("parseHttpDate reads a day of two digits in the asctime form", () => {
  assert.equal(parseHttpDate("Wed Nov 16 08:49:37 1994"), Date.UTC(1994, 10, 16, 8, 49, 37));
});

test("formatHttpDate writes IMF-fixdate", () => {
  assert.equal(formatHttpDate(EXAMPLE + 999), "Sun, 06 Nov 1994 08:49:37 GMT");
});

test("formatHttpDate throws when the year does not have four digits", () => {
  for (const time of [NaN, Infinity, -62_167_219_200_001, 253_402_300_800_000]) {
    assert.throws(() => formatHttpDate(time), RangeError);
  }
});

test("parseHttpDate and formatHttpDate are inverse for the years 0 to 9999", () => {
  fc.assert(
    fc.property(anyTime, (date) => {
      assert.equal(parseHttpDate(formatHttpDate(date.getTime())), Math.floor(date.getTime() / 1000) * 1000);
    }),
  );
});

test("parseHttpDate agrees with Date on every form that Date#toUTCString can be turned into", () => {
  const longDays: Record<string, string> = {
    Mon: "Monday",
    Tue: "Tuesday",
    Wed: "Wednesday",
    Thu: "Thursday",
    Fri: "Friday",
    Sat: "Saturday",
    Sun: "Sunday",
  };
  const near2026 = fc.date({ min: new Date("1977-01-01Z"), max: new Date("2076-01-01Z"), noInvalidDate: true });
  fc.assert(
    fc.property(near2026, (date) => {
      const time = Math.floor(date.getTime() / 1000) * 1000;
      const utc = date.toUTCString();
      const [day = "", dd = "", month = "", year = "", clock = ""] = utc.replace(",", "").split(" ");
      assert.equal(parseHttpDate(utc), time);
      assert.equal(parseHttpDate(`${longDays[day]}, ${dd}-${month}-${year.slice(2)} ${clock} GMT`, NOW), time);
      assert.equal(parseHttpDate(`${day} ${month} ${dd.replace(/^0/, " ")} ${clock} ${year}`), time);
    }),
  );
});

test("A two-digit year more than 50 years ahead is the latest past year", () => {
  const rfc850 = (year: string): number => parseHttpDate(`Friday, 01-Jan-${year} 00:00:00 GMT`, NOW);
  assert.equal(rfc850("26"), Date.UTC(2026, 0, 1));
  assert.equal(rfc850("75"), Date.UTC(2075, 0, 1));
  assert.equal(rfc850("76"), Date.UTC(2076, 0, 1), "not quite 50 years ahead");
  assert.equal(rfc850("77"), Date.UTC(1977, 0, 1));
  assert.equal(rfc850("00"), Date.UTC(2000, 0, 1));
  assert.equal(rfc850("99"), Date.UTC(1999, 0, 1));
});

test("The 50 years of a two-digit year are counted to the second", () => {
  assert.equal(parseHttpDate("Saturday, 21-Nov-76 12:00:00 GMT", NOW), Date.UTC(2076, 10, 21, 12));
  assert.equal(parseHttpDate("Saturday, 21-Nov-76 12:00:01 GMT", NOW), Date.UTC(1976, 10, 21, 12, 0, 1));
});

test("A two-digit year late in a century may be one of the next", () => {
  const late = Date.UTC(2095, 5, 1);
  assert.equal(parseHttpDate("Friday, 01-Jan-10 00:00:00 GMT", late), Date.UTC(2110, 0, 1));
  assert.equal(parseHttpDate("Friday, 01-Jan-46 00:00:00 GMT", late), Date.UTC(2046, 0, 1));
});

test("parseHttpDate refuses days that do not exist", () => {
  for (const day of ["31 Feb 2024", "29 Feb 2023", "29 Feb 1900", "31 Apr 2024", "00 Jan 2024", "32 Jan 2024"]) {
    assert.equal(parseHttpDate(`Mon, ${day} 00:00:00 GMT`), NaN, day);
  }
  assert.equal(parseHttpDate("Tue, 29 Feb 2000 00:00:00 GMT"), Date.UTC(2000, 1, 29));
});

test("parseHttpDate knows the last day of every month", () => {
  for (let month = 0; month < 12; month++) {
    const last = new Date(Date.UTC(2023, month + 1, 0));
    const text = last.toUTCString();
    assert.equal(parseHttpDate(text), last.getTime(), text);
    const after = text.replace(/\d\d/, (day) => String(+day + 1));
    assert.equal(parseHttpDate(after), NaN, after);
  }
});

test("parseHttpDate takes 23:59:60 for the first second of the next day, and no other 60", () => {
  assert.equal(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT"), Date.UTC(2017, 0, 1));
  assert.equal(parseHttpDate("Sat, 31 Dec 2016 12:59:60 GMT"), NaN);
  assert.equal(parseHttpDate("Sat, 31 Dec 2016 24:00:00 GMT"), NaN);
  assert.equal(parseHttpDate("Sat, 31 Dec 2016 23:60:00 GMT"), NaN);
});

test("parseHttpDate is exact about case, spaces and zone", () => {
  const wrong = [
    "",
    "sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun,  6 Nov 1994 08:49:37 GMT",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +00",
    "Xxx, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 -8:49:37 GMT",
    "Sun, 06 ovD 1994 08:49:37 GMT",
    "Sun Nov 06 08:49:37 GMT 1994",
    "1994-11-06T08:49:37Z",
    "784111777",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
  ];
  for (const text of wrong) assert.equal(parseHttpDate(text, NOW), NaN, text);
});

test("parseHttpDate gives NaN or an instant it can format, for any text", () => {
  fc.assert(
    fc.property(near("Sun", ", ", "06", "Nov", "1994", "08:49:37", "GMT", "Sunday", "-94", " "), (text) => {
      const time = parseHttpDate(text, NOW);
      if (!Number.isNaN(time)) formatHttpDate(time);
    }),
  );
});

test("One wrong character anywhere makes any form invalid", () => {
  for (const text of [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "Wed Nov 16 08:49:37 1994",
  ]) {
    for (let at = 0; at < text.length; at++) {
      for (const character of ["x", "\u00a0", "/", ";"]) {
        const wrong = text.slice(0, at) + character + text.slice(at + 1);
        assert.equal(parseHttpDate(wrong, NOW), NaN, wrong);
      }
    }
  }
});
