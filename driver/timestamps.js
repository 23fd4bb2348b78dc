'use strict';

// Timestamps of answers and of values. Nearly all are written `2024-02-29T13:14:15.678Z`, and many rows share a timestamp or
// at least a day, so that JavaScript's own parser and writer are asked once a day.

const LENGTH = '2024-02-29T13:14:15.678Z'.length;
const DAY_LENGTH = '2024-02-29'.length;
const [DAY, HOUR, MINUTE, SECOND] = [86_400_000, 3_600_000, 60_000, 1_000];

const isUsual = (text) => text.length === LENGTH && text[DAY_LENGTH] === 'T' && text[LENGTH - 1] === 'Z';

/** A parser that remembers the last timestamp and its day. @returns {(text: string) => Date} */
function timestampParser() {
  let lastText;
  let lastTime;
  let lastDay;
  let midnight;

  const digit = (text, index) => text.charCodeAt(index) - 48;
  const pair = (text, index) => 10 * digit(text, index) + digit(text, index + 1);

  return (text) => {
    if (text === lastText) return new Date(lastTime);
    if (typeof text !== 'string' || !isUsual(text)) return new Date(text);
    const day = text.slice(0, DAY_LENGTH);
    if (day !== lastDay) {
      midnight = Date.parse(day);
      lastDay = day;
    }
    const milliseconds = 100 * digit(text, 20) + pair(text, 21);
    lastTime = midnight + HOUR * pair(text, 11) + MINUTE * pair(text, 14) + SECOND * pair(text, 17) + milliseconds;
    lastText = text;
    return new Date(lastTime);
  };
}

/** `00` to `99`. */
const PAIRS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/** A writer that remembers the last day, since a Date takes long to write. @returns {(date: Date) => string} */
function timestampWriter() {
  let lastDay;
  let dayText;

  return (date) => {
    const time = date.getTime();
    const day = Math.floor(time / DAY);
    if (day !== lastDay) {
      const text = date.toISOString();
      // A year beyond 9999 or before 0 has more digits.
      dayText = text.slice(0, text.indexOf('T') + 1);
      lastDay = day;
    }
    const rest = time - day * DAY;
    const milliseconds = rest % SECOND;
    const hour = PAIRS[Math.floor(rest / HOUR)];
    const minute = PAIRS[Math.floor((rest % HOUR) / MINUTE)];
    const second = PAIRS[Math.floor((rest % MINUTE) / SECOND)];
    return `${dayText}${hour}:${minute}:${second}.${Math.floor(milliseconds / 100)}${PAIRS[milliseconds % 100]}Z`;
  };
}

module.exports = { timestampParser, timestampWriter };
