// Times as phones show them, by the emulator's clock.

const DAY = 86_400_000;
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

let ahead = 0;

/** Set how many milliseconds the emulator's clock is ahead of this one. */
export function setAhead(milliseconds) {
  ahead = milliseconds;
}

/** @returns {number} Now, by the emulator's clock. */
export function now() {
  return Date.now() + ahead;
}

/** @returns {string} As "14:05". */
export function time(at) {
  return clock.format(at);
}

function midnight(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** @returns {string} As "Today", "Yesterday", "Monday" or "3 March 2026". */
export function day(at) {
  const days = Math.round((midnight(now()) - midnight(at)) / DAY);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days > 1 && days < 7) return weekday.format(at);
  return date.format(at);
}

/** @returns {boolean} Whether both lie on one day. */
export function sameDay(one, other) {
  return midnight(one) === midnight(other);
}

/** @returns {string} A length of time, as "1:05". */
export function length(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
