'use strict';

// The option `timezone` of Sequelize. Values travel as instants, whatever the zone; it decides how a date is written where
// it becomes text in SQL: by `escape`, in `replacements` and in the arguments of functions.

/** What Sequelize writes, with the offset of the zone, so that the text is the same instant. */
const FORMAT = 'YYYY-MM-DD HH:mm:ss.SSS Z';
const OFFSET = /^[+-](?:0\d|1[0-5]):?[0-5]\d$/;
const UTC = /^(?:[+-]00:?00|(?:Etc\/)?(?:UTC|GMT|Zulu|Universal))$/i;

module.exports = ({ momentTz }) => {
  const isName = (timezone) => typeof timezone === 'string' && momentTz.tz.zone(timezone) !== null;

  /** Throws for a `timezone` that is none. */
  function checkTimezone(timezone) {
    if (timezone === undefined || timezone === null || OFFSET.test(timezone) || isName(timezone)) return;
    throw new Error(
      `The option timezone must be an offset such as '+02:00' or a name such as 'Europe/Berlin'; it is ${JSON.stringify(timezone)}.`,
    );
  }

  /** A value in its wire form; a date becomes its text in the zone, unless that is UTC. */
  function inZone(wire, timezone) {
    if (wire?.type !== 'timestamp' || !timezone || UTC.test(timezone)) return wire;
    const date = momentTz(wire.value);
    return (isName(timezone) ? date.tz(timezone) : date.utcOffset(timezone)).format(FORMAT);
  }

  return { checkTimezone, inZone };
};
