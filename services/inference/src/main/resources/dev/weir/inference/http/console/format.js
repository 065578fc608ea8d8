/** How numbers and times are written. */

const time = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23'});

const minute = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'});

export function minutes(when) {
  return minute.format(new Date(when));
}

export function clock(when) {
  return time.format(new Date(when));
}

export function percent(share, digits = 0) {
  return share === null || share === undefined || Number.isNaN(share) ? '–' : (100 * share).toFixed(digits) + ' %';
}

export function number(value, digits = 3) {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : Number(value).toFixed(digits);
}

/** Seconds as people say them. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) {
    return '–';
  }
  if (seconds < 10) {
    return Math.max(0, seconds).toFixed(1) + ' s';
  }
  if (seconds < 120) {
    return Math.round(seconds) + ' s';
  }
  if (seconds < 7200) {
    return Math.round(seconds / 60) + ' min';
  }
  return seconds < 172_800 ? Math.round(seconds / 3600) + ' h' : Math.round(seconds / 86_400) + ' days';
}

export function rate(perSecond) {
  return perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toString();
}

/** `HEAD_REFRESH` or `head_refresh` as `head refresh`. */
export function words(code) {
  const lower = String(code ?? '').toLowerCase().replaceAll('_', ' ');
  return lower === 'lora' ? 'LoRA' : lower;
}

export function seconds(from, to) {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
