/** A chart over uPlot: the page's colours in light and dark, a width that follows, a text for those who do not see it. */
import uPlot from './uplot.js';
import {el, setText} from './dom.js';
import {clock, minutes} from './format.js';

const HEIGHT = 180;

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue('--weir-' + name).trim();
}

/** Dashed lines with a name at their head, at the places that `marks()` gives as `{at, name}`. */
function markers(marks) {
  return {
    hooks: {
      draw: (plot) => {
        const {ctx, bbox} = plot;
        const ratio = devicePixelRatio;
        ctx.save();
        ctx.strokeStyle = color('mark');
        ctx.fillStyle = color('mark');
        ctx.lineWidth = ratio;
        ctx.setLineDash([4 * ratio, 4 * ratio]);
        ctx.font = `${11 * ratio}px system-ui, sans-serif`;
        let free = -Infinity;
        for (const mark of marks()) {
          const x = Math.round(plot.valToPos(mark.at, 'x', true));
          if (x < bbox.left || x > bbox.left + bbox.width) {
            continue;
          }
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          // Names that would lie on one another are left out; the lines remain.
          const width = ctx.measureText(mark.name).width;
          const left = Math.min(x + 3 * ratio, bbox.left + bbox.width - width);
          if (left > free) {
            ctx.fillText(mark.name, left, bbox.top + 11 * ratio);
            free = left + width + 6 * ratio;
          }
        }
        ctx.restore();
      },
    },
  };
}

export class Chart {
  #host;
  #summary;
  #options;
  #plot = null;
  #data = null;

  /**
   * A figure with a chart.
   *
   * `series` are `{label, color, points, dash}`, `marks()` gives releases, `value` writes a number,
   * `range` fixes the scale, `time` tells whether x is one.
   */
  constructor(options) {
    this.#options = {time: true, marks: () => [], value: (each) => String(each), ...options};
    this.#host = el('div', {class: 'plot', role: 'img', 'aria-label': options.title});
    this.#summary = el('p', {class: 'summary'});
    this.element = el('figure', {class: 'chart'}, el('figcaption', {}, options.title), this.#host, this.#summary);
    new ResizeObserver(() => this.#resize()).observe(this.#host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#rebuild());
  }

  /** Shows columns `[x, y…]` over `[from, to]` of x; `summary` says the same in words. */
  set(data, from, to, summary) {
    this.#data = {data, from, to};
    setText(this.#summary, summary);
    this.#host.setAttribute('aria-label', `${this.#options.title}: ${summary}`);
    if (this.#plot === null) {
      this.#rebuild();
    } else {
      this.#plot.setData(data, false);
      this.#plot.setScale('x', {min: from, max: to});
    }
  }

  #resize() {
    const width = this.#host.clientWidth;
    if (width === 0 || this.#data === null) {
      return;
    }
    if (this.#plot === null) {
      this.#rebuild();
    } else if (this.#plot.width !== width) {
      this.#plot.setSize({width, height: HEIGHT});
    }
  }

  #rebuild() {
    this.#plot?.destroy();
    this.#plot = null;
    const width = this.#host.clientWidth;
    if (width === 0 || this.#data === null) {
      return;
    }
    const {value, series, range, time, marks} = this.#options;
    const axis = {stroke: color('axis'), grid: {stroke: color('grid'), width: 1}, ticks: {stroke: color('grid'), width: 1}};
    this.#plot = new uPlot(
      {
        width,
        height: HEIGHT,
        cursor: {y: false},
        legend: {live: true},
        scales: {x: {time}, y: {range: range ?? ((plot, min, max) => [0, max > 0 ? max * 1.1 : 1])}},
        axes: [
          time ? {...axis, space: 70, values: (plot, ticks, at, space, step) => ticks.map((tick) => (step < 60 ? clock : minutes)(tick * 1000))} : axis,
          {...axis, size: 62, values: (plot, ticks) => ticks.map(value)},
        ],
        series: [
          {label: time ? 'time' : 'step', value: (plot, each) => (each === null || each === undefined ? '–' : time ? clock(each * 1000) : each)},
          ...series.map((one) => ({
            label: one.label,
            stroke: color(one.color),
            width: one.points ? 0 : 2,
            dash: one.dash,
            spanGaps: one.spanGaps ?? false,
            points: {show: one.points ?? undefined, size: 7, fill: color(one.color)},
            value: (plot, each) => (each === null || each === undefined ? '–' : value(each)),
          })),
        ],
        plugins: [markers(marks)],
      },
      this.#data.data,
      this.#host,
    );
    this.#plot.setScale('x', {min: this.#data.from, max: this.#data.to});
  }
}
